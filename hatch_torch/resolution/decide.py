"""The decision, stage by stage; a build and `hatch-torch explain` both come through here."""

from __future__ import annotations

from itertools import chain
from typing import TYPE_CHECKING

from packaging.utils import canonicalize_name

from hatch_torch.catalog.releases import (
    TORCH,
)
from hatch_torch.config.backend_request import PORTABLE, Wish, read_wish, with_contained
from hatch_torch.config.requirements import Line, family_lines, fixed_backend
from hatch_torch.errors import ConfigurationError, IndexFaultError, NoAnswerError
from hatch_torch.hardware.model import Hardware
from hatch_torch.resolution import installed as keep, multi_host as nodes, strategies as ways
from hatch_torch.resolution.injection import (
    IMPOSSIBLE,
    additions,
    backend_extras,
    for_everybody,
    own_requirements,
    unasked,
)
from hatch_torch.resolution.installed import _around, _installed, keep_foreign
from hatch_torch.resolution.model import Addition, Answer, Decision, Pin
from hatch_torch.resolution.strategies import has_accelerator, last_courses, wants_of

if TYPE_CHECKING:
    from collections.abc import Container, Iterable, Iterator

    from hatch_torch.config.requirements import Line
    from hatch_torch.resolution.model import Case
    from hatch_torch.resolution.strategies import Course


def answer(case: Case, course: Course, lines: Iterable[Line]) -> Answer | None:
    """Try a course: keep what is right, else pick the highest release; None where nothing fits."""
    wants = wants_of(case, course, lines)
    kept = None if case.upgrade else keep.right(_installed(case), course, wants)
    if kept and (found := _around(case, kept, wants[kept.backend])):
        return found
    from hatch_torch.resolution.solve import resolve  # noqa: PLC0415 (what is installed may do)

    picks = resolve(wants, case.offers, course.fits)
    if picks is None:
        return None
    return Answer(picks[0].backend, tuple(map(Pin.of, picks)))


def decide(case: Case) -> Decision:
    """Decide which wheels of the family this project gets here, and what to add for them.

    Raises ConfigurationError for a wish that can't be, and NoAnswerError where nothing fits, or
    where the index is down and nothing else will do.
    """
    lines = _lines(case)
    wish = ways.settle(_wish(case, lines), case.target)
    draft = Decision(None, wish.decided_by, Hardware(), warnings=wish.notes)
    if wish.value == PORTABLE:
        return draft
    if TORCH in case.routed:
        return draft.noting("torch is uv's: [tool.uv.sources] routes it, and nothing is added")
    hardware = _look(case, wish)
    judged = ways.verdicts(case.config, wish, hardware, case.target)
    draft = draft._replace(hardware=hardware, verdicts=judged, nodes=nodes.judged(case, wish))
    asked = _asked(case, lines)
    if not asked and not case.config.family:
        return draft.noting("nothing that is installed here requires torch")
    found = keep_foreign(case, wish, hardware, asked) or _first_answer(case, wish, draft, asked)
    if isinstance(found, str):
        return draft.noting(found)
    decision = _from_origin(case, _completed(case, draft, found, lines))
    return nodes.on_all(case, wish, decision)


def _lines(case: Case) -> tuple[Line, ...]:
    every = family_lines(case.config, case.target.environment)
    return tuple(line for line in every if line.name not in case.routed)


def _wish(case: Case, lines: Iterable[Line]) -> Wish:
    """Read the wish; a requirement that names its backend itself is obeyed."""
    wish = read_wish(case.config, case.extras, case.environ, case.asked)
    fixed = fixed_backend(line for line in lines if line.extra is None)
    if fixed is None or case.asked:
        return wish
    return Wish(fixed[0], f"the requirement {fixed[1]}", wish.notes)


def _look(case: Case, wish: Wish) -> Hardware:
    """Probe no more than the wish leaves open: nothing, one vendor, or everything."""
    if wish.backend or wish.family == "cpu":
        return Hardware()
    return case.probe({ways.VENDORS[wish.family]} if wish.family else None).presumed()


def _asked(case: Case, lines: Iterable[Line]) -> tuple[Line, ...]:
    """Return the lines that this very install is about."""
    names = with_contained(case.config, case.extras)
    return tuple(
        line for line in lines if line.extra is None or canonicalize_name(line.extra) in names
    )


def _first_answer(case: Case, wish: Wish, draft: Decision, lines: tuple[Line, ...]) -> Answer | str:
    """Return the first course's answer, or why the requirements stay portable."""
    tried: list[Course] = []
    for course in _courses(case, wish, draft):
        tried.append(course)
        try:
            found = answer(case, course, lines) if course.backends else course.warnings[-1]
        except IndexFaultError as fault:
            if wish.explicit:
                raise NoAnswerError(_asked_in_vain(wish, fault)) from fault
            if case.has_folders:
                break
            return _without_index(case, wish, draft, fault, lines)
        if isinstance(found, Answer):
            return found._replace(warnings=(*course.warnings, *found.warnings))
        if found:
            return found
    if any(line.requirement.url for line in lines if line.name == TORCH):
        return "torch comes from the URL that the project names; nothing of the index goes with it"
    from hatch_torch.resolution.diagnosis import Attempt, refusal  # noqa: PLC0415 (failures only)

    raise NoAnswerError(refusal(Attempt(case, wish, draft, tuple(tried), lines)))


def _asked_in_vain(wish: Wish, fault: IndexFaultError) -> str:
    return (
        f"{fault}; {wish.decided_by} asks for {wish.value}, for which nothing else stands in. "
        "Try again when the index answers, or set TORCH_VARIANT=portable, which adds nothing"
    )


def _courses(case: Case, wish: Wish, draft: Decision) -> Iterator[Course]:
    """Return every way to go: with what this machine has, then without."""
    seen = (case.config, wish, draft.hardware, draft.verdicts, case.target)
    return chain(ways.courses(*seen), last_courses(*seen))


def _without_index(
    case: Case,
    wish: Wish,
    draft: Decision,
    fault: IndexFaultError,
    lines: tuple[Line, ...],
) -> Answer | str:
    """Do without the index: PyPI's plain wheels where they run here, and nothing silently."""
    from hatch_torch.resolution.strategies import default_pins  # noqa: PLC0415 (the index may answer)

    for course in _courses(case, wish, draft):
        found = default_pins(course, wants_of(case, course, lines), case.target)
        if found:
            return Answer(*found, (f"{fault}; the plain wheel runs here too", *course.warnings))
    if wish.backend:
        raise NoAnswerError(_asked_in_vain(wish, fault)) from fault
    if not has_accelerator(draft.hardware, draft.verdicts):
        return f"{fault}; nothing is added, since no accelerator was found"
    raise NoAnswerError(
        f"{fault}; no plain wheel in range runs on the accelerator here. "
        "Try again when the index answers, or set TORCH_VARIANT=portable, which adds nothing"
    )


def _compatible(case: Case, found: Answer) -> Iterator[Addition]:
    from hatch_torch.resolution.injection import bounded  # noqa: PLC0415 (few ask for it)

    (torch,) = (pin for pin in found.pins if pin.name == TORCH)
    return bounded(case.config.dependencies, torch.version)


def _completed(case: Case, draft: Decision, found: Answer, lines: tuple[Line, ...]) -> Decision:
    """Spell the answer out: what is added to the dependencies and to each extra."""
    asked = _asked(case, lines)
    own = {extra.name for extra in case.config.extras}
    added = [
        *(for_everybody(found.pins) if case.config.family else ()),
        *additions((line for line in asked if line.extra not in own), found.pins, case.family),
        *own_requirements(case, found),
        *(_compatible(case, found) if case.config.compatibility else ()),
        *backend_extras(case, found, lines),
    ]
    chosen = case.config.extra_of(found.backend)
    warnings = [*found.warnings, *(chosen.notices if chosen else ())]
    for extra in {line.extra: None for line in lines if line not in asked}:
        if extra and extra not in own:
            more, warning = unasked(case, found, lines, extra)
            added += more
            warnings += [warning] if warning else []
    obeyed = {line.name for line in asked if line.requirement.url}
    warnings += [f"{name} is uv's: [tool.uv.sources] routes it" for name in sorted(case.routed)]
    taken = obeyed | case.routed
    return draft._replace(
        backend=found.backend,
        pins=tuple(pin for pin in found.pins if pin.name not in taken),
        additions=tuple(one for one in dict.fromkeys(added) if _is_ours(one, taken)),
    ).noting(*warnings, *case.offers.notes)


def _from_origin(case: Case, decision: Decision) -> Decision:
    """Say who names the index that wheels come from.

    Raises ConfigurationError where the installer could not fetch them.
    """
    urls = [pin.url for pin in decision.pins if pin.url and not pin.by_version]
    origin = case.origin() if urls else None
    if origin is None:
        return decision
    if faults := dict.fromkeys(filter(None, map(origin.locked_out, urls))):
        raise ConfigurationError(faults)
    return decision._replace(origin=origin.shown)


def _is_ours(addition: Addition, taken: Container[str]) -> bool:
    return addition.requirement == IMPOSSIBLE or addition.name not in taken
