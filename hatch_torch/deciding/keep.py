"""Keep what is right: an installed torch that is in range, of one family, and runs here."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

from hatch_torch.companions import index_only, torch_pin
from hatch_torch.deciding.offers import TORCH
from hatch_torch.deciding.pins import Pin

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from hatch_torch.backend import Backend
    from hatch_torch.deciding.courses import Course
    from hatch_torch.deciding.offers import Wants
    from hatch_torch.environment.installed import Installed
    from hatch_torch.target import Target


class Kept(NamedTuple):
    """The members that stay, torch first, and their backend."""

    backend: Backend
    members: tuple[Installed, ...]


def right(
    installed: Iterable[Installed], course: Course, wants: Mapping[Backend, Wants]
) -> Kept | None:
    """Return what a course would keep of what is installed, or None.

    torch must be PyTorch's own build of one of the course's backends; another member is kept
    where it is of the same backend and for that torch.
    """
    found = {one.name: one for one in installed}
    torch = found.get(TORCH)
    backend = torch.backend if torch and torch.builder == "pytorch" else None
    if torch is None or backend is None or backend not in wants:
        return None
    of_backend = wants[backend]
    if course.fits(backend, Version(torch.version.public)) is not None:
        return None
    if not all(_in_range(one, of_backend) for one in found.values()):
        return None
    members = [one for one in found.values() if one.name in of_backend and one is not torch]
    if any(not _belongs(one, torch) for one in members):
        return None
    return Kept(backend, (torch, *members))


def foreign(installed: Iterable[Installed]) -> Installed | None:
    """Return the installed torch, if it is there and PyTorch did not build it."""
    for one in installed:
        if one.name == TORCH and one.builder != "pytorch":
            return one
    return None


def companion_names(kept: Iterable[Installed], target: Target) -> frozenset[str]:
    """Return which requirements of the kept wheels only the backend's index serves."""
    requirements = [Requirement(line) for one in kept for line in one.requires]
    return frozenset(
        canonicalize_name(one.name)
        for one in requirements
        if index_only(canonicalize_name(one.name), target.platform, one.specifier)
        and (one.marker is None or one.marker.evaluate({**target.environment, "extra": ""}))
    )


def pinned(one: Installed) -> Pin:
    """Pin an installed member to its exact version."""
    return Pin.at(one.name, one.version, one.direct_url, by_version=True)


def _in_range(one: Installed, wants: Wants) -> bool:
    return one.name not in wants or wants[one.name].contains(one.version, prereleases=True)


def _belongs(member: Installed, torch: Installed) -> bool:
    pin = torch_pin(member.name, Version(member.version.public))
    for_torch = pin is None or pin.contains(torch.version, prereleases=True)
    return member.backend in {None, torch.backend} and for_torch
