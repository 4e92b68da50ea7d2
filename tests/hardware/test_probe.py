"""A chain of ways."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hatch_torch.hardware.machine import Machine
from hatch_torch.hardware.model import Accelerator, Hardware, ProbeReport
from hatch_torch.hardware.probe import ProbeResult, run_probes

if TYPE_CHECKING:
    from hatch_torch.hardware.probe import Probe

GPU = Hardware(accelerators=(Accelerator("amd"),))


def test_first_that_settles() -> None:
    """Each is asked until one settles the matter; those without anything to say leave nothing."""
    ways: list[Probe] = [
        lambda _: None,
        lambda _: ProbeResult.note("a", "there"),
        lambda _: ProbeResult.absent("b", "not there"),
        lambda _: ProbeResult.broken("c", "fails"),
        lambda _: ProbeResult.found("d", "yes", GPU),
        lambda _: ProbeResult.broken("e", "too late"),
    ]
    hardware = run_probes(Machine({}), ways)
    assert GPU.accelerators == hardware.accelerators
    expected = [("a", "found"), ("b", "absent"), ("c", "broken"), ("d", "found")]
    assert expected == [(one.probe, one.result) for one in hardware.probe_reports]


def test_nothing_settles() -> None:
    """That there is nothing is an answer, too."""
    hardware = run_probes(
        Machine({}),
        [lambda _: ProbeResult.no_hardware("a", "none"), lambda _: ProbeResult.found("b", "", GPU)],
    )
    assert hardware == Hardware(probe_reports=(ProbeReport("a", "absent", "none", 0),))


def test_nobody_knows() -> None:
    """A chain may end without any answer."""
    assert run_probes(Machine({}), [lambda _: None]) == Hardware()


def test_a_way_fails() -> None:
    """A fault of our own is the way's, and the next one is asked."""

    def ask_the_oracle(machine: Machine) -> None:
        raise RecursionError(machine.system)

    hardware = run_probes(Machine({}), [ask_the_oracle, lambda _: ProbeResult.found("b", "", GPU)])
    assert hardware.probe_reports[0].probe == "the oracle"
    assert hardware.probe_reports[0].detail.startswith("RecursionError")
    assert GPU.accelerators == hardware.accelerators
