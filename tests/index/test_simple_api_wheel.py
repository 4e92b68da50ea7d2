"""Wheel: parsing of file names."""

from __future__ import annotations

import pytest
from hypothesis import given, settings, strategies as st
from packaging.utils import InvalidWheelFilename, parse_wheel_filename

from hatch_torch.index.simple_api import Wheel

PARTS = st.sampled_from(
    ["torch", "2.6.0", "2.6.0+cu126", "1", "cp312", "cp310.cp311", "any", "_", ""]
)


def test_build_tag() -> None:
    """The third of six parts is the build tag."""
    wheel = Wheel.from_filename("torch-2.10.0-3-cp310-cp310-win_amd64.whl", "https://x")
    assert (wheel.name, wheel.build, len(wheel.tags)) == ("torch", (3, ""), 1)


@pytest.mark.parametrize(
    "stem",
    [
        f"torch-{'9' * 5000}-py3-none-any",
        f"torch-1-{'.'.join('abcdefg')}-{'.'.join('abcdefg')}-{'.'.join('abcdefg')}",
    ],
)
def test_hostile_names(stem: str) -> None:
    """A name that is too long or spells too many tags is invalid."""
    with pytest.raises(InvalidWheelFilename, match=r"too long for a file name|too many tags"):
        Wheel.from_filename(f"{stem}.whl", "")


@settings(max_examples=100, deadline=None)
@given(st.lists(PARTS, min_size=1, max_size=8).map("-".join), st.sampled_from([".whl", ".zip"]))
def test_agrees_with_packaging(stem: str, suffix: str) -> None:
    """A name parsed in two halves is parsed as packaging does."""
    filename = stem + suffix
    try:
        expected = parse_wheel_filename(filename)
    except InvalidWheelFilename:
        with pytest.raises(InvalidWheelFilename):
            Wheel.from_filename(filename, "")
    else:
        wheel = Wheel.from_filename(filename, "")
        assert (wheel.name, wheel.version, wheel.build, wheel.tags) == expected
