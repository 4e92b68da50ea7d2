"""Variables of other tools that say what a machine has, in place of probing (build machines)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hatch_torch.hardware import reading
from hatch_torch.hardware.chain import broken, found, nothing
from hatch_torch.hardware.facts import Accelerator, Hardware, Nvidia

if TYPE_CHECKING:
    from hatch_torch.hardware.chain import Answer
    from hatch_torch.hardware.machine import Machine

_DRIVER, _CUDA, _GFX = "UV_CUDA_DRIVER_VERSION", "CONDA_OVERRIDE_CUDA", "UV_AMD_GPU_ARCHITECTURE"


def nvidia_by_uv(machine: Machine) -> Answer | None:
    """Take the driver that uv is told to take."""
    value = machine.environ.get(_DRIVER, "").strip()
    if not value:
        return None
    if not (driver := reading.driver(value)):
        return _bad(_DRIVER, value, "a driver such as 550.144.03")
    return found(_DRIVER, driver, _nvidia(Nvidia(driver=driver)))


def nvidia_by_conda(machine: Machine) -> Answer | None:
    """Take the CUDA release that conda is told to take; an empty value is no CUDA at all."""
    value = machine.environ.get(_CUDA)
    if value is None:
        return None
    if not value.strip():
        return nothing(_CUDA, "empty: no CUDA")
    if not (cuda := reading.cuda(value)):
        return _bad(_CUDA, value, "a release of CUDA such as 12.4, or nothing for none")
    return found(_CUDA, cuda, _nvidia(Nvidia(cuda=cuda)))


def amd_by_uv(machine: Machine) -> Answer | None:
    """Take the target that uv is told to take."""
    value = machine.environ.get(_GFX, "").strip()
    if not value:
        return None
    if not (target := reading.gfx(value)):
        return _bad(_GFX, value, "a target such as gfx942")
    gpu = Accelerator("amd", architecture=target)
    return found(_GFX, target, Hardware(accelerators=(gpu,)))


def _nvidia(nvidia: Nvidia) -> Hardware:
    return Hardware(accelerators=(Accelerator("nvidia"),), nvidia=nvidia)


def _bad(variable: str, value: str, allowed: str) -> Answer:
    return broken(variable, f"found {reading.clean(value)!r}, allowed is {allowed}; ignored")
