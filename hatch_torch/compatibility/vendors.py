"""What each vendor's hardware demands of a wheel, and which backends suit it best.

* NVIDIA: the driver decides which CUDA releases run, the GPU which machine code it needs.
* AMD: the GPU's gfx architecture decides; the installed ROCm breaks ties, and stands in for an
  unknown architecture.
* Intel: XPU wheels run on the architectures of Arc and later, not on old integrated graphics.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from hatch_torch.catalog import load_table
from hatch_torch.catalog.backend import Backend
from hatch_torch.compatibility.wheel_builds import (
    format_gpus,
    format_version,
    get_wheel_build,
    parse_version_numbers,
)
from hatch_torch.hardware.model import Nvidia

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from packaging.version import Version

    from hatch_torch.catalog.target import Target
    from hatch_torch.hardware.model import Accelerator, Hardware


_UNIFIED_CUDA = (13, 2)
"""From this CUDA release on Jetsons run the wheels of servers (NVIDIA's SBSA unification)."""
_RENUMBERED = {101: 110}
"""Compute capabilities that NVIDIA renumbered: that of Thor, in CUDA 13."""


def get_nvidia_gpus(hardware: Hardware) -> tuple[Accelerator, ...]:
    """Return the GPUs that a CUDA wheel must run on: all of them."""
    return hardware.of_vendor("nvidia")


def cuda_incompatibility(
    backend: Backend, release: Version | None, hardware: Hardware, target: Target
) -> str | None:
    """Return why torch `release` of a CUDA backend does not run on every GPU, or None.

    None for `release` means a wheel of unknown contents: then only the driver decides.
    """
    gpus = get_nvidia_gpus(hardware)
    if not gpus:
        return "no NVIDIA GPU"
    nvidia = hardware.nvidia or Nvidia()
    if nvidia == Nvidia() and None in map(parse_capability, gpus):
        return "no NVIDIA driver with a known version"
    reason = driver_incompatibility(backend, nvidia, target.platform)
    if reason or release is None:
        return reason
    return _cuda_code_mismatch(backend, release, hardware, target)


def driver_incompatibility(backend: Backend, nvidia: Nvidia, platform: str) -> str | None:
    """Return why the driver can't run a CUDA release, or None (minor-version compatibility).

    The driver's version decides, else the CUDA release that the driver supports. A driver of
    which neither is known counts as compatible.
    """
    major, driver = backend.release[0], parse_version_numbers(nvidia.driver)
    minimum = _find_minimum_driver(backend, platform)
    if driver and minimum:
        if driver >= parse_version_numbers(minimum):
            return None
        return f"driver {nvidia.driver} is older than {minimum}, the minimum for CUDA {major}"
    if cuda := parse_version_numbers(nvidia.cuda):
        if cuda[0] >= major:
            return None
        return f"the driver supports CUDA {format_version(cuda)}, not {major}"
    return f"the minimum driver for CUDA {major} is unknown" if driver else None


def _find_minimum_driver(backend: Backend, platform: str) -> str | None:
    """Return the minimum driver for a CUDA release, or for the next older one of its major."""
    rows = [
        row
        for row in load_table("drivers")
        if backend.release[:1] <= parse_version_numbers(row["cuda"]) <= backend.release
    ]
    return str(rows[-1]["least_" + _driver_column(platform)]) if rows else None


def _driver_column(platform: str) -> str:
    return "windows" if platform.startswith("win") else "linux"


def _cuda_code_mismatch(
    backend: Backend, release: Version, hardware: Hardware, target: Target
) -> str | None:
    cuda, gpus = backend.release, get_nvidia_gpus(hardware)
    has_unknown_gpu = None in map(parse_capability, gpus)
    if "jetson" in hardware.environment_hints and cuda < _UNIFIED_CUDA and has_unknown_gpu:
        return "wheels for servers run on a Jetson only from CUDA 13.2 on"
    build = get_wheel_build("cuda", backend, release, target.platform)
    unsupported = [gpu for gpu in gpus if not _supports(build, parse_capability(gpu), cuda)]
    if not unsupported:
        return None
    extent = _describe_extent(build["sm"], unsupported)
    return f"no machine code for {format_gpus(unsupported)}; {extent}"


def parse_capability(gpu: Accelerator) -> int | None:
    """Return the compute capability as a number, 90 for ``sm_90``; None if unknown."""
    match = re.match(r"sm_(\d+)", gpu.architecture or "")
    return int(match[1]) if match else None


def _supports(build: Mapping[str, Any], capability: int | None, cuda: tuple[int, ...]) -> bool:
    """Return whether a wheel has code or PTX for a GPU; an unknown GPU counts as supported."""
    if capability is None or capability >= build.get("ptx", capability + 1):
        return True
    return any(is_binary_compatible(code, capability, cuda) for code in build["sm"])


def is_binary_compatible(code: int, device: int, cuda: tuple[int, ...]) -> bool:
    """Return whether a GPU runs machine code that was compiled for a compute capability.

    The majors have to be equal, and the minor of the code must not be above the GPU's (CUDA C++
    Programming Guide, binary compatibility; the same rule as DEVICE_REQUIREMENT in
    torch/cuda/__init__.py of torch 2.14).
    """
    code, device = _RENUMBERED.get(code, code), _RENUMBERED.get(device, device)
    # The GPUs of Jetsons run only their own code, some of them until CUDA 13.2.
    standalone = {53, 62} if cuda >= _UNIFIED_CUDA else {53, 62, 72, 87}
    if standalone & {code, device}:
        return code == device
    return code // 10 == device // 10 and code <= device


def _describe_extent(compiled: Sequence[int], unsupported: Collection[Accelerator]) -> str:
    capabilities = [parse_capability(gpu) or 0 for gpu in unsupported]
    if max(capabilities) < min(compiled):
        return f"starts at sm_{min(compiled)}"
    if min(capabilities) > max(compiled):
        return f"ends at sm_{max(compiled)}"
    return "has " + ", ".join(f"sm_{code}" for code in compiled)


def measure_cuda_distances(
    backends: Collection[Backend], hardware: Hardware, target: Target
) -> dict[Backend, int]:
    """Return for each CUDA backend how far it is from the CUDA release of the driver.

    0: the driver's major release, fully supported. 1: the same major, newer than the driver and
    run by minor-version compatibility. 2 and more: another major. The driver's major is the
    newest of which it fully supports a backend. Of an unknown driver the oldest CUDA is the
    nearest, since it asks least of it.
    """
    if not has_known_driver(hardware):
        oldest_first = sorted(
            (one for one in backends if one.family == "cuda"), key=lambda one: one.release
        )
        return {one: distance for distance, one in enumerate(oldest_first)}
    native = get_native_cuda(hardware.nvidia or Nvidia(), target.platform)
    cuda = [backend for backend in backends if backend.family == "cuda"]
    major = max((one.release[0] for one in cuda if one.release <= native), default=0)
    return {one: 2 * (one.release[0] != major) + (one.release > native) for one in cuda}


def has_known_driver(hardware: Hardware) -> bool:
    """Return whether anything tells which CUDA releases NVIDIA's driver runs."""
    nvidia = hardware.nvidia or Nvidia()
    return bool(parse_version_numbers(nvidia.driver) or parse_version_numbers(nvidia.cuda))


def get_native_cuda(nvidia: Nvidia, platform: str) -> tuple[int, ...]:
    """Return the newest CUDA release that the driver fully supports; () if unknown."""
    column, driver = _driver_column(platform), parse_version_numbers(nvidia.driver)
    supported = [
        parse_version_numbers(row["cuda"])
        for row in load_table("drivers")
        if column in row and parse_version_numbers(row[column]) <= driver
    ]
    return parse_version_numbers(nvidia.cuda) or max(supported, default=())


def get_amd_gpus(hardware: Hardware) -> tuple[Accelerator, ...]:
    """Return the GPUs that a ROCm wheel must run on: the discrete ones, else the integrated."""
    gpus = hardware.of_vendor("amd")
    integrated = {row["gfx"] for row in load_table("integrated")}
    discrete = tuple(gpu for gpu in gpus if _get_gfx(gpu) not in integrated)
    return discrete or gpus


def rocm_incompatibility(
    backend: Backend, release: Version | None, hardware: Hardware, target: Target
) -> str | None:
    """Return why torch `release` of a ROCm backend does not run on every GPU, or None.

    None for `release` means a wheel of unknown contents: then every known GPU counts as supported.
    """
    gpus = get_amd_gpus(hardware)
    if not gpus:
        return "no AMD GPU"
    unknown = [gpu for gpu in gpus if _get_gfx(gpu) is None]
    if unknown and (reason := _newer_than_installed(backend, hardware)):
        return f"the architecture of {format_gpus(unknown)} is unknown, and {reason}"
    if release is None:
        return None
    compiled = get_wheel_build("rocm", backend, release, target.platform)["gfx"]
    unsupported = [gpu for gpu in gpus if gpu not in unknown and _get_gfx(gpu) not in compiled]
    if unsupported:
        return f"no machine code for {format_gpus(unsupported)}"
    return _library_mismatch(backend, gpus)


def _library_mismatch(backend: Backend, gpus: Collection[Accelerator]) -> str | None:
    """Return which library in the wheels of a ROCm backend lacks kernels for a GPU, or None."""
    for row in load_table("rocm_libraries"):
        lacking = [gpu for gpu in gpus if _get_gfx(gpu) == row["gfx"]]
        if lacking and Backend.parse(row["since"]).release <= backend.release:
            return f"its {row['library']} has no kernels for {format_gpus(lacking)}"
    return None


def find_preferred_rocm(backends: Collection[Backend], hardware: Hardware) -> Backend | None:
    """Return the newest of the ROCm backends that is not newer than the installed ROCm."""
    installed = _get_installed_rocm(hardware)
    older = [one for one in backends if one.family == "rocm" and one.release <= installed]
    return max(older, key=lambda one: one.release, default=None)


def is_verified(backend: Backend, release: Version, target: Target) -> bool:
    """Return whether the table has the architectures of torch itself, not of device packages."""
    build = get_wheel_build("rocm", backend, release, target.platform)
    return bool(build.get("certain", True))


def _get_gfx(gpu: Accelerator) -> str | None:
    """Return the architecture without its features: ``gfx90a`` for ``gfx90a:sramecc+:xnack-``."""
    return gpu.architecture and gpu.architecture.partition(":")[0]


def _get_installed_rocm(hardware: Hardware) -> tuple[int, ...]:
    return parse_version_numbers(hardware.rocm.version if hardware.rocm else None)


def _newer_than_installed(backend: Backend, hardware: Hardware) -> str | None:
    """Return that a backend is newer than the installed ROCm, or that none is known; or None."""
    installed = _get_installed_rocm(hardware)
    if not installed:
        return "so is the installed ROCm"
    if backend.release <= installed:
        return None
    return f"{backend} is newer than the installed ROCm {format_version(installed)}"


def get_intel_gpus(hardware: Hardware) -> tuple[Accelerator, ...]:
    """Return the GPUs that XPU wheels run on; others beside them don't matter."""
    supported = {row["name"] for row in load_table("xpu")}
    return tuple(gpu for gpu in hardware.of_vendor("intel") if gpu.architecture in supported)


def xpu_incompatibility(hardware: Hardware) -> str | None:
    """Return why XPU wheels run on no GPU of this machine, or None."""
    if get_intel_gpus(hardware):
        return None
    gpus = hardware.of_vendor("intel")
    return f"XPU wheels do not run on {format_gpus(gpus)}" if gpus else "no Intel GPU"
