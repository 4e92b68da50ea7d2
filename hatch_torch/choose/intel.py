"""Intel: XPU wheels run on the architectures of Arc and later, not on old integrated graphics."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hatch_torch.choose.words import named
from hatch_torch.tables import rows

if TYPE_CHECKING:
    from hatch_torch.hardware.facts import Accelerator, Hardware


def intel_gpus(hardware: Hardware) -> tuple[Accelerator, ...]:
    """Return the GPUs that run XPU wheels; others beside them do not count."""
    run = {row["name"] for row in rows("xpu")}
    return tuple(one for one in hardware.of_vendor("intel") if one.architecture in run)


def no_xpu(hardware: Hardware) -> str | None:
    """Say why no Intel GPU here runs XPU wheels, or None."""
    if intel_gpus(hardware):
        return None
    gpus = hardware.of_vendor("intel")
    return f"XPU wheels do not run on {named(gpus)}" if gpus else "no Intel GPU"
