"""What the family's wheels require, as their metadata says it."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from packaging.version import Version

from hatch_torch.demo.builds import HERE, PYPI, STABLE
from hatch_torch.demo.catalog import TORCH, triton
from hatch_torch.releases import published, pypi_backend
from hatch_torch.tables import rows

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    from hatch_torch.backend import Backend
    from hatch_torch.demo.builds import Build, Release

_LINUX = 'platform_system == "Linux"'
_X86_64 = f'{_LINUX} and platform_machine == "x86_64"'
# Before it wheels for aarch64 brought their CUDA along; PyPI's did up to 2.10.
_AARCH64_SINCE = {"pytorch": Version("2.7"), "pypi": Version("2.11")}


def requires(build: Build) -> tuple[str, ...]:
    """Return the lines of Requires-Dist: the same for every platform and Python of a build."""
    if build.package == TORCH:
        return _of_torch(build.release, _described(build), build.on)
    row = _member_row(build.package, build.version)
    return (*row["requires"], *_pin(build, row.get("torch")))


def requires_python(build: Build) -> str:
    """Return Requires-Python, or "" where the metadata has none."""
    return str(_member_row(build.package, build.version).get("python", ""))


def _described(build: Build) -> Backend:
    """Return the backend that the metadata tells of: on PyPI all platforms have that of Linux."""
    plain = pypi_backend(build.release.like, "linux_x86_64") if build.on == PYPI else None
    return plain or build.backend


def _pin(build: Build, operator: str | None) -> Iterator[str]:
    """Yield the torch that a companion pins: the oldest, if it runs with several."""
    if operator:
        same_day = build.release.channel != STABLE
        torch = build.release.shown(TORCH, build.release.like)
        yield f"torch{'==' if same_day else operator}{torch}"


@cache
def _of_torch(release: Release, backend: Backend, on: str) -> tuple[str, ...]:
    base = _member_row(TORCH, release.like)["requires"]
    return (*base, *_of_backend(release, backend, on), *_triton(release, backend, on))


def _of_backend(release: Release, backend: Backend, on: str) -> Iterator[str]:
    marker = "" if backend.family == "xpu" else f"; {_marker(release, backend, on)}"
    for row in rows("builds", HERE):
        first, last = Version(row["first"]), Version(row["last"])
        if row["backend"] == backend.name and first <= release.like <= last:
            yield from (one + marker for one in row["requires"])
            yield from (f"{one}; {_LINUX}" for one in row.get("linux", ()))


def _triton(release: Release, backend: Backend, on: str) -> Iterator[str]:
    needed = triton(release, backend.family)
    if needed is None:
        return
    row = _triton_row(release)
    anywhere = backend.family in row.get("anywhere", ())
    marker = "" if anywhere else _marker(release, backend, on)
    if "below" in row:
        marker = " and ".join(filter(None, (marker, f'python_version < "{row["below"]}"')))
    yield f"{needed}; {marker}" if marker else str(needed)


def _marker(release: Release, backend: Backend, on: str) -> str:
    on_aarch64 = release.like in published(backend, "linux_aarch64")
    return _LINUX if on_aarch64 and release.like >= _AARCH64_SINCE[on] else _X86_64


def _triton_row(release: Release) -> dict[str, Any]:
    fitting = (
        row
        for row in rows("triton", HERE)
        if Version(row["first"]) <= release.like <= Version(row["last"])
    )
    return next(fitting, {})


def _member_row(package: str, version: Version) -> dict[str, Any]:
    """Return the row of the newest release that is not newer than `version`."""
    fitting = [
        row
        for row in rows("members", HERE)
        if row["package"] == package and Version(row["first"]) <= version
    ]
    return max(fitting, key=lambda row: Version(row["first"]))
