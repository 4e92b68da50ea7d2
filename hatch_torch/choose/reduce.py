"""The machine without the GPUs that hold back its best."""

from __future__ import annotations

from dataclasses import replace
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
            return replace(hardware, accelerators=kept), left_out
    return None


def _capability(accelerator: Accelerator) -> tuple[int, int, str]:
    """Order NVIDIA's GPUs by compute capability, AMD's by memory: their targets have no order."""
    memory = accelerator.memory_mib or 0
    return capability(accelerator) or 0, memory, accelerator.architecture or ""
