"""The machine with fewer of its GPUs, the best subset first."""

from __future__ import annotations

from itertools import islice

from hatch_torch.compatibility.ranking import iter_gpu_subsets
from hatch_torch.hardware.model import Accelerator, Hardware

PASCAL = Accelerator("nvidia", "GTX 1080 Ti", "sm_61", 11264)
AMPERE = Accelerator("nvidia", "RTX 3090", "sm_86", 24576)
BLACKWELL = Accelerator("nvidia", "RTX 5060", "sm_120", 8192)
RADEON = Accelerator("amd", "RX 7900 XTX", "gfx1100", 24576)
OLD_RADEON = Accelerator("amd", "RX 5700", "gfx1010", 8192)
INTEGRATED = Accelerator("amd", "Raphael", "gfx1036", 65536)


def _kept(*gpus: Accelerator) -> list[tuple[Accelerator, ...]]:
    return [one.accelerators for one, _ in iter_gpu_subsets(Hardware(accelerators=gpus))]


def test_newest_of_nvidia() -> None:
    """All GPUs with the highest compute capability come first, then those without them."""
    machine = Hardware(accelerators=(PASCAL, BLACKWELL, RADEON, BLACKWELL))
    best = Hardware(accelerators=(BLACKWELL, RADEON, BLACKWELL))
    other = Hardware(accelerators=(PASCAL, RADEON))
    assert [*iter_gpu_subsets(machine)] == [(best, (PASCAL,)), (other, (BLACKWELL, BLACKWELL))]


def test_three_kinds() -> None:
    """As many GPUs as possible are kept beside the best one, the better ones first."""
    assert _kept(PASCAL, AMPERE, BLACKWELL) == [
        (AMPERE, BLACKWELL),
        (PASCAL, BLACKWELL),
        (BLACKWELL,),
        (PASCAL, AMPERE),
        (AMPERE,),
        (PASCAL,),
    ]


def test_many_kinds() -> None:
    """Of many kinds the best are kept together, then each alone: never all combinations."""
    gpus = [Accelerator("nvidia", f"GPU {number}", f"sm_{number}") for number in range(40, 60)]
    kept = _kept(*gpus)
    assert len(kept) < 2 * len(gpus)
    assert kept[0] == tuple(gpus[1:])
    assert kept[-1] == (gpus[0],)


def test_largest_of_amd() -> None:
    """AMD's architectures have no order, so memory decides; integrated GPUs don't matter."""
    assert _kept(INTEGRATED, OLD_RADEON, RADEON) == [(INTEGRATED, RADEON), (INTEGRATED, OLD_RADEON)]


def test_newest_of_amd() -> None:
    """If the memory is unknown, the newer generation comes first."""
    older, newer = (Accelerator("amd", architecture=name) for name in ("gfx90a", "gfx1100"))
    assert _kept(older, newer) == [(newer,), (older,)]


def test_unknown_gives_way() -> None:
    """A GPU of unknown architecture is dropped before a known one."""
    unknown = Accelerator("nvidia", memory_mib=80000)
    assert _kept(unknown, PASCAL) == [(PASCAL,), (unknown,)]


def test_two_vendors() -> None:
    """Of one vendor's GPUs some are dropped, never of both at once."""
    parts = _kept(PASCAL, BLACKWELL, OLD_RADEON, RADEON)
    assert [*islice(parts, 2)] == [(BLACKWELL, OLD_RADEON, RADEON), (PASCAL, OLD_RADEON, RADEON)]
    assert parts[2:] == [(PASCAL, BLACKWELL, RADEON), (PASCAL, BLACKWELL, OLD_RADEON)]


def test_nothing_to_drop() -> None:
    """GPUs that are alike, and those of different vendors, are kept."""
    assert _kept(PASCAL, RADEON, PASCAL) == []
    assert _kept() == []
