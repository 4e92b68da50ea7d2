"""Questions about ranges, against every version of a grid."""

from __future__ import annotations

import pytest
from hypothesis import given, settings, strategies as st
from packaging.specifiers import SpecifierSet
from packaging.version import Version

from hatch_torch.catalog.specifiers import admits_newer, is_empty, without_local

_BASES = ["2", "2.5", "2.5.1", "2.6", "2.6.0.1", "2.6.1", "2.7", "2.10", "3"]
_SUFFIXES = ["", ".dev0", ".dev1", ".dev2", "a1", "a2", "b1", "rc1", ".post1", ".post2", ".post3"]
_GRID = [
    Version(base + suffix)
    for base in (*_BASES, "0", "1.9", "2.4.9", "2.5.0.1", "2.8", "4")
    for suffix in _SUFFIXES
]
_VERSIONS = st.builds(str.__add__, st.sampled_from(_BASES), st.sampled_from([""] * 6 + _SUFFIXES))
_SPECIFIERS = st.one_of(
    st.builds(str.__add__, st.sampled_from([">=", "<=", ">", "<", "!=", "=="]), _VERSIONS),
    st.builds("{}{}.*".format, st.sampled_from(["!=", "=="]), st.sampled_from(_BASES)),
    st.builds("~={}".format, st.sampled_from([one for one in _BASES if "." in one])),
)
_RANGES = st.lists(_SPECIFIERS, max_size=4).map(lambda parts: SpecifierSet(",".join(parts)))


def _of_grid(specifiers: SpecifierSet, above: Version = _GRID[0]) -> list[Version]:
    return [one for one in _GRID if one > above and specifiers.contains(one, prereleases=True)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", False),
        (">=2.3", False),
        ("==2.3.1,>=2.3", False),
        ("<2.3,>=2.3", True),
        ("==2.3.1,==2.4.0", True),
        ("==2.3.*,>=2.3.1", False),
        (">2.3,<2.3.1", False),
        (">=2.6,<2.8,!=2.6.*,!=2.7.*", True),
        (">=2.6,<2.8,!=2.6.*", False),
        ("~=2.6,<2.6", True),
        (">2.10.0.dev20260101,<2.10.0.dev20260103", False),
        ("==2.6.0+cu124,>=2.6", False),
        ("==2.6.0+cu124,==2.6.0+cpu", True),
        (">999999", False),
        (">=1!0,<3", True),
        ("===banana", True),
        ("===2.6.0", False),
    ],
)
def test_is_empty(text: str, *, expected: bool) -> None:
    """A range is empty where no version at all is in it."""
    assert expected == is_empty(SpecifierSet(text))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", True),
        (">=2.3", True),
        ("<2.6", False),
        ("<=2.6", False),
        ("==2.6", False),
        ("==2.6.*", True),
        ("<2.6.1", True),
        ("~=2.6", True),
        ("!=2.6.1", True),
        ("<2.7,!=2.6.*", False),
    ],
)
def test_admits_newer(text: str, *, expected: bool) -> None:
    """A range admits newer ones where any version above is in it, published or not."""
    assert expected == admits_newer(SpecifierSet(text), Version("2.6.0"))


@settings(max_examples=100, deadline=None)
@given(_RANGES)
def test_is_empty_where_the_grid_is(specifiers: SpecifierSet) -> None:
    """What holds a version of the grid is not empty, and stays so when it is widened."""
    assert not (_of_grid(specifiers) and is_empty(specifiers))
    assert is_empty(specifiers & SpecifierSet("<2,>3"))


@settings(max_examples=100, deadline=None)
@given(_RANGES, st.sampled_from(_GRID))
def test_admits_newer_where_the_grid_does(specifiers: SpecifierSet, version: Version) -> None:
    """What holds a version of the grid above another one admits newer ones."""
    assert not (_of_grid(specifiers, version) and not admits_newer(specifiers, version))
    if is_empty(specifiers):
        assert not admits_newer(specifiers, version)


@pytest.mark.parametrize(
    ("text", "expected"),
    [("==2.6.0+cu124", "==2.6.0"), (">=2.3,!=2.6.0+cpu,<3", ">=2.3,<3"), ("", "")],
)
def test_without_local(text: str, expected: str) -> None:
    """A table knows releases, whatever the backend that a range names."""
    assert SpecifierSet(expected) == without_local(SpecifierSet(text))
