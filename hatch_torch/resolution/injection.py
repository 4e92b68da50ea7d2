"""Pins to the requirements that are added, each under its line's marker and extra.

What is added to extras, those that were asked for and those that were not.

Which releases of Hugging Face's libraries go with the torch that was chosen.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from packaging.utils import canonicalize_name
from packaging.version import Version

from hatch_torch.catalog import rows
from hatch_torch.catalog.releases import TORCH
from hatch_torch.config.backend_request import with_contained
from hatch_torch.config.requirements import ranges
from hatch_torch.errors import IndexFaultError
from hatch_torch.resolution.model import Addition

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping

    from packaging.markers import Marker
    from packaging.requirements import Requirement

    from hatch_torch.config.config import BackendExtra
    from hatch_torch.config.requirements import Line
    from hatch_torch.resolution.model import Answer, Case, Pin


IMPOSSIBLE = "torch<0"
"""Fails an install by a requirement on torch itself, where an extra must not be asked for."""


def additions(
    lines: Iterable[Line], pins: Collection[Pin], family: Collection[str]
) -> list[Addition]:
    """Return what to add for the lines: torch first, the member itself, and the companions.

    `family` are the names that a line has to ask for; pins of other names are companions, which
    go wherever torch goes.
    """
    found = {
        Addition(pin.requirement + _tail(line.requirement.marker), line.extra): None
        for line in lines
        for pin in _pins_for(line, pins, family)
    }
    return list(found)


def for_everybody(pins: Iterable[Pin]) -> list[Addition]:
    """Return the pins as additions to the project's dependencies, whatever the lines say."""
    return [Addition(pin.requirement) for pin in pins]


def _pins_for(line: Line, pins: Iterable[Pin], family: Collection[str]) -> Iterator[Pin]:
    obeyed = line.name if line.requirement.url else None
    for pin in pins:
        if pin.name in {TORCH, line.name} - {obeyed} or pin.name not in family:
            yield pin


def _tail(marker: Marker | None) -> str:
    return f" ; {marker}" if marker else ""


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
    from hatch_torch.resolution.installed import remembered  # noqa: PLC0415 (few have such an extra)

    wants = ranges(lines, case.target.environment, None, (), case.constraints)
    obeyed = any(line.requirement.url for line in lines)
    if not obeyed and (pins := remembered(case, answer, wants, extra)):
        return pins
    from hatch_torch.resolution.solve import complete  # noqa: PLC0415 (likewise)

    try:
        return complete(case, answer.backend, answer.pins, wants)
    except IndexFaultError:
        return None


def _is_declared(case: Case, extra: BackendExtra) -> bool:
    return case.config.wiring.declares(extra.name)


_NEVER = "9999"
_LIBRARIES = ("transformers", "diffusers", "accelerate", "huggingface-hub")


def bounds(release: Version) -> Mapping[str, str]:
    """Return the ranges that go with a release of torch, by library.

    A nightly or a release candidate counts as the release that it becomes.
    """
    becomes = Version(release.base_version)
    for row in rows("compatibility"):
        if Version(row["first"]) <= becomes < Version(row.get("below", _NEVER)):
            return {name: row[name] for name in _LIBRARIES}
    return {}


def bounded(requirements: Iterable[Requirement], release: Version) -> Iterator[Addition]:
    """Yield a bound for each of the libraries that a project requires, under its own marker."""
    known = bounds(release)
    for one in requirements:
        versions = known.get(canonicalize_name(one.name))
        if versions:
            yield Addition(f"{one.name}{versions}" + (f" ; {one.marker}" if one.marker else ""))
