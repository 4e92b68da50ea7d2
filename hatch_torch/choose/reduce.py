"""The machine without the GPUs that hold back its best."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from hatch_torch.choose.amd import amd_gpus
from hatch_torch.choose.nvidia import capability, nvidia_gpus

if TYPE_CHECKING:
    from hatch_torch.hardware.facts import Accelerator, Hardware


def most_capable(hardware: Hardware) -> tuple[Hardware, tuple[Accelerator, ...]] | None:
    """Return the machine with only the best GPU of a vendor (and its like), and those left out.

    NVIDIA's GPUs are reduced where they differ, else AMD's; None where all are alike. The result
    has to be ranked anew, since other backends may be usable on it.
    """
    for gpus in (nvidia_gpus(hardware), amd_gpus(hardware)):
        best = max(gpus, key=_capability, default=None)
        left_out = tuple(one for one in gpus if best and one.architecture != best.architecture)
        if left_out:
            kept = tuple(one for one in hardware.accelerators if one not in left_out)
            return hardware._replace(accelerators=kept), left_out
    return None


def _capability(accelerator: Accelerator) -> tuple[int, int, int, str]:
    """Order NVIDIA's GPUs by compute capability, AMD's by memory: their targets have no order.

    Where AMD's memory is the same, or unknown, the newer generation is the more capable one.
    """
    architecture = accelerator.architecture or ""
    memory = accelerator.memory_mib or 0
    return capability(accelerator) or 0, memory, _generation(architecture), architecture


def _generation(architecture: str) -> int:
    """Return the major of a gfx target: 11 for ``gfx1100``, 9 for ``gfx90a``; else 0."""
    match = re.match(r"gfx(\d+)[0-9a-f]{2}(?![0-9a-f])", architecture)
    return int(match[1]) if match else 0
