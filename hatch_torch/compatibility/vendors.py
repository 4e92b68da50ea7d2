"""NVIDIA's driver: which CUDA releases it runs, and which of them in full.

NVIDIA: the driver says which CUDA releases run, each GPU which machine code it needs.

AMD: the GPU's gfx target decides; the installed ROCm breaks ties, and decides without it.

Intel: XPU wheels run on the architectures of Arc and later, not on old integrated graphics.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from hatch_torch.catalog import rows
from hatch_torch.compatibility.wheel_builds import build, dotted, named, numbers
from hatch_torch.hardware.model import Nvidia

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from packaging.version import Version

    from hatch_torch.catalog.backend import Backend
    from hatch_torch.catalog.target import Target
    from hatch_torch.hardware.model import Accelerator, Hardware


def driver_lacks(backend: Backend, nvidia: Nvidia, platform: str) -> str | None:
    """Say why the driver cannot run a CUDA release, by NVIDIA's minor-version compatibility.

    The driver's own version decides, else the CUDA release that it says it runs. Where neither
    is known nothing speaks against it.
    """
    major, driver, cuda = backend.release[0], numbers(nvidia.driver), numbers(nvidia.cuda)
    least = _least_driver(backend, platform)
    if driver and least:
        older = f"driver {nvidia.driver} is older than {least}, the least for CUDA {major}"
        return older if driver < numbers(least) else None
    if cuda:
        return f"the driver runs CUDA {dotted(cuda)}, not {major}" if cuda[0] < major else None
    return f"no table knows the least driver for CUDA {major}" if driver else None


def full_cuda(nvidia: Nvidia, platform: str) -> tuple[int, ...]:
    """Return the newest CUDA release of which the driver has everything; () for none."""
    column, driver = _column(platform), numbers(nvidia.driver)
    full = [
        numbers(row["cuda"])
        for row in rows("drivers")
        if column in row and numbers(row[column]) <= driver
    ]
    return numbers(nvidia.cuda) or max(full, default=())


def _least_driver(backend: Backend, platform: str) -> str | None:
    """Return the least driver for a CUDA release, or for the nearest older one of its major."""
    older = [row for row in rows("drivers") if _is_same_or_older(row, backend)]
    return str(older[-1]["least_" + _column(platform)]) if older else None


def _is_same_or_older(row: dict[str, Any], backend: Backend) -> bool:
    return backend.release[:1] <= numbers(row["cuda"]) <= backend.release


def _column(platform: str) -> str:
    return "windows" if platform.startswith("win") else "linux"


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


def amd_gpus(hardware: Hardware) -> tuple[Accelerator, ...]:
    """Return the GPUs that a wheel must run on: no integrated one beside a discrete one."""
    gpus = hardware.of_vendor("amd")
    integrated = {row["gfx"] for row in rows("integrated")}
    discrete = tuple(one for one in gpus if _gfx(one) not in integrated)
    return discrete or gpus


def no_rocm(
    backend: Backend, release: Version | None, hardware: Hardware, target: Target
) -> str | None:
    """Say what keeps torch ``release`` of a ROCm backend from running on some GPU, or None.

    Without a release a GPU whose target is known counts as served: nobody knows what a private
    index's wheels hold.
    """
    gpus = amd_gpus(hardware)
    if not gpus:
        return "no AMD GPU"
    unknown = [one for one in gpus if _gfx(one) is None]
    if unknown and (newer := _newer_than_installed(backend, hardware)):
        return f"the target of {named(unknown)} is unknown, and {newer}"
    if release is None:
        return None
    targets = build("rocm", backend, release, target.platform)["gfx"]
    lacking = [one for one in gpus if one not in unknown and _gfx(one) not in targets]
    return f"no machine code for {named(lacking)}" if lacking else None


def favoured_rocm(backends: Collection[Backend], hardware: Hardware) -> frozenset[Backend]:
    """Return the newest of the backends that is not newer than the installed ROCm."""
    installed = _installed(hardware)
    older = [one for one in backends if one.family == "rocm" and one.release <= installed]
    return frozenset([max(older, key=lambda one: one.release)] if older else [])


def is_verified(backend: Backend, release: Version, target: Target) -> bool:
    """Say whether the table's targets are those of torch itself, not of its device packages."""
    certain: bool = build("rocm", backend, release, target.platform).get("certain", True)
    return certain


def _gfx(accelerator: Accelerator) -> str | None:
    """Return the target without its features: ``gfx90a`` for ``gfx90a:sramecc+:xnack-``."""
    return accelerator.architecture and accelerator.architecture.partition(":")[0]


def _installed(hardware: Hardware) -> tuple[int, ...]:
    return numbers(hardware.rocm.version if hardware.rocm else None)


def _newer_than_installed(backend: Backend, hardware: Hardware) -> str | None:
    installed = _installed(hardware)
    if not installed:
        return "so is the installed ROCm"
    newer = f"{backend} is newer than the installed ROCm {dotted(installed)}"
    return newer if backend.release > installed else None


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
