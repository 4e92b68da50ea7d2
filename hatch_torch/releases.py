"""Which releases of torch exist, and which backend holds them for which platform and Python.

The index may hold newer ones than these tables; what it lists at run time counts more.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

from packaging.version import Version

from hatch_torch.backend import FAMILIES, Backend
from hatch_torch.tables import rows

if TYPE_CHECKING:
    from collections.abc import Iterable


@cache
def torch_releases() -> tuple[Version, ...]:
    """Return every known release of torch, the oldest first."""
    return tuple(Version(row["torch"]) for row in rows("releases"))


@cache
def known_backends(platform: str | None = None) -> tuple[Backend, ...]:
    """Return the known backends, of one platform or of all: by family, the oldest first."""
    found = {
        Backend.parse(row["backend"])
        for row in rows("backends")
        if platform is None or platform in row["platforms"]
    }
    return tuple(sorted(found, key=lambda one: (FAMILIES.index(one.family), one.release)))


@cache
def published(backend: Backend, platform: str) -> tuple[Version, ...]:
    """Return the releases of torch that a backend holds for a platform, the oldest first.

    On macOS ``mps`` stands for the arm64 wheel and ``cpu`` for the x86_64 wheel.
    """
    spans = [
        _span(row)
        for row in rows("backends")
        if row["backend"] == backend.name and platform in row["platforms"]
    ]
    return tuple(one for one in torch_releases() if _in_any(one, spans))


@cache
def pythons(release: Version, platform: str) -> tuple[str, ...]:
    """Return the Pythons that have wheels of a release: ``("3.10", …, "3.13t")``."""
    for row in rows("pythons"):
        if platform in row["platforms"] and _in_any(release, [_span(row)]):
            return tuple(row["pythons"])
    return ()


@cache
def pypi_backend(release: Version, platform: str) -> Backend | None:
    """Return what the plain wheel on PyPI is: ``cu130``, ``cpu``, ``mps``; None for no wheel."""
    for row in rows("pypi"):
        if platform == row["platform"] and _in_any(release, [_span(row)]):
            return Backend.parse(row["backend"])
    return None


def may_grow(backend: Backend) -> bool:
    """Say whether the index may hold newer releases of a backend than the tables know.

    It does where the newest release was still built for it; a backend that no table knows grows.
    """
    newest = str(torch_releases()[-1])
    lasts = [row["last"] for row in rows("backends") if row["backend"] == backend.name]
    return newest in lasts or not lasts


def nearest_published(backend: Backend) -> tuple[Backend, str] | None:
    """Return what stands for a ROCm that PyTorch never published, and a notice that says so.

    Only one that published releases surround is replaced: ``rocm6.5`` by the newest of its major
    below it, ``rocm6.4``. One newer than all may be on the index. None: take it as it is.
    """
    known = [one for one in known_backends() if one.family == backend.family == "rocm"]
    below = [one for one in known if backend.release[:1] <= one.release < backend.release]
    if backend in known or not below or known[-1].release < backend.release:
        return None
    return below[-1], f"PyTorch never published {backend}; {below[-1]} stands for it"


def _span(row: dict[str, Any]) -> tuple[Version, Version]:
    return Version(row["first"]), Version(row["last"])


def _in_any(release: Version, spans: Iterable[tuple[Version, Version]]) -> bool:
    return any(first <= release <= last for first, last in spans)
