"""Whether a marker holds (PEP 508), also where nobody can say."""

from __future__ import annotations

from typing import TYPE_CHECKING

from packaging.markers import UndefinedComparison, UndefinedEnvironmentName

if TYPE_CHECKING:
    from collections.abc import Mapping

    from packaging.markers import Marker


def holds(marker: Marker | None, environment: Mapping[str, str], extra: str = "") -> bool:
    """Answer whether a marker holds in an environment, where this extra is asked for.

    One that makes no sense (``sys_platform ~= "linux"``) holds nowhere: the installer tells.
    """
    try:
        return marker is None or marker.evaluate({**environment, "extra": extra})
    except (UndefinedComparison, UndefinedEnvironmentName):
        return False
