"""The nearest change that would work where nothing fits; found by trying, never guessed.

Nothing fits: why, for each backend, and the nearest change that would work, found by trying.
"""

from __future__ import annotations

from bisect import bisect_left
from itertools import chain
from typing import TYPE_CHECKING, NamedTuple

from packaging.specifiers import SpecifierSet

from hatch_torch.catalog.releases import TORCH, known_backends, torch_releases
from hatch_torch.catalog.specifiers import admits_newer
from hatch_torch.errors import IndexFaultError
from hatch_torch.resolution import strategies as ways
from hatch_torch.resolution.solve import resolve
from hatch_torch.resolution.strategies import Course, by_tables, plain, wants_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from packaging.version import Version

    from hatch_torch.catalog.backend import Backend
    from hatch_torch.catalog.target import Target
    from hatch_torch.config.backend_request import Wish
    from hatch_torch.config.requirements import Line
    from hatch_torch.hardware.model import Hardware
    from hatch_torch.resolution.candidates import Pick, Wants
    from hatch_torch.resolution.model import Case, Decision


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


_MOST_REASONS = 6
"""Lines of reasons, so that all have at most 12."""
_MOST_NAMES = 4


def refusal(attempt: Attempt) -> str:
    """Say in at most 12 lines what was wanted, for what, why each backend fails, and what helps."""
    target, hardware = attempt.case.target, attempt.draft.hardware
    fetch = _fetch(attempt)
    wanted = dict.fromkeys(str(line.requirement) for line in attempt.lines)
    told = [
        "no torch fits this project here:",
        f"  wanted       {', '.join(wanted) or 'torch'}",
        f"  for          Python {target.python} on {target.platform}{_renewal(attempt)}",
        f"  accelerator  {_accelerators(hardware)}",
        *_reasons(attempt, _MOST_REASONS - len(fetch)),
    ]
    if change := nearest(attempt):
        told.append(f"  nearest      {change}")
    return "\n".join([*told, *fetch, "  or set       TORCH_VARIANT=portable, which adds nothing"])


def _renewal(attempt: Attempt) -> str:
    return attempt.case.offers.index.hint


def _accelerators(hardware: Hardware) -> str:
    names = [f"{one.name} ({one.architecture or 'unknown'})" for one in hardware.accelerators]
    driver = f"; driver {hardware.nvidia.driver}" if hardware.nvidia else ""
    return (", ".join(dict.fromkeys(names)) or "none was looked for or found") + driver


def _fetch(attempt: Attempt) -> list[str]:
    """Say for a folder of wheels what belongs into it, and how that is fetched."""
    target = attempt.case.target
    usable = [one.backend for one in attempt.draft.verdicts if one.usable]
    folder = attempt.case.has_folders or attempt.case.offers.index.is_folder
    if not (folder and usable):
        return []
    machine = f"--backend {usable[0]} --python {target.python} --platform {target.platform}"
    command = f"hatch-torch download -d FOLDER {machine}"
    files = ", ".join(_files(attempt, usable[0]))
    return [f"  or fetch     {command}, on a machine with a network{files and f': {files}'}"]


def _files(attempt: Attempt, backend: Backend) -> Iterator[str]:
    """Yield the wheels that would do, by the tables; the end of a name is the index's affair."""
    local = "" if backend.family == "mps" else f"+{backend}"
    for course in [one for one in attempt.courses if backend in one.backends][:1]:
        wants = wants_of(attempt.case, course, attempt.lines)[backend]
        pins = by_tables(course, backend, wants, attempt.case.target)
        yield from (f"{pin.name}-{pin.version}{local}-*.whl" for pin in pins)


def _reasons(attempt: Attempt, most: int) -> list[str]:
    """Tell each reason once, with the backends that it holds for; those that were tried first."""
    tried = {backend: course for course in attempt.courses for backend in course.backends}
    reasons: dict[str, list[str]] = {}
    for backend, course in tried.items():
        reason, detail = _why_none(attempt, course, backend)
        reasons.setdefault(reason, []).append(f"{backend}{detail}")
    for one in attempt.draft.verdicts:
        if one.backend not in tried:
            reasons.setdefault(one.reason, []).append(str(one.backend))
    told = [f"  {_listed(names)}: {reason}" for reason, names in reasons.items()]
    if len(told) <= most:
        return told
    kept = told[: most - 1]
    return [*kept, f"  … and {len(told) - len(kept)} reasons more"]


def _listed(names: Sequence[str]) -> str:
    more = len(names) - _MOST_NAMES
    return ", ".join(names[:_MOST_NAMES]) + (f" and {more} more" if more > 0 else "")


def _why_none(attempt: Attempt, course: Course, backend: Backend) -> tuple[str, str]:
    """Say at which step a backend fell out, and what its name needs beside it."""
    try:
        return _step(attempt, course, backend)
    except IndexFaultError as fault:
        return str(fault), ""


def _step(attempt: Attempt, course: Course, backend: Backend) -> tuple[str, str]:
    """Find the step: the page, the Python, the range, the GPU, or a member of the family."""
    offers, target = attempt.case.offers, attempt.case.target
    wants = wants_of(attempt.case, course, attempt.lines)[backend]
    if not offers.index.wheels(backend, TORCH):
        return _no_page(attempt, backend), ""
    every = offers.picks(backend, TORCH, SpecifierSet())
    if not every:
        return f"no torch for Python {target.python} on {target.platform}", ""
    in_range = offers.picks(backend, TORCH, wants[TORCH])
    if not in_range:
        span = f" ({every[-1].release} to {every[0].release})"
        return "no torch in range for this Python and platform", span
    reasons = [course.fits(backend, pick.release) for pick in in_range]
    if all(reasons):
        return str(reasons[0]), ""
    members = ", ".join(f"{name}{versions}" for name, versions in wants.items() if name != TORCH)
    return f"no torch in range has all of its family there: {members}", ""


def _no_page(attempt: Attempt, backend: Backend) -> str:
    """Say that the index has no torch of a backend; for one that no table knows, what it has."""
    if backend in known_backends():
        return "the index has no torch for it"
    known = attempt.case.offers.index.backends() or known_backends(attempt.case.target.platform)
    return f"the index has no torch for it; there is {', '.join(map(str, known))}"
