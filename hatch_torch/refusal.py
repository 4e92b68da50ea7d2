"""Nothing fits: why, for each backend, and the nearest change that would work, found by trying."""

from __future__ import annotations

from typing import TYPE_CHECKING

from packaging.specifiers import SpecifierSet

from hatch_torch.offers import TORCH
from hatch_torch.project.wants import ranges
from hatch_torch.resolve import resolve

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator

    from hatch_torch.backend import Backend
    from hatch_torch.case import Case
    from hatch_torch.choose import Verdict
    from hatch_torch.courses import Course
    from hatch_torch.decision import Decision
    from hatch_torch.hardware.facts import Hardware
    from hatch_torch.offers import Wants
    from hatch_torch.project.wants import Line

_MOST_BACKENDS = 6


def refusal(case: Case, draft: Decision, courses: Collection[Course], lines: Iterable[Line]) -> str:
    """Say in at most 12 lines what was wanted, for what, why each backend fails, and what helps."""
    wanted = dict.fromkeys(str(line.requirement) for line in lines)
    told = [
        "no torch fits this project here:",
        f"  wanted       {', '.join(wanted) or 'torch'}",
        f"  for          Python {case.target.python} on {case.target.platform}",
        f"  accelerator  {_accelerators(draft.hardware)}",
        *_backends(case, courses, draft.verdicts, [*lines]),
    ]
    nearest = _nearest(case, courses, [*lines])
    if nearest:
        told.append(f"  nearest      {nearest}")
    return "\n".join([*told, "  or set       TORCH_VARIANT=portable, which adds nothing"])


def _accelerators(hardware: Hardware) -> str:
    names = [f"{one.name} ({one.architecture or 'unknown'})" for one in hardware.accelerators]
    driver = f"; driver {hardware.nvidia.driver}" if hardware.nvidia else ""
    return (", ".join(dict.fromkeys(names)) or "none was looked for or found") + driver


def _backends(
    case: Case, courses: Iterable[Course], judged: Iterable[Verdict], lines: Collection[Line]
) -> list[str]:
    tried = {backend: course for course in courses for backend in course.backends}
    reasons: dict[str, list[Backend]] = {}
    for backend, course in tried.items():
        reasons.setdefault(_why_none(case, course, backend, lines), []).append(backend)
    for one in judged:
        if one.backend not in tried:
            reasons.setdefault(one.reason, []).append(one.backend)
    told = [f"  {', '.join(map(str, names))}: {reason}" for reason, names in reasons.items()]
    more = len(told) - _MOST_BACKENDS
    return told if more <= 0 else [*told[:_MOST_BACKENDS], f"  … and {more} reasons more"]


def _why_none(case: Case, course: Course, backend: Backend, lines: Collection[Line]) -> str:
    """Say at which step a backend fell out: the page, the Python, the range, the GPU, a member."""
    offers = case.offers
    wants = _wants(case, backend, lines)
    if not offers.index.wheels(backend, TORCH):
        return "the index has no torch for it"
    every = offers.picks(backend, TORCH, SpecifierSet())
    if not every:
        return f"no torch for Python {case.target.python} on {case.target.platform}"
    in_range = [pick for pick in every if wants[TORCH].contains(pick.version, prereleases=True)]
    if not in_range:
        return f"has torch {every[-1].release} to {every[0].release} for this Python"
    reasons = [course.fits(backend, pick.release) for pick in in_range]
    if all(reasons):
        return str(reasons[0])
    members = ", ".join(f"{name}{versions}" for name, versions in wants.items() if name != TORCH)
    return f"no torch has all of its family there: {members}"


def _nearest(case: Case, courses: Iterable[Course], lines: Collection[Line]) -> str | None:
    return next(_changes(case, courses, lines), None)


def _changes(case: Case, courses: Iterable[Course], lines: Collection[Line]) -> Iterator[str]:
    for course in courses:
        anything = {backend: _any_version(case, backend, lines) for backend in course.backends}
        if picks := resolve(anything, case.offers, course.fits):
            found = ", ".join(f"{pick.name} {pick.release}" for pick in picks)
            yield f"{found} with {picks[0].backend}: change the ranges to admit them"


def _any_version(case: Case, backend: Backend, lines: Collection[Line]) -> Wants:
    return dict.fromkeys(_wants(case, backend, lines), SpecifierSet())


def _wants(case: Case, backend: Backend, lines: Collection[Line]) -> Wants:
    config, here = case.config, case.target.environment
    return ranges(lines, here, config.extra_of(backend), config.family, case.constraints)
