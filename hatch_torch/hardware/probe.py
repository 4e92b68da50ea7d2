"""A chain of ways to find something out, the cheapest first; the first that settles it ends."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from hatch_torch.hardware.model import Hardware, Source

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from hatch_torch.hardware.machine import Machine

    Way = Callable[[Machine], "Answer | None"]


class Answer(NamedTuple):
    """What one way said; with `facts` the matter is settled, also by facts that are empty."""

    source: Source
    facts: Hardware | None = None


def found(probe: str, detail: str, facts: Hardware) -> Answer:
    """Return an answer that settles the matter."""
    return Answer(Source(probe, "found", detail), facts)


def noted(probe: str, detail: str) -> Answer:
    """Return an answer that says something and leaves the matter open."""
    return Answer(Source(probe, "found", detail))


def absent(probe: str, detail: str) -> Answer:
    """Return the answer of a way that is not there to be asked: the next one is."""
    return Answer(Source(probe, "absent", detail))


def broken(probe: str, detail: str) -> Answer:
    """Return the answer of a way that should work and does not: the next one is asked."""
    return Answer(Source(probe, "broken", detail))


def nothing(probe: str, detail: str) -> Answer:
    """Return the answer that settles that there is nothing."""
    return Answer(Source(probe, "absent", detail), Hardware())


def ask(machine: Machine, ways: Iterable[Way]) -> Hardware:
    """Ask one way after the other until one settles the matter; keep what each of them said.

    A way without anything to say returns None. Never raises.
    """
    sources: list[Source] = []
    for way in ways:
        start = machine.clock()
        answer = _ask_safely(machine, way)
        if answer:
            spent = round((machine.clock() - start) * 1000)
            sources.append(answer.source._replace(milliseconds=spent))
            if answer.facts is not None:
                return answer.facts._replace(sources=tuple(sources))
    return Hardware(sources=tuple(sources))


def _ask_safely(machine: Machine, way: Way) -> Answer | None:
    try:
        return way(machine)
    except Exception as error:  # noqa: BLE001 - no fault in detection may break an installation
        name = getattr(way, "__name__", "probe").removeprefix("ask_").replace("_", " ")
        return broken(name, f"{type(error).__name__}: {error}")
