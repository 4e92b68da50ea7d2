"""Whether a marker holds."""

from __future__ import annotations

import pytest
from packaging.markers import Marker

from hatch_torch.catalog.specifiers import holds

_HERE = {"sys_platform": "linux", "python_version": "3.12"}


def test_no_marker() -> None:
    """What has no marker holds everywhere."""
    assert holds(None, _HERE)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("sys_platform == 'linux'", True),
        ("sys_platform == 'win32'", False),
        ("python_version >= '3.9'", True),
        ("extra == 'Train'", True),
        ("extra == 'dev'", False),
    ],
)
def test_marker(text: str, *, expected: bool) -> None:
    """A marker is judged in the target's environment, with the extra that is asked for."""
    assert expected == holds(Marker(text), _HERE, "train")


@pytest.mark.parametrize("text", ["sys_platform ~= 'linux'", "'a' == 'a'", "'x' in extras"])
def test_no_sense(text: str) -> None:
    """What cannot be judged holds nowhere."""
    assert not holds(Marker(text), _HERE)
