"""One way to go, tried: what is installed and right is kept, else the index is asked."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from packaging.specifiers import SpecifierSet

from hatch_torch.deciding import keep
from hatch_torch.deciding.courses import always
from hatch_torch.deciding.pins import Pin
from hatch_torch.errors import IndexFaultError
from hatch_torch.project.wants import ranges

if TYPE_CHECKING:
    from collections.abc import Iterable

    from hatch_torch.backend import Backend
    from hatch_torch.deciding.case import Case
    from hatch_torch.deciding.courses import Course
    from hatch_torch.deciding.keep import Kept
    from hatch_torch.deciding.offers import Wants
    from hatch_torch.environment.installed import Installed
    from hatch_torch.project.wants import Line


class Answer(NamedTuple):
    """A backend, and the family pinned to its wheels: torch, members, companions."""

    backend: Backend
    pins: tuple[Pin, ...]
    warnings: tuple[str, ...] = ()


def wants_of(case: Case, course: Course, lines: Iterable[Line]) -> dict[Backend, Wants]:
    """Return what each backend of a course would have to hold."""
    config, here = case.config, case.target.environment
    return {
        backend: ranges(lines, here, config.extra_of(backend), config.family, case.constraints)
        for backend in course.backends
    }


def answer(case: Case, course: Course, lines: Iterable[Line]) -> Answer | None:
    """Try a course: keep what is right, else pick the highest release; None where nothing fits."""
    wants = wants_of(case, course, lines)
    kept = None if case.upgrade else keep.right(_installed(case), course, wants)
    if kept and (found := _around(case, kept, wants[kept.backend])):
        return found
    from hatch_torch.deciding.resolve import resolve  # noqa: PLC0415 (what is installed may do)

    picks = resolve(wants, case.offers, course.fits)
    if picks is None:
        return None
    return Answer(picks[0].backend, tuple(map(Pin.of, picks)))


def complete(
    case: Case, backend: Backend, pins: Iterable[Pin], wants: Wants
) -> tuple[Pin, ...] | None:
    """Find the wheels that are wanted beside pins which must not move; None where there are none.

    A pin whose wheel is found on the index comes back with its URL.
    """
    fixed = {pin.name: pin for pin in pins}
    exact = {name: SpecifierSet(f"=={pin.version}") for name, pin in fixed.items() if name in wants}
    from hatch_torch.deciding.resolve import resolve  # noqa: PLC0415 (likewise)

    picks = resolve({backend: {**wants, **exact}}, case.offers, always)
    if picks is None:
        return None
    return tuple(_of_both(fixed.get(pick.name), Pin.of(pick)) for pick in picks)


def _of_both(fixed: Pin | None, found: Pin) -> Pin:
    """Keep the version that is installed: PyPI's plain one is no wheel of this index."""
    if fixed is None or fixed.version.public != found.version.public:
        return found
    if fixed.version == found.version:
        return found._replace(by_version=fixed.by_version)
    return fixed._replace(by_version=True)


def _around(case: Case, kept: Kept, wants: Wants) -> Answer | None:
    """Pin what is kept, and find what is wanted beside it."""
    backend = kept.backend
    members = tuple(_as_installed(case, one) for one in kept.members)
    pins = (*members, *_companions(case, kept.members))
    notes: tuple[str, ...] = ()
    has_all = {pin.name for pin in members} >= wants.keys()
    if has_all and all(pin.by_version or pin.url for pin in pins):
        return Answer(backend, pins)
    try:
        found = complete(case, backend, pins, wants)
    except IndexFaultError as fault:
        if not has_all:
            raise
        found, notes = tuple(pin._replace(by_version=True) for pin in pins), (f"kept: {fault}",)
    return Answer(backend, found, notes) if found else None


def _as_installed(case: Case, one: Installed) -> Pin:
    """Pin by version where the installer takes that, or where PyPI has the very wheel."""
    pin = keep.pinned(one)
    from_pypi = pin.url is None and pin.version.local is None
    return pin._replace(by_version=case.by_version or from_pypi)


def _companions(case: Case, kept: Iterable[Installed]) -> tuple[Pin, ...]:
    """Pin what came with torch from its index too, so that nobody looks for it elsewhere."""
    names = keep.companion_names(kept, case.target)
    found = case.find_installed(names) if names else ()
    return tuple(keep.pinned(one)._replace(by_version=case.by_version) for one in found)


def _installed(case: Case) -> tuple[Installed, ...]:
    return case.find_installed(case.family)
