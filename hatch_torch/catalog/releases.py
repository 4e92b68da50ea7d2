"""Which releases of torch exist, and which backend holds them for which platform and Python.

The index may hold newer ones than these tables; what it lists at run time counts more.


What moves together with torch, and what of it only the backend's index serves.
"""

from __future__ import annotations

from fnmatch import fnmatchcase
from functools import cache
from typing import TYPE_CHECKING, Any

from packaging.markers import Marker
from packaging.specifiers import SpecifierSet
from packaging.version import Version

from hatch_torch.catalog import rows
from hatch_torch.catalog.backend import FAMILIES, Backend
from hatch_torch.catalog.specifiers import admits_newer, holds

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping


TORCH = "torch"


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


FAMILY: tuple[str, ...] = tuple(row["name"] for row in rows("family"))
"""The normalized names of the packages that must move together, torch first."""

_ANY = SpecifierSet()


@cache
def torch_pin(name: str, version: Version) -> SpecifierSet | None:
    """Return which torch a release of a companion runs with, or None where no table knows it.

    It is what the release's metadata declares, or less where that declares too much: torchaudio
    2.11.0 declares nothing, and was built for torch 2.11.
    """
    return _pins(name).get(Version(version.public))


@cache
def paired(release: Version) -> Mapping[str, tuple[Version, ...]]:
    """Return the releases of each companion that go with a release of torch, the oldest first."""
    found = {
        name: tuple(version for version, torch in _pins(name).items() if torch.contains(release))
        for name in FAMILY
    }
    return {name: versions for name, versions in found.items() if versions}


@cache
def last_built_for(name: str) -> Version | None:
    """Return the torch that the newest known release of a companion was built for, if it is known.

    That is the oldest one which it runs with.
    """
    pins = [*_pins(name).values()]
    return next((one for one in torch_releases() if pins and pins[-1].contains(one)), None)


def may_pair(release: Version, members: Mapping[str, SpecifierSet]) -> bool:
    """Answer whether a torch can have members in these ranges, as far as the table knows.

    A range that admits a member newer than the table says nothing against any torch.
    """
    return all(_may_pair(release, name, versions) for name, versions in members.items())


def index_only(name: str, platform: str, wanted: SpecifierSet = _ANY) -> bool:
    """Say whether a dependency of the family's wheels comes from the backend's index alone.

    `wanted`: the range that the wheel declares. PyPI takes no local versions (PEP 440), so a
    range that names one (``triton==3.6.0+git…`` of a nightly) is the index's own too.
    """
    if any("+" in one.version for one in wanted):
        return True
    return any(
        fnmatchcase(name, row["name"])
        and platform in row.get("platforms", [platform])
        and _admits(wanted, row.get("versions"))
        for row in rows("index_only")
    )


def may_have_index_only(family: str, platform: str) -> bool:
    """Say whether a torch that the tables list may need what its index alone serves.

    CPU's and CUDA's take triton from PyPI, but for some on linux_aarch64.
    """
    return any(row["family"] == family for row in rows("tritons")) or any(
        platform in row.get("platforms", ()) for row in rows("index_only")
    )


def has_index_only(family: str, release: Version, environment: Mapping[str, str]) -> bool:
    """Say whether a torch of a family of backends needs a triton that its index alone serves."""
    return any(
        row["family"] == family
        and Version(row["first"]) <= release
        and holds(Marker(row["where"]), environment)
        for row in rows("tritons")
    )


def _may_pair(release: Version, name: str, versions: SpecifierSet) -> bool:
    known = _pins(name)
    if not known or admits_newer(versions, [*known][-1]):
        return True
    return any(pin.contains(release) for one, pin in known.items() if versions.contains(one))


@cache
def _pins(name: str) -> dict[Version, SpecifierSet]:
    return {
        Version(row["version"]): SpecifierSet(row["torch"])
        for row in rows("companions")
        if row["package"] == name
    }


def _admits(wanted: SpecifierSet, versions: list[str] | None) -> bool:
    return versions is None or any(wanted.contains(version) for version in versions)
