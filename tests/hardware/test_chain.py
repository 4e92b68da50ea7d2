"""A chain of ways."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hatch_torch.hardware.machine import Machine
from hatch_torch.hardware.model import Accelerator, Hardware, Source
from hatch_torch.hardware.probe import absent, ask, broken, found, noted, nothing

if TYPE_CHECKING:
    from hatch_torch.hardware.probe import Way

GPU = Hardware(accelerators=(Accelerator("amd"),))


def test_first_that_settles() -> None:
    """Each is asked until one settles the matter; those without anything to say leave nothing."""
    ways: list[Way] = [
        lambda _: None,
        lambda _: noted("a", "there"),
        lambda _: absent("b", "not there"),
        lambda _: broken("c", "fails"),
        lambda _: found("d", "yes", GPU),
        lambda _: broken("e", "too late"),
    ]
    hardware = ask(Machine({}), ways)
    assert GPU.accelerators == hardware.accelerators
    expected = [("a", "found"), ("b", "absent"), ("c", "broken"), ("d", "found")]
    assert expected == [(one.probe, one.result) for one in hardware.sources]


def test_nothing_settles() -> None:
    """That there is nothing is an answer, too."""
    hardware = ask(Machine({}), [lambda _: nothing("a", "none"), lambda _: found("b", "", GPU)])
    assert hardware == Hardware(sources=(Source("a", "absent", "none", 0),))


def test_nobody_knows() -> None:
    """A chain may end without any answer."""
    assert ask(Machine({}), [lambda _: None]) == Hardware()


def test_a_way_fails() -> None:
    """A fault of our own is the way's, and the next one is asked."""

    def ask_the_oracle(machine: Machine) -> None:
        raise RecursionError(machine.system)

    hardware = ask(Machine({}), [ask_the_oracle, lambda _: found("b", "", GPU)])
    assert hardware.sources[0].probe == "the oracle"
    assert hardware.sources[0].detail.startswith("RecursionError")
    assert GPU.accelerators == hardware.accelerators
