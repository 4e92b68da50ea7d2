"""The nearest change that would work where nothing fits; found by trying, never guessed."""

from __future__ import annotations

from bisect import bisect_left
from itertools import chain
from typing import TYPE_CHECKING, NamedTuple

from packaging.specifiers import SpecifierSet

from hatch_torch.deciding import courses as ways
from hatch_torch.deciding.answer import wants_of
from hatch_torch.deciding.courses import Course, plain
from hatch_torch.deciding.offers import TORCH
from hatch_torch.deciding.resolve import resolve
from hatch_torch.errors import IndexFaultError
from hatch_torch.ranges import admits_newer
from hatch_torch.releases import known_backends, torch_releases

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from packaging.version import Version

    from hatch_torch.backend import Backend
    from hatch_torch.deciding.case import Case
    from hatch_torch.deciding.decision import Decision
    from hatch_torch.deciding.offers import Pick, Wants
    from hatch_torch.project.wants import Line
    from hatch_torch.project.wish import Wish
    from hatch_torch.target import Target

_PYTHONS = tuple(f"3.{minor}" for minor in range(10, 15))


class Attempt(NamedTuple):
    """What was tried, and led nowhere."""

    case: Case
    wish: Wish
    draft: Decision
    courses: tuple[Course, ...]
    lines: tuple[Line, ...]

    def retried(self, case: Case, courses: Iterable[Course]) -> tuple[Pick, ...] | None:
        """Try other courses, or another case, with the ranges as they are."""
        every = (
            resolve(wants_of(case, course, self.lines), case.offers, course.fits)
            for course in courses
        )
        return next(filter(None, every), None)


def nearest(attempt: Attempt) -> str | None:
    """Return a change that was tried and works: of the backend, the ranges, the Python; or None.

    An index that falls silent meanwhile is no reason to say less about what failed before.
    """
    try:
        changes = chain(
            _other_backend(attempt),
            _other_ranges(attempt),
            _other_python(attempt),
            _without_accelerator(attempt),
        )
        return next(changes, None)
    except IndexFaultError:
        return None


def _other_backend(attempt: Attempt) -> Iterator[str]:
    """Find another backend that has what is wanted.

    It is a sibling of the one that was asked for, or one that the project's extras do not list.
    """
    config, target, wish = attempt.case.config, attempt.case.target, attempt.wish
    if wish.backend:
        siblings = (Course((one,)) for one in _siblings(wish.backend, target))
        if found := attempt.retried(attempt.case, siblings):
            yield f"{_named(attempt, found)}: ask for it instead of {wish.backend}"
    elif config.extras:
        free, hardware = config._replace(extras=()), attempt.draft.hardware
        judged = ways.verdicts(free, wish, hardware, target)
        for course in ways.courses(free, wish, hardware, judged, target):
            if found := attempt.retried(attempt.case, [course]):
                extra = found[0].backend.extra
                yield f"{_named(attempt, found)}: add [tool.torch-variant.extras.{extra}]"


def _siblings(backend: Backend, target: Target) -> list[Backend]:
    """Return the others of a backend's family, the nearest first."""
    family = [one for one in known_backends(target.platform) if one.family == backend.family]
    place = bisect_left([one.release for one in family], backend.release)
    others = [one for one in family if one != backend]
    return sorted(others, key=lambda one: (abs(family.index(one) - place), -family.index(one)))


def _other_ranges(attempt: Attempt) -> Iterator[str]:
    """Find the release that is nearest to the range of torch, whatever the other ranges say."""
    for course in attempt.courses:
        wants = wants_of(attempt.case, course, attempt.lines)
        for range_ in _by_distance(next(iter(wants.values()), {}).get(TORCH, SpecifierSet())):
            relaxed = {backend: _relaxed(of, range_) for backend, of in wants.items()}
            if found := resolve(relaxed, attempt.case.offers, course.fits):
                yield f"{_named(attempt, found)}: change the ranges to admit it"


def _relaxed(wants: Wants, torch: SpecifierSet) -> Wants:
    return {**dict.fromkeys(wants, SpecifierSet()), TORCH: torch}


def _by_distance(versions: SpecifierSet) -> Iterator[SpecifierSet]:
    """Yield every release of torch as a range, the nearest to a range first; then any version."""
    known = torch_releases()
    within = [place for place, one in enumerate(known) if versions.contains(one)]
    if not within:
        within = [len(known) if admits_newer(versions, known[-1]) else 0]

    def distance(release: Version) -> tuple[int, int]:
        place = known.index(release)
        return min(abs(place - one) for one in within), -place

    yield from (SpecifierSet(f"=={one}") for one in sorted(known, key=distance))
    yield SpecifierSet()


def _other_python(attempt: Attempt) -> Iterator[str]:
    case = attempt.case
    for python in sorted(_PYTHONS, key=lambda one: _steps(one, case.target.python)):
        target = case.target.with_python(python)
        elsewhere = case._replace(target=target, offers=case.offers.on(target))
        if found := attempt.retried(elsewhere, attempt.courses):
            yield f"{_named(attempt, found)}: use Python {python}"


def _steps(python: str, other: str) -> tuple[int, int]:
    """Count the minors between two Pythons; of two at the same distance the newer is nearer."""
    minor, here = (int(one.split(".")[1].rstrip("t")) for one in (python, other))
    return abs(minor - here), -minor


def _without_accelerator(attempt: Attempt) -> Iterator[str]:
    backend = plain(attempt.case.target)
    if any(backend in course.backends for course in attempt.courses):
        return
    if found := attempt.retried(attempt.case, [Course((backend,))]):
        extras = attempt.case.config.extras
        listed = not extras or attempt.case.config.extra_of(backend)
        how = "set TORCH_VARIANT=cpu" if listed else f"add [tool.torch-variant.extras.{backend}]"
        yield f"{_named(attempt, found)}: {how}"


def _named(attempt: Attempt, picks: tuple[Pick, ...]) -> str:
    """Name the family; what else comes along from the backend's index is nobody's wish."""
    members = [pick for pick in picks if pick.name in attempt.case.family]
    return ", ".join(f"{one.name} {one.release}" for one in members) + f" with {picks[0].backend}"
