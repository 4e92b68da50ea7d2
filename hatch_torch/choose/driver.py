"""NVIDIA's driver: which CUDA releases it runs, and which of them in full."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from hatch_torch.choose.words import dotted, numbers
from hatch_torch.tables import rows

if TYPE_CHECKING:
    from hatch_torch.backend import Backend
    from hatch_torch.hardware.facts import Nvidia


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
