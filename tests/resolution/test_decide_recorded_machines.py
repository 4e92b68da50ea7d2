"""The wheel of every recorded machine."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from hatch_torch.catalog import load_table, target as targets
from hatch_torch.errors import NoAnswerError
from hatch_torch.hardware.detect import detect
from tests.support.recorded_machine import RecordedMachine

if TYPE_CHECKING:
    from hatch_torch.hardware.model import Hardware
    from tests.resolution.conftest import DecisionBench

MACHINES = Path(__file__).parents[2] / "fixtures" / "machines"
CHOICES = load_table("choices", MACHINES)


def chosen(bench: DecisionBench, hardware: Hardware, requirement: str) -> str:
    """Return the release and backend of a machine's torch, as the table writes them."""
    platform = targets.platform_name(hardware.system or "", hardware.machine or "")
    try:
        found = bench.decide(hardware, requirement, platform=platform, libc=hardware.libc)
    except NoAnswerError:
        return "none"
    return f"{found.pins[0].version.public} {found.backend}" if found.backend else "portable"


@pytest.mark.parametrize("row", CHOICES, ids=lambda row: str(row["machine"]))
def test_gets_the_wheel_that_runs(bench: DecisionBench, row: dict[str, str]) -> None:
    """A machine gets the wheel in the table, of all releases and of an older range."""
    hardware = detect(RecordedMachine(MACHINES / row["machine"]))
    expected = row["newest"], row["older"]
    found = chosen(bench, hardware, "torch"), chosen(bench, hardware, "torch>=2.4,<2.7")
    assert expected == found, row["why"]


def test_every_recorded_machine_has_its_choice() -> None:
    """Every recording has an expectation, and there are at least forty."""
    recorded = sorted(path.parent.name for path in MACHINES.glob("*/machine.toml"))
    assert recorded == [row["machine"] for row in CHOICES]
    assert len(recorded) >= 40
