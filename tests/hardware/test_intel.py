"""Intel's GPUs: PCI numbers, and Level Zero."""

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
        ("674c", "xe3p"),
        ("d75f", "xe3p"),
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
    """The table has the architecture of a device number; other devices have none."""
    assert architecture == look_up_gpu(GraphicsDevice("8086", device)).architecture


def test_name() -> None:
    """The name in Windows' registry takes precedence over the table's; else it is the number."""
    assert (
        look_up_gpu(GraphicsDevice("8086", "56a0", name="Intel(R) Arc(TM)")).name
        == "Intel(R) Arc(TM)"
    )
    assert look_up_gpu(GraphicsDevice("8086", "56a0")).name == "Intel Arc A770"
    assert look_up_gpu(GraphicsDevice("8086", "ffee")).name == "Intel graphics ffee"


def test_each_number_once() -> None:
    """No device is in two rows, and each number is spelled as in sysfs."""
    numbers = Counter(number for row in load_table("intel") for number in row["pci"])
    assert [number for number, count in numbers.items() if count > 1] == []
    assert [number for number in numbers if not re.fullmatch("[0-9a-f]{4}", number)] == []


def test_every_architecture_of_xpu() -> None:
    """The table has devices for every architecture of XPU wheels, and for others."""
    known = {row["architecture"] for row in load_table("intel")}
    supported = {row["name"] for row in load_table("xpu")}
    assert supported < known
    assert {"gen9", "xe-lp"}.isdisjoint(supported)


class TestLevelZero:
    """The answer of the child process."""

    def test_devices(self) -> None:
        """GPUs of other vendors are skipped; without a library there are none."""
        text = '{"gpus": [{"vendor": 32902, "device": 22176}, {"vendor": 4318, "device": 1}]}'
        assert parse_level_zero(text) == (GraphicsDevice("8086", "56a0"),)
        assert parse_level_zero('{"fault": "none", "missing": true}') == ()
        assert parse_level_zero('{"gpus": [{"vendor": "8086"}, 3]}') == ()

    @pytest.mark.parametrize("text", ["", "[]", '{"fault": "zeInit fails"}'])
    def test_no_answer(self, text: str) -> None:
        """Other output raises ValueError."""
        with pytest.raises(ValueError, match=r"Expecting value|not an answer"):
            parse_level_zero(text)

    @pytest.mark.parametrize(
        ("completed", "result"), [(None, "absent"), (CompletedProcess(exit_code=None), "broken")]
    )
    def test_no_process(self, completed: CompletedProcess | None, result: str) -> None:
        """A child that does not start, or times out, gives an inconclusive result."""

        class NoAnswerMachine(Machine):
            def ask_library(self, library: str, seconds: float) -> CompletedProcess | None:  # noqa: ARG002 - a fake
                return completed

        assert ask_level_zero(NoAnswerMachine({})).report.result == result
