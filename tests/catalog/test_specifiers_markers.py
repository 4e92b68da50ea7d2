"""Whether a marker applies."""

from __future__ import annotations

import pytest
from packaging.markers import Marker

from hatch_torch.catalog.specifiers import marker_applies

_HERE = {"sys_platform": "linux", "python_version": "3.12"}


def test_no_marker() -> None:
    """A requirement without a marker applies everywhere."""
    assert marker_applies(None, _HERE)


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
    """A marker is evaluated in the target's environment, with the extra."""
    assert expected == marker_applies(Marker(text), _HERE, "train")


@pytest.mark.parametrize("text", ["sys_platform ~= 'linux'", "'a' == 'a'", "'x' in extras"])
def test_marker_that_cannot_be_evaluated(text: str) -> None:
    """Such a marker does not apply."""
    assert not marker_applies(Marker(text), _HERE)
