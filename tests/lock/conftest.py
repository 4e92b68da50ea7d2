"""A small lock, and the embedded index that locks are created from."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from packaging.version import Version

from hatch_torch.catalog.backend import Backend
from hatch_torch.demo.server import EmbeddedIndex, serve
from hatch_torch.lock.model import Lock, LockedBackend, LockInputs, LockScope
from hatch_torch.lock.source import LockedWheel

if TYPE_CHECKING:
    from collections.abc import Iterator

HASH = "0123456789abcdef" * 4
CPU, ROCM = Backend("cpu"), Backend("rocm", (6, 4))


def locked_wheel(
    stem: str, folder: str, host: str | None = None, requires: tuple[str, ...] = ()
) -> LockedWheel:
    """Return a locked wheel for Linux: ``torch-2.9.1+cpu``."""
    name, version = stem.split("-")
    escaped = stem.replace("+", "%2B")
    path = f"{folder}{escaped}-cp312-cp312-manylinux_2_28_x86_64.whl"
    return LockedWheel(name, version, path, HASH, host, requires)


@pytest.fixture(scope="session")
def lock() -> Lock:
    """Return a lock of two backends in which every field is used."""
    triton = LockedWheel(
        "pytorch-triton-rocm",
        "3.5.1",
        "pytorch_triton_rocm-3.5.1-cp312-cp312-linux_x86_64.whl",
    )
    requirement = 'pytorch-triton-rocm==3.5.1; platform_system == "Linux"'
    rocm_torch = locked_wheel("torch-2.9.1+rocm6.4", "rocm6.4/", requires=(requirement,))
    cpu_torch = locked_wheel("torch-2.9.1+cpu", "cpu/", host="download-r2.pytorch.org")
    return Lock(
        LockInputs(("torch>=2.9", "torchaudio ; extra == 'sound'"), ("cpu", "rocm6.4")),
        LockScope(pythons=("3.12",)),
        {
            ROCM: LockedBackend(Version("2.9.1"), (triton, rocm_torch)),
            CPU: LockedBackend(Version("2.9.1"), (cpu_torch,)),
        },
    )


@pytest.fixture(scope="session")
def server() -> Iterator[EmbeddedIndex]:
    """Serve the embedded index up to a release, so that newer ones do not change the tests."""
    with serve(Version("2.11.0")) as running:
        yield running
