"""Keep what is right: an installed torch that is in range, of one family, and runs here.

A torch that PyTorch did not build (a vendor's, conda's, one from the sources) stays.

What the last install found for an extra that nobody asks for: it stands while its torch does.

Else each install of a checkout would open the index for wheels that it does not install.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

from hatch_torch.catalog.releases import (
    TORCH,
    index_only,
    torch_pin,
)
from hatch_torch.catalog.specifiers import holds
from hatch_torch.config.requirements import parsed_constraints, ranges, versions_of
from hatch_torch.errors import IndexFaultError, NoAnswerError
from hatch_torch.resolution.model import Answer, Pin
from hatch_torch.resolution.strategies import plain

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping

    from hatch_torch.catalog.backend import Backend
    from hatch_torch.catalog.target import Target
    from hatch_torch.config.backend_request import Wish
    from hatch_torch.config.requirements import Line
    from hatch_torch.environment.packages import Installed
    from hatch_torch.hardware.model import Hardware
    from hatch_torch.resolution.candidates import Wants
    from hatch_torch.resolution.model import Case
    from hatch_torch.resolution.strategies import Course


def _around(case: Case, kept: Kept, wants: Wants) -> Answer | None:
    """Pin what is kept, and find what is wanted beside it."""
    backend = kept.backend
    members = tuple(_as_installed(case, one) for one in kept.members)
    pins = (*members, *_companions(case, kept.members))
    notes: tuple[str, ...] = ()
    has_all = {pin.name for pin in members} >= wants.keys()
    if has_all and all(pin.by_version or pin.url for pin in pins):
        return Answer(backend, pins)
    from hatch_torch.resolution.solve import complete  # noqa: PLC0415 (what is installed may do)

    try:
        found = complete(case, backend, pins, wants)
    except IndexFaultError as fault:
        if not has_all:
            raise
        found, notes = tuple(pin._replace(by_version=True) for pin in pins), (f"kept: {fault}",)
    return Answer(backend, found, notes) if found else None


def _as_installed(case: Case, one: Installed) -> Pin:
    """Pin by version where the installer takes that, or where PyPI has the very wheel."""
    pin = pinned(one)
    from_pypi = pin.url is None and pin.version.local is None
    return pin._replace(by_version=case.by_version or from_pypi)


def _companions(case: Case, kept: Iterable[Installed]) -> tuple[Pin, ...]:
    """Pin what came with torch from its index too, so that nobody looks for it elsewhere."""
    names = companion_names(kept, case.target)
    found = case.find_installed(names) if names else ()
    return tuple(pinned(one)._replace(by_version=case.by_version) for one in found)


def _installed(case: Case) -> tuple[Installed, ...]:
    return case.find_installed(case.family)


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


_REPLACE = 'set existing = "replace" in [tool.torch-variant] to have PyTorch\'s own build instead'
_UNSEEN = (
    "this image holds its vendor's own build of torch, and it can't be told which environment is "
    f"installed to; name it (uv pip install --python /path/to/environment), or {_REPLACE}"
)


def keep_foreign(
    case: Case, wish: Wish, hardware: Hardware, lines: Collection[Line]
) -> Answer | None:
    """Pin the torch that somebody else built, so that nothing moves it; None where there is none.

    Raises NoAnswerError where it is out of range, where a member that goes with it is missing, and
    where there is one somewhere in a vendor's image.
    """
    obeys_request = case.config.existing == "auto" and wish.explicit
    if case.config.existing == "replace" or obeys_request:
        return None
    if "vendor-image" in hardware.signs and not case.sees_environment:
        raise NoAnswerError(_UNSEEN)
    found = case.find_installed(case.family)
    torch = foreign(found)
    return _kept(case, torch, found, lines) if torch else None


def _kept(
    case: Case, torch: Installed, found: Collection[Installed], lines: Collection[Line]
) -> Answer:
    backend = torch.backend or plain(case.target)
    here = case.target.environment
    wants = ranges(lines, here, None, case.config.family, case.constraints)
    what = (
        f"torch {torch.version}, which is installed and not PyTorch's own build ({torch.builder})"
    )
    if not wants[TORCH].contains(torch.version, prereleases=True):
        raise NoAnswerError(f"{what}, is not in the range torch{wants[TORCH]}; {_REPLACE}")
    pins = tuple(pinned(one) for one in found if one.name in wants)
    missing = wants.keys() - {pin.name for pin in pins}
    if missing:
        names = ", ".join(sorted(missing))
        from hatch_torch.resolution.solve import complete  # noqa: PLC0415 (likewise)

        try:
            completed = complete(case, backend, pins, wants)
        except IndexFaultError as fault:
            raise NoAnswerError(f"{names}: not installed beside {what}, and {fault}") from fault
        if completed is None:
            raise NoAnswerError(f"{names}: not installed, and none goes with {what}; {_REPLACE}")
        pins = completed
    return Answer(backend, pins, (f"kept: {what}",))


def remembered(case: Case, answer: Answer, wants: Wants, extra: str) -> tuple[Pin, ...] | None:
    """Return the answer's pins with those of an extra that the project's METADATA has, or None.

    That is stale where torch (or another pin of the answer) is not the one that it names, where a
    member is missing or out of its range, and where a wheel does not lie on the index that is
    asked now. What came out since is no reason, as for what is installed.
    `wants` are the ranges of the extra's members, torch among them.
    """
    found = {pin.name: pin for pin in reversed([*_pins(case, extra)])}
    fixed = {pin.name: pin for pin in answer.pins}
    further = [pin for name, pin in found.items() if name not in fixed]
    moved = any(found[name].version != fixed[name].version for name in found.keys() & fixed.keys())
    in_range = all(
        name in found and versions.contains(found[name].version, prereleases=True)
        for name, versions in wants.items()
    )
    if moved or not in_range or not _may_come(case, answer, further):
        return None
    return (*answer.pins, *further)


def _pins(case: Case, extra: str) -> Iterator[Pin]:
    """Yield what the metadata pins of the family under an extra, what was added in front."""
    target = case.target
    for one in parsed_constraints(line for line in case.earlier() if "extra" in line):
        name, version = canonicalize_name(one.name), _exactly(one)
        ours = name in case.family or index_only(name, target.platform, one.specifier)
        here, elsewhere = (holds(one.marker, target.environment, of) for of in (extra, ""))
        if version and ours and here and not elsewhere:
            yield Pin.at(name, version, one.url)


def _exactly(requirement: Requirement) -> Version | None:
    """Return the one version that a requirement admits, or None where that is open."""
    for one in versions_of(requirement):
        if one.operator == "==" and not one.version.endswith("*"):
            return Version(one.version)
    return None


def _may_come(case: Case, answer: Answer, pins: Iterable[Pin]) -> bool:
    """Say whether wheels lie below the root that is asked now, or both at PyTorch's hosts."""
    from hatch_torch.index.urls import PYTORCH_HOSTS, host_of  # noqa: PLC0415 (likewise)

    origin = case.origin()
    if origin is None:
        return False
    folder = origin.folders.get(answer.backend, origin.root).rstrip("/") + "/"
    return all(
        pin.url is not None
        and (pin.sha256 or not case.config.require_hashes)
        and (pin.url.startswith(folder) or {host_of(folder), host_of(pin.url)} <= PYTORCH_HOSTS)
        for pin in pins
    )
