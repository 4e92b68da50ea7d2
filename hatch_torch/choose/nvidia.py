"""NVIDIA: the driver says which CUDA releases run, each GPU which machine code it needs."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from hatch_torch.choose.builds import build
from hatch_torch.choose.driver import driver_lacks, full_cuda
from hatch_torch.choose.words import named
from hatch_torch.hardware.facts import Nvidia

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from packaging.version import Version

    from hatch_torch.backend import Backend
    from hatch_torch.hardware.facts import Accelerator, Hardware
    from hatch_torch.target import Target

_UNIFIED = (13, 2)
"""From this CUDA on a Jetson's GPU runs what servers run (NVIDIA's SBSA unification)."""

_RENAMED = {101: 110}
"""Capabilities that NVIDIA gave another number: Thor, in CUDA 13."""


def nvidia_gpus(hardware: Hardware) -> tuple[Accelerator, ...]:
    """Return the GPUs that a wheel must run on: every one."""
    return hardware.of_vendor("nvidia")


def no_cuda(
    backend: Backend, release: Version | None, hardware: Hardware, target: Target
) -> str | None:
    """Say what keeps torch ``release`` of a CUDA backend from running on some GPU, or None.

    Without a release only the driver decides: nobody knows what a private index's wheels hold.
    """
    gpus = nvidia_gpus(hardware)
    if not gpus:
        return "no NVIDIA GPU"
    nvidia = hardware.nvidia or Nvidia()
    if nvidia == Nvidia() and None in map(capability, gpus):
        return "no NVIDIA driver whose version is known"
    lacking = driver_lacks(backend, nvidia, target.platform)
    if lacking or release is None:
        return lacking
    return _no_code(backend, release, hardware, target)


def cuda_distances(
    backends: Collection[Backend], hardware: Hardware, target: Target
) -> dict[Backend, int]:
    """Return how far each CUDA release is from what the driver was made for.

    First those of its major of which it has everything, then newer ones of that major, of which
    it has the least, then older majors. Where it has everything of an older major alone, that
    comes first.
    """
    cuda = full_cuda(hardware.nvidia or Nvidia(), target.platform)
    ours = [one for one in backends if one.family == "cuda"]
    major = max((one.release[0] for one in ours if one.release <= cuda), default=0)
    return {one: 2 * (one.release[0] != major) + (one.release > cuda) for one in ours}


def capability(accelerator: Accelerator) -> int | None:
    """Return the compute capability as a number, 90 for ``sm_90``; None where it is unknown."""
    match = re.match(r"sm_(\d+)", accelerator.architecture or "")
    return int(match[1]) if match else None


def runs(code: int, device: int, cuda: tuple[int, ...]) -> bool:
    """Say whether a GPU runs machine code that was compiled for a capability.

    It does for the same major and a minor not above its own (CUDA C++ Programming Guide, binary
    compatibility). The GPUs of Jetsons stand alone, some of them until CUDA 13.2; sm_101 was
    renamed sm_110. The same rule as DEVICE_REQUIREMENT in torch/cuda/__init__.py of torch 2.14.
    """
    code, device = _RENAMED.get(code, code), _RENAMED.get(device, device)
    alone = {53, 62} if cuda >= _UNIFIED else {53, 62, 72, 87}
    if alone & {code, device}:
        return code == device
    return code // 10 == device // 10 and code <= device


def _no_code(backend: Backend, release: Version, hardware: Hardware, target: Target) -> str | None:
    cuda, gpus = backend.release, nvidia_gpus(hardware)
    if "jetson" in hardware.signs and cuda < _UNIFIED and None in map(capability, gpus):
        return "wheels for servers run on a Jetson from CUDA 13.2 on"
    row = build("cuda", backend, release, target.platform)
    lacking = [one for one in gpus if not _is_covered(row, capability(one), cuda)]
    if not lacking:
        return None
    return f"no machine code for {named(lacking)}; {_extent(row['sm'], lacking)}"


def _is_covered(row: Mapping[str, Any], device: int | None, cuda: tuple[int, ...]) -> bool:
    """Say whether code of the wheel runs, or its PTX can be compiled; yes for an unknown GPU."""
    if device is None or device >= row.get("ptx", device + 1):
        return True
    return any(runs(code, device, cuda) for code in row["sm"])


def _extent(compiled: Sequence[int], lacking: Collection[Accelerator]) -> str:
    devices = [capability(one) or 0 for one in lacking]
    if max(devices) < min(compiled):
        return f"starts at sm_{min(compiled)}"
    if min(devices) > max(compiled):
        return f"ends at sm_{max(compiled)}"
    return "has " + ", ".join(f"sm_{one}" for one in compiled)
