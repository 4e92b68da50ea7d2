"""Detection: the facts about a machine, from a chain of probes for each vendor. Never raises.

Each chain starts with the variables by which uv and conda are told what a machine has.
"""

from __future__ import annotations

from itertools import chain
from typing import TYPE_CHECKING

from hatch_torch.hardware import amd, host, intel, nvidia, parsers
from hatch_torch.hardware.model import Accelerator, Hardware, Nvidia
from hatch_torch.hardware.probe import ProbeResult, run_probes

if TYPE_CHECKING:
    from collections.abc import Collection

    from hatch_torch.hardware.machine import Machine

_UV_DRIVER, _CONDA_CUDA = "UV_CUDA_DRIVER_VERSION", "CONDA_OVERRIDE_CUDA"
_UV_GFX = "UV_AMD_GPU_ARCHITECTURE"


def ask_uv_cuda_driver(machine: Machine) -> ProbeResult | None:
    """Return the NVIDIA driver that uv is told to assume."""
    value = machine.environ.get(_UV_DRIVER, "").strip()
    if not value:
        return None
    if not (driver := parsers.parse_driver(value)):
        return _invalid(_UV_DRIVER, value, "a driver such as 550.144.03")
    return ProbeResult.found(_UV_DRIVER, driver, _nvidia_gpu(Nvidia(driver=driver)))


def ask_conda_cuda(machine: Machine) -> ProbeResult | None:
    """Return the CUDA release that conda is told to assume; an empty value means no CUDA."""
    value = machine.environ.get(_CONDA_CUDA)
    if value is None:
        return None
    if not value.strip():
        return ProbeResult.no_hardware(_CONDA_CUDA, "empty: no CUDA")
    if not (cuda := parsers.parse_cuda(value)):
        return _invalid(_CONDA_CUDA, value, "a CUDA release such as 12.4, or nothing for no CUDA")
    return ProbeResult.found(_CONDA_CUDA, cuda, _nvidia_gpu(Nvidia(cuda=cuda)))


def ask_uv_amd_architecture(machine: Machine) -> ProbeResult | None:
    """Return the AMD architecture that uv is told to assume."""
    value = machine.environ.get(_UV_GFX, "").strip()
    if not value:
        return None
    if not (architecture := parsers.parse_gfx(value)):
        return _invalid(_UV_GFX, value, "an architecture such as gfx942")
    gpu = Accelerator("amd", architecture=architecture)
    return ProbeResult.found(_UV_GFX, architecture, Hardware(accelerators=(gpu,)))


def _nvidia_gpu(nvidia_facts: Nvidia) -> Hardware:
    return Hardware(accelerators=(Accelerator("nvidia"),), nvidia=nvidia_facts)


def _invalid(variable: str, value: str, expected: str) -> ProbeResult:
    got = parsers.sanitize(value)
    return ProbeResult.broken(variable, f"ignored: expected {expected}, got {got!r}")


PROBES = (
    ("nvidia", (ask_uv_cuda_driver, ask_conda_cuda, *nvidia.PROBES)),
    ("amd", (ask_uv_amd_architecture, *amd.PROBES)),
    ("amd", amd.ROCM_PROBES),
    ("intel", intel.PROBES),
    ("apple", host.APPLE_PROBES),
)
"""The chains of probes, each with its vendor; in a chain the cheapest probe is the first."""


def detect(machine: Machine, vendors: Collection[str] | None = None) -> Hardware:
    """Return the hardware of all vendors, or of these, with a report for each probe that ran.

    For a vendor without hardware here this looks up a few files, and starts no process.
    """
    parts = [
        run_probes(machine, probes)
        for vendor, probes in PROBES
        if vendors is None or vendor in vendors
    ]
    base = run_probes(machine, [host.ask_host])
    return base._replace(
        accelerators=tuple(chain.from_iterable(part.accelerators for part in parts)),
        nvidia=next(filter(None, (part.nvidia for part in parts)), None),
        rocm=next(filter(None, (part.rocm for part in parts)), None),
        probe_reports=tuple(chain.from_iterable(part.probe_reports for part in (*parts, base))),
        environment_hints=tuple(
            chain.from_iterable(part.environment_hints for part in (*parts, base))
        ),
    )
