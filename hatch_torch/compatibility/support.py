"""A backend, usable here or not.

Whether one release of one backend runs on this machine.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from hatch_torch.catalog.releases import known_backends, published
from hatch_torch.compatibility.vendors import (
    amd_gpus,
    intel_gpus,
    no_cuda,
    no_rocm,
    no_xpu,
    nvidia_gpus,
)
from hatch_torch.compatibility.wheel_builds import family_name, platform_name

if TYPE_CHECKING:
    from packaging.version import Version

    from hatch_torch.catalog.backend import Backend
    from hatch_torch.catalog.target import Target
    from hatch_torch.hardware.model import Accelerator, Hardware


class Verdict(NamedTuple):
    """A backend, usable here or not, and the reason in one plain sentence."""

    backend: Backend
    usable: bool
    reason: str


def why_not(
    backend: Backend,
    release: Version,
    hardware: Hardware,
    target: Target,
    *,
    foreign: bool = False,
) -> str | None:
    """Return None where torch ``release`` of a backend runs here, else the reason in a sentence.

    It runs on every accelerator of its vendor that counts. What no table knows is judged like
    its nearest older neighbour. `foreign`: the wheels are not PyTorch's but those of an index of
    the project's own, so the tables say nothing about the machine code in them.
    """
    if foreign:
        return _wrong_libc(hardware, target) or _by_vendor(backend, None, hardware, target)
    return unpublished(backend, hardware, target) or _by_vendor(backend, release, hardware, target)


def unpublished(backend: Backend, hardware: Hardware, target: Target) -> str | None:
    """Say why PyTorch has no wheel of a backend for a platform at all, or None."""
    known = known_backends(target.platform)
    where = platform_name(target.platform)
    if backend.family == "cpu":
        return _wrong_libc(hardware, target)
    if backend.family not in {one.family for one in known}:
        return f"PyTorch publishes no {family_name(backend.family)} wheel for {where}"
    if backend in known_backends() and not published(backend, target.platform):
        return f"PyTorch publishes no {backend} wheel for {where}"
    return _wrong_libc(hardware, target)


def counted(backend: Backend, hardware: Hardware) -> tuple[Accelerator, ...]:
    """Return the accelerators that a backend must run on."""
    vendors = {"cuda": nvidia_gpus, "rocm": amd_gpus, "xpu": intel_gpus}
    return vendors[backend.family](hardware) if backend.family in vendors else ()


def _wrong_libc(hardware: Hardware, target: Target) -> str | None:
    """Refuse musl, where pip would take an old wheel by its tag ``linux_x86_64``."""
    if target.platform.startswith("linux") and (hardware.libc or "").startswith("musl"):
        return f"PyTorch's wheels need glibc, and this system has {hardware.libc}"
    return None


def _by_vendor(
    backend: Backend, release: Version | None, hardware: Hardware, target: Target
) -> str | None:
    if backend.family == "cuda":
        return no_cuda(backend, release, hardware, target)
    if backend.family == "rocm":
        return no_rocm(backend, release, hardware, target)
    return no_xpu(hardware) if backend.family == "xpu" else None
