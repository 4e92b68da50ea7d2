"""Probes ask the machine one question each; a chain ends with the first conclusive result."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from hatch_torch.hardware.model import Hardware, ProbeReport

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from hatch_torch.hardware.machine import Machine

    Probe = Callable[[Machine], "ProbeResult | None"]


class ProbeResult(NamedTuple):
    """The result of one probe. It is conclusive if it has `facts`, even if these are empty."""

    report: ProbeReport
    facts: Hardware | None = None

    @classmethod
    def found(cls, probe: str, detail: str, facts: Hardware) -> ProbeResult:
        """Return the conclusive result of a probe that found hardware."""
        return cls(ProbeReport(probe, "found", detail), facts)

    @classmethod
    def note(cls, probe: str, detail: str) -> ProbeResult:
        """Return an inconclusive result with a remark: the next probe runs."""
        return cls(ProbeReport(probe, "found", detail))

    @classmethod
    def absent(cls, probe: str, detail: str) -> ProbeResult:
        """Return the result of a probe whose tool or file does not exist: the next probe runs."""
        return cls(ProbeReport(probe, "absent", detail))

    @classmethod
    def broken(cls, probe: str, detail: str, facts: Hardware | None = None) -> ProbeResult:
        """Return the result of a probe that should work and does not; by default inconclusive."""
        return cls(ProbeReport(probe, "broken", detail), facts)

    @classmethod
    def no_hardware(cls, probe: str, detail: str) -> ProbeResult:
        """Return the conclusive result that the vendor has no hardware here."""
        return cls(ProbeReport(probe, "absent", detail), Hardware())


def run_probes(machine: Machine, probes: Iterable[Probe]) -> Hardware:
    """Return the facts of the first conclusive probe, with the reports of all that ran.

    A probe that has nothing to report returns None. Never raises.
    """
    reports: list[ProbeReport] = []
    for probe in probes:
        start = machine.clock()
        result = _run_safely(machine, probe)
        if result:
            milliseconds = round((machine.clock() - start) * 1000)
            reports.append(result.report._replace(milliseconds=milliseconds))
            if result.facts is not None:
                return result.facts._replace(probe_reports=tuple(reports))
    return Hardware(probe_reports=tuple(reports))


def _run_safely(machine: Machine, probe: Probe) -> ProbeResult | None:
    try:
        return probe(machine)
    except Exception as error:  # noqa: BLE001 - a bug in detection must not break an installation
        name = getattr(probe, "__name__", "probe").removeprefix("ask_").replace("_", " ")
        return ProbeResult.broken(name, f"{type(error).__name__}: {error}")
