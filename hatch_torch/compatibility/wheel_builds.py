"""What the wheels of a backend contain, by the tables, and the spelling of GPUs and versions."""

from __future__ import annotations

import re
from functools import cache, lru_cache
from typing import TYPE_CHECKING, Any

from packaging.version import Version

from hatch_torch.catalog import load_table
from hatch_torch.catalog.backend import Backend

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping

    from hatch_torch.hardware.model import Accelerator


_UNNAMED = {"nvidia": "an NVIDIA GPU", "amd": "an AMD GPU", "intel": "an Intel GPU"}


@cache
def get_wheel_build(
    table: str, backend: Backend, release: Version, platform: str
) -> Mapping[str, Any]:
    """Return the row of `table` for a release of torch on a platform; {} if it has none at all.

    A release without a row takes that of the release before it, the oldest one the first; a
    backend without rows takes those of `find_nearest_backend`.
    """
    rows_by_backend = _group_rows(table, platform)
    if not rows_by_backend:
        return {}
    rows = rows_by_backend[find_nearest_backend(backend, rows_by_backend)]
    older = [row for first, row in rows if first <= release]
    return older[-1] if older else rows[0][1]


def find_nearest_backend(backend: Backend, known: Collection[Backend]) -> Backend:
    """Return the known backend of the same family that a backend is treated like.

    This is the backend itself; else the nearest older one of the same major release; else the
    nearest older one; else the oldest.
    """
    if backend in known:
        return backend
    older = [one for one in known if one.release < backend.release]
    same_major = [one for one in older if one.release[0] == backend.release[0]]
    oldest = min(known, key=lambda one: one.release)
    return max(same_major or older or [oldest], key=lambda one: one.release)


@cache
def _group_rows(table: str, platform: str) -> dict[Backend, list[tuple[Version, dict[str, Any]]]]:
    """Return the rows of a platform by backend, each with its first release, ascending."""
    rows_by_backend: dict[Backend, list[tuple[Version, dict[str, Any]]]] = {}
    for row in load_table(table):
        if platform in row["platforms"]:
            rows = rows_by_backend.setdefault(Backend.parse(row["backend"]), [])
            rows.append((Version(row["first"]), row))
    return rows_by_backend


def format_gpus(gpus: Iterable[Accelerator]) -> str:
    """Return the names of GPUs, each once: ``NVIDIA H200 (sm_90), Tesla T4 (sm_75)``."""
    return ", ".join(dict.fromkeys(map(_format_gpu, gpus)))


def _format_gpu(gpu: Accelerator) -> str:
    name = _UNNAMED.get(gpu.vendor, "a GPU") if gpu.name == "unknown" else gpu.name
    return f"{name} ({gpu.architecture})" if gpu.architecture else name


def format_version(numbers: tuple[int, ...]) -> str:
    """Return a version as text."""
    return ".".join(map(str, numbers))


@lru_cache(maxsize=256)
def parse_version_numbers(text: str | None) -> tuple[int, ...]:
    """Return the numbers of a version: ``580.159.03`` is (580, 159, 3); () if there are none."""
    match = re.match(r"\D*(\d+(?:\.\d+)*)", text or "")
    return tuple(map(int, match[1].split("."))) if match else ()
