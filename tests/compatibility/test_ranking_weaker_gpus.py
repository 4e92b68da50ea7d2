"""Dropping the weaker GPUs of a machine."""

from __future__ import annotations

from hatch_torch.compatibility.ranking import drop_weaker_gpus
from hatch_torch.hardware.model import Accelerator, Hardware

PASCAL = Accelerator("nvidia", "GTX 1080 Ti", "sm_61", 11264)
BLACKWELL = Accelerator("nvidia", "RTX 5060", "sm_120", 8192)
RADEON = Accelerator("amd", "RX 7900 XTX", "gfx1100", 24576)
OLD_RADEON = Accelerator("amd", "RX 5700", "gfx1010", 8192)
INTEGRATED = Accelerator("amd", "Raphael", "gfx1036", 65536)


def test_newest_of_nvidia() -> None:
    """All GPUs with the highest compute capability are kept."""
    machine = Hardware(accelerators=(PASCAL, BLACKWELL, RADEON, BLACKWELL))
    expected = Hardware(accelerators=(BLACKWELL, RADEON, BLACKWELL))
    assert drop_weaker_gpus(machine) == (expected, (PASCAL,))


def test_largest_of_amd() -> None:
    """AMD's architectures have no order, so memory decides; integrated GPUs don't matter."""
    machine = Hardware(accelerators=(INTEGRATED, OLD_RADEON, RADEON))
    expected = Hardware(accelerators=(INTEGRATED, RADEON))
    assert drop_weaker_gpus(machine) == (expected, (OLD_RADEON,))


def test_newest_of_amd() -> None:
    """If the memory is unknown, the newer generation is kept."""
    older, newer = (Accelerator("amd", architecture=name) for name in ("gfx90a", "gfx1100"))
    machine = Hardware(accelerators=(older, newer))
    assert drop_weaker_gpus(machine) == (Hardware(accelerators=(newer,)), (older,))


def test_unknown_gives_way() -> None:
    """A GPU of unknown architecture is dropped if there is a known one."""
    unknown = Accelerator("nvidia", memory_mib=80000)
    machine = Hardware(accelerators=(unknown, PASCAL))
    assert drop_weaker_gpus(machine) == (Hardware(accelerators=(PASCAL,)), (unknown,))


def test_nothing_to_reduce() -> None:
    """GPUs that are alike, and those of different vendors, are kept."""
    assert drop_weaker_gpus(Hardware(accelerators=(PASCAL, RADEON, PASCAL))) is None
    assert drop_weaker_gpus(Hardware()) is None
