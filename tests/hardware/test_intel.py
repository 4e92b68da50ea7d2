"""Intel: PCI numbers against the table."""

from __future__ import annotations

import re
from collections import Counter

import pytest

from hatch_torch.catalog import load_table
from hatch_torch.hardware.intel import ask_level_zero, look_up_gpu, parse_level_zero
from hatch_torch.hardware.machine import Machine
from hatch_torch.hardware.pci import GraphicsDevice
from hatch_torch.hardware.process import CompletedProcess


@pytest.mark.parametrize(
    ("device", "architecture"),
    [
        ("e20b", "xe2"),
        ("64a0", "xe2"),
        ("56a0", "xe-hpg"),
        ("56c0", "xe-hpg"),
        ("7d55", "xe-lpg"),
        ("7d51", "xe-lpg"),
        ("0bd5", "xe-hpc"),
        ("b080", "xe3"),
        ("9a49", "xe-lp"),
        ("a780", "xe-lp"),
        ("4905", "xe-lp"),
        ("3e92", "gen9"),
        ("8a52", "gen11"),
        ("ffee", None),
    ],
)
def test_architecture(device: str, architecture: str | None) -> None:
    """A device's number tells its architecture; one that the table lacks has none."""
    assert architecture == look_up_gpu(GraphicsDevice("8086", device)).architecture


def test_name() -> None:
    """Windows' own name goes before the table's, and a number stands in for both."""
    assert (
        look_up_gpu(GraphicsDevice("8086", "56a0", name="Intel(R) Arc(TM)")).name
        == "Intel(R) Arc(TM)"
    )
    assert look_up_gpu(GraphicsDevice("8086", "56a0")).name == "Intel Arc A770"
    assert look_up_gpu(GraphicsDevice("8086", "ffee")).name == "Intel graphics ffee"


def test_each_number_once() -> None:
    """No device is in two rows, and each number is spelled as sysfs spells it."""
    numbers = Counter(number for row in load_table("intel") for number in row["pci"])
    assert [number for number, count in numbers.items() if count > 1] == []
    assert [number for number in numbers if not re.fullmatch("[0-9a-f]{4}", number)] == []


def test_every_architecture_of_xpu() -> None:
    """Each architecture that XPU wheels run on has devices here, and others have too."""
    known = {row["architecture"] for row in load_table("intel")}
    usable = {row["name"] for row in load_table("xpu")}
    assert usable < known
    assert {"gen9", "xe-lp"}.isdisjoint(usable)


class TestLevelZero:
    """What the child process says."""

    def test_devices(self) -> None:
        """Intel's GPUs are those of the table; without a library there are none."""
        text = '{"gpus": [{"vendor": 32902, "device": 22176}, {"vendor": 4318, "device": 1}]}'
        assert parse_level_zero(text) == (GraphicsDevice("8086", "56a0"),)
        assert parse_level_zero('{"fault": "none", "missing": true}') == ()
        assert parse_level_zero('{"gpus": [{"vendor": "8086"}, 3]}') == ()

    @pytest.mark.parametrize("text", ["", "[]", '{"fault": "zeInit fails"}'])
    def test_no_answer(self, text: str) -> None:
        """Anything else is no answer."""
        with pytest.raises(ValueError, match=r"Expecting value|not an answer"):
            parse_level_zero(text)

    @pytest.mark.parametrize(
        ("ran", "result"), [(None, "absent"), (CompletedProcess(exit_code=None), "broken")]
    )
    def test_no_process(self, ran: CompletedProcess | None, result: str) -> None:
        """A child that does not start or does not answer leaves the matter open."""

        class Mute(Machine):
            def ask_library(self, question: str, seconds: float) -> CompletedProcess | None:  # noqa: ARG002 - mute
                return ran

        assert ask_level_zero(Mute({})).report.result == result
