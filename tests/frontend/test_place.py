"""Where a source lies."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from hatch_torch.frontend.request import is_in_place

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize(
    "place", ["app", "pip-install-notes/app", "git-v2/app", "wheel", "pip-req-build-from-scratch"]
)
def test_in_place(place: str, tmp_path: Path) -> None:
    """A folder of the user's is in place, whatever it is called."""
    assert is_in_place(tmp_path / place)


@pytest.mark.parametrize(
    "place", ["pip-req-build-ab_12xyz", "pip-install-0a1b2c3d/app_0", "cache/git-v0/checkouts/a"]
)
def test_copy(place: str, tmp_path: Path) -> None:
    """An installer's copy is known by the folder that it lies in."""
    (tmp_path / "cache").mkdir()
    (tmp_path / "cache" / "CACHEDIR.TAG").touch()

    assert not is_in_place(tmp_path / place)


def test_unpacked(project: Path) -> None:
    """An unpacked sdist has a PKG-INFO."""
    (project / "PKG-INFO").touch()

    assert not is_in_place(project)
