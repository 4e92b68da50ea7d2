"""What is added to extras, those that were asked for and those that were not."""

from __future__ import annotations

from typing import TYPE_CHECKING

from packaging.utils import canonicalize_name

from hatch_torch.deciding.additions import IMPOSSIBLE, Addition, additions
from hatch_torch.deciding.answer import complete
from hatch_torch.errors import IndexFaultError
from hatch_torch.project.wants import ranges
from hatch_torch.project.wish import with_contained

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from hatch_torch.deciding.answer import Answer
    from hatch_torch.deciding.case import Case
    from hatch_torch.deciding.pins import Pin
    from hatch_torch.project.config import BackendExtra
    from hatch_torch.project.wants import Line


def backend_extras(case: Case, answer: Answer, lines: Collection[Line]) -> Iterator[Addition]:
    """Yield what goes into the backends' extras: the pins into the chosen one's.

    The others are made impossible: asking for one of them would get the wrong wheel silently.
    """
    for extra in case.config.extras:
        if not _is_declared(case, extra):
            continue
        if extra.backend.folder == answer.backend.folder:
            own = [line for line in lines if line.extra == extra.name]
            yield from additions(own, answer.pins, case.family)
        else:
            yield Addition(IMPOSSIBLE, extra.name)


def own_requirements(case: Case, answer: Answer) -> Iterator[Addition]:
    """Yield what the chosen backend's extra requires beside the family, for everybody.

    Nobody has to ask for the extra of the backend that was chosen.
    """
    extra = case.config.extra_of(answer.backend)
    for one in extra.dependencies if extra else ():
        if canonicalize_name(one.name) not in case.family:
            yield Addition(str(one))


def unasked(
    case: Case, answer: Answer, lines: Collection[Line], extra: str
) -> tuple[list[Addition], str | None]:
    """Return what goes into an ordinary extra that nobody asked for, and a warning or None.

    It never moves what was decided: where its members don't go with that, it is made impossible.
    """
    if _contains_another(case, answer, extra):
        return [Addition(IMPOSSIBLE, extra)], None
    own = [line for line in lines if line.extra == extra]
    pins = _pins_beside(case, answer, own, extra)
    if pins:
        return additions(own, pins, case.family), None
    names = ", ".join(str(line.requirement) for line in own)
    return [Addition(IMPOSSIBLE, extra)], f"extra {extra}: no wheel of {names} goes with the rest"


def _contains_another(case: Case, answer: Answer, extra: str) -> bool:
    """Answer whether an extra contains that of a backend which is not the chosen one."""
    inside = with_contained(case.config, [extra])
    others = [one for one in case.config.extras if one.backend != answer.backend]
    return any(canonicalize_name(one.name) in inside for one in others)


def _pins_beside(
    case: Case, answer: Answer, lines: Collection[Line], extra: str
) -> tuple[Pin, ...] | None:
    if {line.name for line in lines} <= {pin.name for pin in answer.pins}:
        return answer.pins
    from hatch_torch.deciding.remembered import remembered  # noqa: PLC0415 (few have such an extra)

    wants = ranges(lines, case.target.environment, None, (), case.constraints)
    obeyed = any(line.requirement.url for line in lines)
    if not obeyed and (pins := remembered(case, answer, wants, extra)):
        return pins
    try:
        return complete(case, answer.backend, answer.pins, wants)
    except IndexFaultError:
        return None


def _is_declared(case: Case, extra: BackendExtra) -> bool:
    return case.config.wiring.declares(extra.name)
