"""Nothing fits: why, for each backend, and the nearest change that would work, found by trying."""

from __future__ import annotations

from typing import TYPE_CHECKING

from packaging.specifiers import SpecifierSet

from hatch_torch.deciding.answer import wants_of
from hatch_torch.deciding.fallback import by_tables
from hatch_torch.deciding.nearest import Attempt, nearest
from hatch_torch.deciding.offers import TORCH
from hatch_torch.errors import IndexFaultError
from hatch_torch.index.wheelhouse import Wheelhouse
from hatch_torch.lock.locked_index import LockedIndex
from hatch_torch.releases import known_backends

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from hatch_torch.backend import Backend
    from hatch_torch.deciding.courses import Course
    from hatch_torch.hardware.facts import Hardware

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
    index = attempt.case.offers.index
    return index.renewal if isinstance(index, LockedIndex) else ""


def _accelerators(hardware: Hardware) -> str:
    names = [f"{one.name} ({one.architecture or 'unknown'})" for one in hardware.accelerators]
    driver = f"; driver {hardware.nvidia.driver}" if hardware.nvidia else ""
    return (", ".join(dict.fromkeys(names)) or "none was looked for or found") + driver


def _fetch(attempt: Attempt) -> list[str]:
    """Say for a folder of wheels what belongs into it, and how that is fetched."""
    target = attempt.case.target
    usable = [one.backend for one in attempt.draft.verdicts if one.usable]
    folder = attempt.case.has_folders or isinstance(attempt.case.offers.index, Wheelhouse)
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
