"""Variables of other tools that say what a machine has, in place of probing (build machines).

What a machine has: every vendor asked by its own chain of ways. Detection never raises.
"""

from __future__ import annotations

from itertools import chain
from typing import TYPE_CHECKING

from hatch_torch.hardware import amd, host as apple, intel, nvidia, parsers as reading
from hatch_torch.hardware.host import ask_host
from hatch_torch.hardware.model import Accelerator, Hardware, Nvidia
from hatch_torch.hardware.probe import ask, broken, found, nothing

if TYPE_CHECKING:
    from collections.abc import Collection

    from hatch_torch.hardware.machine import Machine
    from hatch_torch.hardware.probe import Answer


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


PROBES = (
    ("nvidia", (nvidia_by_uv, nvidia_by_conda, *nvidia.WAYS)),
    ("amd", (amd_by_uv, *amd.WAYS)),
    ("amd", amd.INSTALLED),
    ("intel", intel.WAYS),
    ("apple", apple.WAYS),
)
"""Each vendor's chains: of its ways the cheapest stands first, and the first that knows ends."""


def detect(machine: Machine, vendors: Collection[str] | None = None) -> Hardware:
    """Return what a machine has, of all vendors or of some; every probe leaves its source.

    A vendor that is not there costs some look-ups of files, no process and no library.
    """
    parts = [ask(machine, ways) for vendor, ways in PROBES if vendors is None or vendor in vendors]
    host = ask(machine, [ask_host])
    return host._replace(
        accelerators=tuple(chain.from_iterable(part.accelerators for part in parts)),
        nvidia=next(filter(None, (part.nvidia for part in parts)), None),
        rocm=next(filter(None, (part.rocm for part in parts)), None),
        sources=tuple(chain.from_iterable(part.sources for part in (*parts, host))),
        signs=tuple(chain.from_iterable(part.signs for part in (*parts, host))),
    )
