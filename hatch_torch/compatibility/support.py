"""Whether one release of one backend runs on a machine, and if not, why."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from hatch_torch.catalog.releases import known_backends
from hatch_torch.compatibility.known_bad import find_exclusion
from hatch_torch.compatibility.vendors import (
    cuda_incompatibility,
    get_amd_gpus,
    get_intel_gpus,
    get_nvidia_gpus,
    rocm_incompatibility,
    xpu_incompatibility,
)

if TYPE_CHECKING:
    from packaging.version import Version

    from hatch_torch.catalog.backend import Backend
    from hatch_torch.catalog.target import Target
    from hatch_torch.hardware.model import Accelerator, Hardware


_PLATFORM_NAMES = {
    "linux_x86_64": "Linux x86_64",
    "linux_aarch64": "Linux aarch64",
    "win_amd64": "Windows",
    "macos_arm64": "macOS",
    "macos_x86_64": "macOS on Intel",
}


class Verdict(NamedTuple):
    """A backend, whether it is compatible with a machine, and the reason in one sentence."""

    backend: Backend
    is_compatible: bool
    reason: str
    is_doubtful: bool = False
    """Whether it may run although nobody has seen that it does: taken only where no other is."""


def incompatibility(  # noqa: PLR0913 (a wheel and a machine, each with what qualifies it)
    backend: Backend,
    release: Version,
    hardware: Hardware,
    target: Target,
    *,
    foreign: bool = False,
    pinned: Version | None = None,
) -> str | None:
    """Return why torch `release` of a backend does not run on a machine, or None if it does.

    It has to run on every GPU of `get_required_gpus`. A release or a backend that is not in the
    tables is treated like its nearest older neighbour. `foreign`: the wheels come from an index
    of the project's own, so the tables say nothing about the machine code in them. `pinned`: the
    release that the project pins, which is taken although it is known to be bad.
    """
    reason = (None if foreign else _unpublished(backend, target)) or _libc_mismatch(
        hardware, target
    )
    if reason:
        return reason
    tabled = None if foreign else release
    if backend.family == "cuda":
        reason = cuda_incompatibility(backend, tabled, hardware, target)
    elif backend.family == "rocm":
        reason = rocm_incompatibility(backend, tabled, hardware, target)
    elif backend.family == "xpu":
        reason = xpu_incompatibility(hardware)
    if reason or foreign or release == pinned:
        return reason
    return find_exclusion(backend, release, hardware, target)


def get_required_gpus(backend: Backend, hardware: Hardware) -> tuple[Accelerator, ...]:
    """Return the GPUs that a backend must run on."""
    getters = {"cuda": get_nvidia_gpus, "rocm": get_amd_gpus, "xpu": get_intel_gpus}
    return getters[backend.family](hardware) if backend.family in getters else ()


def _unpublished(backend: Backend, target: Target) -> str | None:
    """Return that PyTorch has no wheel of a backend for a platform, or None if it has."""
    if backend.family == "cpu":
        return None
    platform = _PLATFORM_NAMES.get(target.platform, target.platform)
    families = {known.family for known in known_backends(target.platform)}
    if backend.family not in families:
        family = "ROCm" if backend.family == "rocm" else backend.family.upper()
        return f"PyTorch publishes no {family} wheel for {platform}"
    if backend in known_backends() and backend not in known_backends(target.platform):
        return f"PyTorch publishes no {backend} wheel for {platform}"
    return None


def _libc_mismatch(hardware: Hardware, target: Target) -> str | None:
    """Return that the machine has musl, where pip would take an old wheel tagged linux_x86_64."""
    if target.platform.startswith("linux") and (hardware.libc or "").startswith("musl"):
        return f"PyTorch's wheels need glibc, and this system has {hardware.libc}"
    return None
