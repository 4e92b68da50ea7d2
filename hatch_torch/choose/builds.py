"""What a backend's wheels hold, by row of a table, and what stands in where no row does."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

from packaging.version import Version

from hatch_torch.backend import Backend
from hatch_torch.tables import rows

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping


@cache
def build(table: str, backend: Backend, release: Version, platform: str) -> Mapping[str, Any]:
    """Return the row of ``table`` for a release of torch on a platform.

    A release without a row is judged like the one before it, the oldest ones like the first; a
    backend without rows like its `stand_in`. The result is empty where no backend has a row.
    """
    spans = _spans(table, platform)
    if not spans:
        return {}
    of_backend = spans[stand_in(backend, spans)]
    older = [row for first, row in of_backend if first <= release]
    return older[-1] if older else of_backend[0][1]


def stand_in(backend: Backend, known: Collection[Backend]) -> Backend:
    """Return which of the known backends of its family a backend is judged like.

    Itself; else the nearest older one of its major; else the nearest older one; else the oldest.
    """
    if backend in known:
        return backend
    older = [one for one in known if one.release < backend.release]
    same_major = [one for one in older if one.release[0] == backend.release[0]]
    oldest = min(known, key=_release)
    return max(same_major or older or [oldest], key=_release)


def _release(backend: Backend) -> tuple[int, ...]:
    return backend.release


@cache
def _spans(table: str, platform: str) -> dict[Backend, list[tuple[Version, dict[str, Any]]]]:
    """Group the rows of a platform by backend, each with its first release, ascending."""
    spans: dict[Backend, list[tuple[Version, dict[str, Any]]]] = {}
    for row in rows(table):
        if platform in row["platforms"]:
            of_backend = spans.setdefault(Backend.parse(row["backend"]), [])
            of_backend.append((Version(row["first"]), row))
    return spans
