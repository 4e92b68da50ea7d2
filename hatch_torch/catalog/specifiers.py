"""Whether a marker holds (PEP 508), also where nobody can say.

Questions about version ranges that packaging's specifiers do not answer.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

from packaging.markers import UndefinedComparison, UndefinedEnvironmentName
from packaging.specifiers import SpecifierSet
from packaging.version import InvalidVersion, Version

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from packaging.markers import Marker


def holds(marker: Marker | None, environment: Mapping[str, str], extra: str = "") -> bool:
    """Answer whether a marker holds in an environment, where this extra is asked for.

    One that makes no sense (``sys_platform ~= "linux"``) holds nowhere: the installer tells.
    """
    try:
        return marker is None or marker.evaluate({**environment, "extra": extra})
    except (UndefinedComparison, UndefinedEnvironmentName):
        return False


_ENDS = (Version("0.dev0"), Version("999999"))


def is_empty(specifiers: SpecifierSet) -> bool:
    """Answer whether no version at all is in the range.

    A range is made of intervals whose ends are the versions that it names, so it is empty
    where neither those, nor anything just beside them, nor the far ends are in it.
    """
    return not any(specifiers.contains(probe, prereleases=True) for probe in _probes(specifiers))


@lru_cache(maxsize=256)
def admits_newer(specifiers: SpecifierSet, version: Version) -> bool:
    """Answer whether the range admits any version above this one; the search asks over and over."""
    return any(
        probe > version and specifiers.contains(probe, prereleases=True)
        for probe in (*_probes(specifiers), *_beside(version.public))
    )


@lru_cache(maxsize=256)
def without_local(specifiers: SpecifierSet) -> SpecifierSet:
    """Return a range that names no local versions: ``==2.6.0+cu124`` becomes ``==2.6.0``.

    It holds what a table may know, where releases stand without their backends.
    """
    plain = (one for one in specifiers if "+" not in one.version)
    named = (one for one in specifiers if "+" in one.version and one.operator != "!=")
    public = (str(one).partition("+")[0] for one in named)
    return SpecifierSet(",".join((*map(str, plain), *public)))


def _probes(specifiers: SpecifierSet) -> Iterator[Version]:
    yield from _ENDS
    for specifier in specifiers:
        yield from _beside(specifier.version.removesuffix(".*"))


def _beside(text: str) -> Iterator[Version]:
    """Yield a version, and what stands just below and above it, of each kind that PEP 440 has."""
    try:
        version = Version(text)
    except InvalidVersion:  # an arbitrary equality, `===banana`, is nobody's neighbour
        return
    base = version.base_version
    bumped = ".".join(map(str, (*version.release[:-1], version.release[-1] + 1)))
    final, _, dev = version.public.partition(".dev")
    yield version
    yield Version(f"{final}.dev{int(dev) + 1 if dev else 0}")
    for public in (base, f"{version.epoch}!{bumped}"):
        yield Version(public)
        yield Version(f"{public}.dev0")
    if version.pre:
        yield Version(f"{base}{version.pre[0]}{version.pre[1] + 1}")
    yield Version(f"{base}.post{(version.post or 0) + 1}")
    yield Version(f"{base}.0.1")
