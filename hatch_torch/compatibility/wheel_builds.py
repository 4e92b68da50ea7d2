"""How the reasons of verdicts name things.

What a backend's wheels hold, by row of a table, and what stands in where no row does.
"""

from __future__ import annotations

import re
from functools import cache, lru_cache
from typing import TYPE_CHECKING, Any

from packaging.version import Version

from hatch_torch.catalog import rows
from hatch_torch.catalog.backend import Backend

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping

    from hatch_torch.hardware.model import Accelerator


_MAKERS = {"nvidia": "an NVIDIA GPU", "amd": "an AMD GPU", "intel": "an Intel GPU"}
_PLATFORMS = {
    "linux_x86_64": "Linux x86_64",
    "linux_aarch64": "Linux aarch64",
    "win_amd64": "Windows",
    "macos_arm64": "macOS",
    "macos_x86_64": "macOS on Intel",
}


def named(accelerators: Iterable[Accelerator]) -> str:
    """Name accelerators, each once: ``NVIDIA H200 (sm_90), Tesla T4 (sm_75)``."""
    return ", ".join(dict.fromkeys(map(_named, accelerators)))


def platform_name(platform: str) -> str:
    """Name a platform as people do."""
    return _PLATFORMS.get(platform, platform)


def family_name(family: str) -> str:
    """Name a family as its maker does."""
    return "ROCm" if family == "rocm" else family.upper()


def dotted(numbers: tuple[int, ...]) -> str:
    """Spell a version."""
    return ".".join(map(str, numbers))


@lru_cache(maxsize=256)
def numbers(text: str | None) -> tuple[int, ...]:
    """Read the numbers of a version: ``580.159.03`` is (580, 159, 3); empty where it has none.

    The same text always has the same answer: nothing makes it stale.
    """
    match = re.match(r"\D*(\d+(?:\.\d+)*)", text or "")
    return tuple(map(int, match[1].split("."))) if match else ()


def _named(one: Accelerator) -> str:
    name = _MAKERS.get(one.vendor, "a GPU") if one.name == "unknown" else one.name
    return f"{name} ({one.architecture})" if one.architecture else name


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
