"""`requirements`: the family as exact wheels, everything else as it was written."""

from __future__ import annotations

from typing import TYPE_CHECKING

from packaging.utils import canonicalize_name

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from packaging.requirements import Requirement

    from hatch_torch.deciding.pins import Pin
    from hatch_torch.export.subject import Subject


def requirements(subject: Subject) -> str:
    """Return a requirements file for the target, or the given one with the family replaced."""
    if subject.file:
        named = [one for one in subject.file.requirements if subject.pin_of(one)]
        new = (subject.header, *_in_front(subject, named))
        return subject.file.rewritten(new, lambda one: _replaced(subject, one))
    written = subject.config.dependencies
    named = [one for one in written if subject.pin_of(one)]
    lines = (_replaced(subject, one) or str(one) for one in written)
    return "".join(f"{line}\n" for line in (subject.header, *_in_front(subject, named), *lines))


def exact(requirement: Requirement, pin: Pin) -> str:
    """Return a requirement for a pin, with the extras and the marker of what it stands in for."""
    extras = f"[{','.join(sorted(requirement.extras))}]" if requirement.extras else ""
    marker = f" ; {requirement.marker}" if requirement.marker else ""
    return f"{pin.name}{extras}{pin.requirement.removeprefix(pin.name)}{marker}"


def _replaced(subject: Subject, requirement: Requirement) -> str | None:
    pin = subject.pin_of(requirement)
    return exact(requirement, pin) if pin else None


def _in_front(subject: Subject, named: Iterable[Requirement]) -> Iterator[str]:
    """Yield what is added beside the lines that are replaced: torch, and what comes with it."""
    there = {canonicalize_name(one.name) for one in named}
    for addition in subject.decision.additions:
        if addition.extra is None and addition.name not in there:
            yield addition.requirement
