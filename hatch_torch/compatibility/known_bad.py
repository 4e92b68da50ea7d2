"""Releases that are known to be broken upstream, where their conditions hold on this machine."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any, NamedTuple

from packaging.requirements import Requirement
from packaging.version import InvalidVersion, Version

from hatch_torch.catalog import load_table
from hatch_torch.catalog.releases import TORCH
from hatch_torch.compatibility.vendors import get_amd_gpus, get_nvidia_gpus, parse_capability
from hatch_torch.hardware.model import Hardware

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping

    from hatch_torch.catalog.backend import Backend
    from hatch_torch.catalog.target import Target

EXCLUDE = "exclude"
"""It does not run here, as if it had no machine code for the GPU."""
AVOID = "avoid"
"""Another release is taken where one is in range."""
NOTE = "note"
"""`status` and `doctor` name it where it is installed."""
DOCTOR = "doctor"
"""Only `doctor` names it."""


class Release(NamedTuple):
    """A release of a package of the torch family, and the backend that it was built for."""

    version: Version
    """With or without its local part."""
    backend: Backend | None = None
    name: str = TORCH


class KnownBad(NamedTuple):
    """A fault of a release that was reported upstream."""

    effect: str
    problem: str
    issue: str
    fixed_in: str

    def __str__(self) -> str:
        """Return the problem with the issue and the remedy, for people."""
        return f"{self.problem} ({self.issue}; fixed in: {self.fixed_in})"


def find_known_bad(
    release: Release,
    hardware: Hardware,
    target: Target,
    *,
    effects: Collection[str],
    installed: Mapping[str, str] | None = None,
) -> tuple[KnownBad, ...]:
    """Return the known faults of a release with one of these effects that show on a machine.

    `installed` has the versions of the packages beside it, by name.
    """
    public = Version(release.version.public)
    return tuple(
        KnownBad(row["effect"], row["problem"], row["issue"], row["fixed_in"])
        for first, last, row in _list_rows(release.name, frozenset(effects))
        if first <= public
        and (last is None or public <= last)
        and _is_about(row, release)
        and target.platform in row.get("platforms", (target.platform,))
        and target.python in row.get("pythons", (target.python,))
        and _holds_for_gpus(row, hardware)
        and _is_beside(row, installed or {})
    )


def find_exclusion(
    backend: Backend, version: Version, hardware: Hardware, target: Target
) -> str | None:
    """Return why a release of torch is not to be used on a machine, or None."""
    release = Release(version, backend)
    faults = find_known_bad(release, hardware, target, effects=(EXCLUDE,))
    return f"{faults[0].problem} ({faults[0].issue})" if faults else None


@cache
def _list_rows(
    package: str, effects: frozenset[str]
) -> tuple[tuple[Version, Version | None, Mapping[str, Any]], ...]:
    """Return the rows about a package with their first and last release."""
    return tuple(
        (Version(row["first"]), Version(row["last"]) if "last" in row else None, row)
        for row in load_table("known_bad")
        if row["package"] == package and row["effect"] in effects
    )


def _is_about(row: Mapping[str, Any], release: Release) -> bool:
    backend, backends = release.backend, row.get("backends")
    of_backend = backends is None or (backend and {backend.name, backend.family} & {*backends})
    local = release.version.local or ""
    return bool(of_backend) and local.startswith(row.get("local", ""))


def _holds_for_gpus(row: Mapping[str, Any], hardware: Hardware) -> bool:
    if "gfx" in row and not {*_iter_gfx(hardware)} & {*row["gfx"]}:
        return False
    capabilities = map(parse_capability, get_nvidia_gpus(hardware))
    if "below_sm" in row and not any(one and one < row["below_sm"] for one in capabilities):
        return False
    # A backend that is requested by name needs no probe: then nothing is known of the machine.
    is_probed = hardware != Hardware()
    return "without" not in row or (is_probed and not hardware.of_vendor(row["without"]))


def _iter_gfx(hardware: Hardware) -> Iterator[str]:
    for gpu in get_amd_gpus(hardware):
        yield (gpu.architecture or "").partition(":")[0]


def _is_beside(row: Mapping[str, Any], installed: Mapping[str, str]) -> bool:
    if "beside" not in row:
        return True
    requirement = Requirement(row["beside"])
    try:
        version = Version(installed[requirement.name])
    except (KeyError, InvalidVersion):
        return False
    return requirement.specifier.contains(version, prereleases=True)
