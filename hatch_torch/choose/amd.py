"""AMD: the GPU's gfx target decides; the installed ROCm breaks ties, and decides without it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hatch_torch.choose.builds import build
from hatch_torch.choose.words import dotted, named, numbers
from hatch_torch.tables import rows

if TYPE_CHECKING:
    from collections.abc import Collection

    from packaging.version import Version

    from hatch_torch.backend import Backend
    from hatch_torch.hardware.facts import Accelerator, Hardware
    from hatch_torch.target import Target


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
