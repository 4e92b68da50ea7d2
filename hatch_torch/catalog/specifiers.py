"""PEP 508 markers and PEP 440 specifiers: the questions that `packaging` does not answer."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

from packaging.markers import UndefinedComparison, UndefinedEnvironmentName
from packaging.specifiers import SpecifierSet

if TYPE_CHECKING:
    from collections.abc import Mapping

    from packaging.markers import Marker
    from packaging.version import Version


def marker_applies(marker: Marker | None, environment: Mapping[str, str], extra: str = "") -> bool:
    """Return whether a marker applies in an environment with this extra; None always applies.

    A marker that can't be evaluated (``sys_platform ~= "linux"``) does not apply: the installer
    reports it.
    """
    try:
        return marker is None or marker.evaluate({**environment, "extra": extra})
    except (UndefinedComparison, UndefinedEnvironmentName):
        return False


@lru_cache(maxsize=256)
def admits_newer(specifiers: SpecifierSet, version: Version) -> bool:
    """Return whether any version above this one, published or not, satisfies the specifiers.

    Builds of the version itself (``2.6.0+cu124`` of 2.6.0) are not newer.
    """
    # Not `>2.6.0`, which excludes 2.6.0.post1 (PEP 440).
    newer = SpecifierSet(f">={version.public},!={version.public}")
    return not (strip_local(specifiers) & newer).is_unsatisfiable()


@lru_cache(maxsize=256)
def strip_local(specifiers: SpecifierSet) -> SpecifierSet:
    """Return the specifiers for public versions: ``==2.6.0+cu124`` becomes ``==2.6.0``.

    The tables list releases, without the local versions of their builds.
    """
    public = (str(item) for item in specifiers if "+" not in item.version)
    stripped = (
        str(item).partition("+")[0]
        for item in specifiers
        if "+" in item.version and item.operator != "!="
    )
    return SpecifierSet(",".join((*public, *stripped)))
