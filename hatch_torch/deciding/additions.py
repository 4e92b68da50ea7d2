"""Pins to the requirements that are added, each under its line's marker and extra."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from hatch_torch.deciding.offers import TORCH

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator

    from packaging.markers import Marker

    from hatch_torch.deciding.pins import Pin
    from hatch_torch.project.wants import Line

IMPOSSIBLE = "torch<0"
"""Fails an install by a requirement on torch itself, where an extra must not be asked for."""


class Addition(NamedTuple):
    """A requirement that goes in front of the project's dependencies, or of an extra's."""

    requirement: str
    """With its marker, but without the extra's."""
    extra: str | None = None

    @property
    def name(self) -> str:
        """The normalized name of what is required."""
        return canonicalize_name(Requirement(self.requirement).name)

    @property
    def line(self) -> str:
        """The requirement as the core metadata has it, with the extra in its marker."""
        if self.extra is None:
            return self.requirement
        requirement, separator, marker = self.requirement.partition(" ; ")
        within = f"({marker}) and " if separator else ""
        return f'{requirement} ; {within}extra == "{self.extra}"'


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
