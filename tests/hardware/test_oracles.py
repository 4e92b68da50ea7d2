"""What conda and rocm-bootstrap say of the recorded machines."""

from __future__ import annotations

from pathlib import Path

import pytest

from hatch_torch.catalog import load_table
from hatch_torch.compatibility.vendors import parse_capability
from hatch_torch.hardware.detect import detect
from tests.support.recorded_machine import RecordedMachine

MACHINES = Path(__file__).parents[2] / "fixtures" / "machines"
ORACLES = load_table("oracles", MACHINES)


def answer(machine: str) -> dict[str, object]:
    """Return our own answer in the words of the table."""
    hardware = detect(RecordedMachine(MACHINES / machine))
    gpus = hardware.of_vendor("nvidia")
    capabilities = [capability for gpu in gpus if (capability := parse_capability(gpu))]
    lowest = min(capabilities, default=None)
    return {
        "cuda": (hardware.nvidia.cuda if hardware.nvidia else None) or "",
        "cuda_arch": f"{lowest // 10}.{lowest % 10}" if lowest else "",
        "gfx": list(dict.fromkeys(gpu.architecture for gpu in hardware.of_vendor("amd"))),
    }


@pytest.mark.parametrize("row", ORACLES, ids=lambda row: str(row["machine"]))
def test_agrees(row: dict[str, object]) -> None:
    """We say the same, unless the row says why not."""
    theirs = {key: row[key] for key in ("cuda", "cuda_arch", "gfx") if key in row}
    ours = {key: value for key, value in answer(str(row["machine"])).items() if key in theirs}
    assert (ours == theirs) == ("differs" not in row), ours


def test_there_are_many() -> None:
    """Both programs answer for several machines of each kind."""
    assert sum("cuda" in row for row in ORACLES) >= 12
    assert sum("gfx" in row for row in ORACLES) >= 9
