"""Chains of probes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hatch_torch.hardware.machine import Machine
from hatch_torch.hardware.model import Accelerator, Hardware, ProbeReport
from hatch_torch.hardware.probe import ProbeResult, run_probes

if TYPE_CHECKING:
    from hatch_torch.hardware.probe import Probe

GPU = Hardware(accelerators=(Accelerator("amd"),))


def test_first_conclusive_result() -> None:
    """Probes run until one is conclusive; those without a result leave no report."""
    probes: list[Probe] = [
        lambda _: None,
        lambda _: ProbeResult.note("a", "there"),
        lambda _: ProbeResult.absent("b", "not there"),
        lambda _: ProbeResult.broken("c", "fails"),
        lambda _: ProbeResult.found("d", "yes", GPU),
        lambda _: ProbeResult.broken("e", "too late"),
    ]
    hardware = run_probes(Machine({}), probes)
    assert GPU.accelerators == hardware.accelerators
    expected = [("a", "found"), ("b", "absent"), ("c", "broken"), ("d", "found")]
    assert expected == [(report.probe, report.result) for report in hardware.probe_reports]


def test_no_hardware_is_conclusive() -> None:
    """That there is no hardware is conclusive, too."""
    hardware = run_probes(
        Machine({}),
        [lambda _: ProbeResult.no_hardware("a", "none"), lambda _: ProbeResult.found("b", "", GPU)],
    )
    assert hardware == Hardware(probe_reports=(ProbeReport("a", "absent", "none", 0),))


def test_no_result() -> None:
    """A chain may end without a result."""
    assert run_probes(Machine({}), [lambda _: None]) == Hardware()


def test_probe_raises() -> None:
    """A probe that raises is reported as broken, and the next one runs."""

    def ask_the_oracle(machine: Machine) -> None:
        raise RecursionError(machine.system)

    hardware = run_probes(Machine({}), [ask_the_oracle, lambda _: ProbeResult.found("b", "", GPU)])
    assert hardware.probe_reports[0].probe == "the oracle"
    assert hardware.probe_reports[0].detail.startswith("RecursionError")
    assert GPU.accelerators == hardware.accelerators
