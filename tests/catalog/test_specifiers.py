"""Questions about specifiers, checked against every version of a grid."""

from __future__ import annotations

import pytest
from hypothesis import given, settings, strategies as st
from packaging.specifiers import SpecifierSet
from packaging.version import Version

from hatch_torch.catalog.specifiers import admits_newer, strip_local

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
        ("==2.6.0.post1", True),
        ("==2.6.0+cu124", False),
        ("==2.7.0+cu124", True),
        ("===banana", False),
    ],
)
def test_admits_newer(text: str, *, expected: bool) -> None:
    """Any version above counts, published or not; a build of the same version does not."""
    assert expected == admits_newer(SpecifierSet(text), Version("2.6.0"))


@settings(max_examples=100, deadline=None)
@given(_RANGES, st.sampled_from(_GRID))
def test_admits_newer_if_the_grid_does(specifiers: SpecifierSet, version: Version) -> None:
    """Specifiers that a higher version of the grid satisfies admit newer ones."""
    assert not (_of_grid(specifiers, version) and not admits_newer(specifiers, version))
    if specifiers.is_unsatisfiable():
        assert not admits_newer(specifiers, version)


@pytest.mark.parametrize(
    ("text", "expected"),
    [("==2.6.0+cu124", "==2.6.0"), (">=2.3,!=2.6.0+cpu,<3", ">=2.3,<3"), ("", "")],
)
def test_strip_local(text: str, expected: str) -> None:
    """The tables list public versions, whatever build a specifier names."""
    assert SpecifierSet(expected) == strip_local(SpecifierSet(text))
