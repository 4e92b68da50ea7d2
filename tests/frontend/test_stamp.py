"""The stamp for uv's cache."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from hatch_torch.frontend import STAMP, has_uv_lock, names_stamp, write_stamp

if TYPE_CHECKING:
    from pathlib import Path


def test_changes(project: Path) -> None:
    """Each writing leaves other words."""
    write_stamp(project)
    first = (project / STAMP).read_text()
    write_stamp(project)

    assert first != (project / STAMP).read_text()


def test_forbidden(project: Path) -> None:
    """A place that cannot be written is left alone."""
    write_stamp(project / "missing")

    assert not (project / "missing").exists()


@pytest.mark.parametrize(
    ("keys", "expected"),
    [
        ([{"file": "pyproject.toml"}, {"file": STAMP}], True),
        ([f"./{STAMP}"], True),
        ([{"file": "pyproject.toml"}, {"git": {"commit": True}}, 1], False),
        ("stamp", False),
    ],
)
def test_names_stamp(*, keys: object, expected: bool) -> None:
    """A key names the stamp as a table or as plain text."""
    assert expected == names_stamp({"tool": {"uv": {"cache-keys": keys}}})


@pytest.mark.parametrize("pyproject", [{}, {"tool": {}}, {"tool": 1}])
def test_no_keys(pyproject: dict[str, Any]) -> None:
    """Without keys there is no stamp in them."""
    assert not names_stamp(pyproject)


def test_has_uv_lock(project: Path) -> None:
    """A checkout has a lock of uv's if the file is there."""
    assert not has_uv_lock(project)
    (project / "uv.lock").touch()
    assert has_uv_lock(project)
