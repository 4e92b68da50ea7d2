"""Every row of the tables of machine code, with every GPU."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from packaging.version import Version

from hatch_torch.catalog import load_table
from hatch_torch.catalog.backend import Backend
from hatch_torch.catalog.releases import published_releases
from hatch_torch.catalog.target import Target
from hatch_torch.compatibility.support import incompatibility
from hatch_torch.hardware.model import Accelerator, Hardware, Nvidia

if TYPE_CHECKING:
    from collections.abc import Iterator

# What each GPU runs, written out by hand from NVIDIA's rule and its exceptions.
COMPATIBLE_CODE = {
    35: set[int](),
    37: {37},
    50: {50},
    52: {50},
    53: set[int](),
    60: {60},
    61: {60, 61},
    62: set[int](),
    70: {70},
    72: set[int](),
    75: {70, 75},
    80: {80},
    86: {80, 86},
    87: set[int](),
    89: {80, 86},
    90: {90},
    100: {100},
    101: {110},
    103: {100},
    110: {110},
    120: {120},
    121: {120},
    130: set[int](),
}
COMPATIBLE_CODE_FROM_13_2 = {**COMPATIBLE_CODE, 72: {70}, 87: {80, 86}}
GFX = sorted(
    {gfx for row in load_table("rocm") for gfx in row["gfx"]} | {"gfx803", "gfx11-generic"}
)


def _wheels(table: str) -> Iterator[tuple[Backend, Version, str]]:
    for row in load_table(table):
        backend = Backend.parse(row["backend"])
        for platform in row["platforms"]:
            for release in published_releases(backend, platform):
                if Version(row["first"]) <= release <= Version(row["last"]):
                    yield backend, release, platform


# Where torch has machine code, but its rocBLAS has none (known_bad.toml).
WITHOUT_ROCBLAS = {
    "gfx906": {"rocm6.4", "rocm7.0", "rocm7.1", "rocm7.2"},
    "gfx900": {"rocm7.2"},
}


def _incompatibility(
    backend: Backend, release: Version, platform: str, gpu: Accelerator
) -> str | None:
    hardware = Hardware(accelerators=(gpu,), nvidia=Nvidia("999.0"))
    return incompatibility(backend, release, hardware, Target("3.12", platform, {}, {}))


@pytest.mark.parametrize(
    "row", load_table("cuda"), ids=lambda row: f"{row['backend']}-{row['first']}"
)
def test_cuda(row: dict[str, object]) -> None:
    """A CUDA wheel runs if it has compatible machine code, or PTX to compile."""
    compiled, ptx = row["sm"], row.get("ptx", 999)
    assert isinstance(compiled, list)
    assert isinstance(ptx, int)
    for backend, release, platform in _wheels("cuda"):
        if backend.name != row["backend"] or not _is_in(row, release, platform):
            continue
        compatible_code = (
            COMPATIBLE_CODE_FROM_13_2 if backend.release >= (13, 2) else COMPATIBLE_CODE
        )
        for device, code in compatible_code.items():
            reason = _incompatibility(
                backend, release, platform, Accelerator("nvidia", "X", f"sm_{device}")
            )
            expected = bool(code & set(compiled)) or device >= ptx
            assert (reason is None) == expected, (backend, release, platform, device)


@pytest.mark.parametrize(
    "row", load_table("rocm"), ids=lambda row: f"{row['backend']}-{row['first']}"
)
def test_rocm(row: dict[str, object]) -> None:
    """A ROCm wheel runs if it, and its rocBLAS, were built for the architecture."""
    compiled = row["gfx"]
    assert isinstance(compiled, list)
    for backend, release, platform in _wheels("rocm"):
        if backend.name != row["backend"] or not _is_in(row, release, platform):
            continue
        for gfx in GFX:
            reason = _incompatibility(backend, release, platform, Accelerator("amd", "X", gfx))
            expected = gfx in compiled and backend.name not in WITHOUT_ROCBLAS.get(gfx, ())
            assert (reason is None) == expected, (backend, release, gfx)


def _is_in(row: dict[str, object], release: Version, platform: str) -> bool:
    first, last = Version(str(row["first"])), Version(str(row["last"]))
    return first <= release <= last and platform in str(row["platforms"])


def test_every_table_row_is_seen() -> None:
    """The two tests above cover all backends."""
    assert len({wheel[0] for wheel in _wheels("cuda")}) == 11
    assert len({wheel[0] for wheel in _wheels("rocm")}) == 17
