"""The known releases of torch by backend, platform and Python, and of the packages around it.

An index may have newer releases than these tables; what it lists at run time takes precedence. It
is always asked about rows with ``certain = false``, which are inferred: no wheel was seen.
"""

from __future__ import annotations

from fnmatch import fnmatchcase
from functools import cache
from typing import TYPE_CHECKING, Any

from packaging.markers import Marker
from packaging.specifiers import SpecifierSet
from packaging.version import Version

from hatch_torch.catalog import load_table
from hatch_torch.catalog.backend import FAMILIES, Backend
from hatch_torch.catalog.specifiers import admits_newer, marker_applies

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping


TORCH = "torch"


@cache
def torch_releases() -> tuple[Version, ...]:
    """Return every known release of torch, the oldest first."""
    return tuple(Version(row["torch"]) for row in load_table("releases"))


@cache
def known_backends(platform: str | None = None, *, inferred: bool = True) -> tuple[Backend, ...]:
    """Return the known backends of one platform, or of all: by family, the oldest first.

    `inferred`: whether to include those of which no wheel was seen.
    """
    backends = {
        Backend.parse(row["backend"])
        for row in load_table("backends")
        if (platform is None or platform in row["platforms"]) and (inferred or is_certain(row))
    }
    return tuple(sorted(backends, key=lambda item: (FAMILIES.index(item.family), item.release)))


def published_releases(backend: Backend, platform: str) -> tuple[Version, ...]:
    """Return the releases of torch that a backend has for a platform, the oldest first.

    On macOS ``mps`` means the arm64 wheel and ``cpu`` the x86_64 wheel.
    """
    return _find_releases(backend, platform, certain=True)


def inferred_releases(backend: Backend, platform: str) -> tuple[Version, ...]:
    """Return the releases of torch that a backend may have, which only its index can tell."""
    return _find_releases(backend, platform, certain=False)


def is_certain(row: Mapping[str, Any]) -> bool:
    """Return whether a row of a table states a fact; an inferred one never decides alone."""
    return bool(row.get("certain", True))


@cache
def _find_releases(backend: Backend, platform: str, *, certain: bool) -> tuple[Version, ...]:
    spans = [
        _span(row)
        for row in load_table("backends")
        if row["backend"] == backend.name
        and platform in row["platforms"]
        and is_certain(row) == certain
    ]
    return tuple(release for release in torch_releases() if _in_any(release, spans))


@cache
def supported_pythons(release: Version, platform: str) -> tuple[str, ...]:
    """Return the Pythons for which a release has wheels: ``("3.10", …, "3.13t")``."""
    for row in load_table("pythons"):
        if platform in row["platforms"] and _in_any(release, [_span(row)]):
            return tuple(row["pythons"])
    return ()


@cache
def pypi_backend(release: Version, platform: str) -> Backend | None:
    """Return the backend of the wheel on PyPI (``cu130``, ``mps``), or None without a wheel."""
    for row in load_table("pypi"):
        if platform == row["platform"] and _in_any(release, [_span(row)]):
            return Backend.parse(row["backend"])
    return None


def may_have_newer(backend: Backend) -> bool:
    """Return whether an index may have newer releases of a backend than the tables.

    PyTorch drops a backend at some release. So it may where the newest known release still has the
    backend, or where no table knows the backend.
    """
    newest = str(torch_releases()[-1])
    lasts = [row["last"] for row in load_table("backends") if row["backend"] == backend.name]
    return newest in lasts or not lasts


def nearest_published(backend: Backend) -> tuple[Backend, str] | None:
    """Return the replacement of a ROCm backend that PyTorch never published, with a notice.

    ``rocm6.5`` lies between published releases, and is replaced by the newest one below it of
    the same major, ``rocm6.4``. None: no replacement is needed, or the backend is newer than all
    that are known, so that an index may have it.
    """
    known = [item for item in known_backends() if item.family == backend.family == "rocm"]
    below = [item for item in known if backend.release[:1] <= item.release < backend.release]
    if backend in known or not below or known[-1].release < backend.release:
        return None
    return below[-1], f"PyTorch never published {backend}; using {below[-1]} instead"


def _span(row: dict[str, Any]) -> tuple[Version, Version]:
    return Version(row["first"]), Version(row["last"])


def _in_any(release: Version, spans: Iterable[tuple[Version, Version]]) -> bool:
    return any(first <= release <= last for first, last in spans)


FAMILY: tuple[str, ...] = tuple(row["name"] for row in load_table("family"))
"""The normalized names of the packages that have to match torch, torch first."""

_ANY = SpecifierSet()


@cache
def required_torch(name: str, version: Version) -> SpecifierSet | None:
    """Return the torch that a release of a companion requires, or None if no table knows it.

    This is what the release's metadata declares, or narrower if that admits too much: torchtext
    0.18.0 declares ``>=2.3.0``, but was built for torch 2.3. A lower bound is that of a wheel on
    LibTorch's stable ABI, which runs with every newer torch.
    """
    return _pins(name).get(Version(version.public))


@cache
def companion_versions(release: Version) -> Mapping[str, tuple[Version, ...]]:
    """Return the releases of each companion that match a release of torch, the oldest first."""
    companions = {
        name: tuple(version for version, torch in _pins(name).items() if torch.contains(release))
        for name in FAMILY
    }
    return {name: versions for name, versions in companions.items() if versions}


@cache
def find_torch_built_against(name: str) -> Version | None:
    """Return the torch that the newest known wheels of a companion were built against.

    None where no table knows it, or where the wheels run with later releases too, so that
    backends that are newer than the companion may have it.
    """
    newest = next(reversed(_pins(name).items()), None)
    if newest is None or is_abi_stable(name, newest[0]):
        return None
    return next((release for release in torch_releases() if newest[1].contains(release)), None)


@cache
def is_abi_stable(name: str, version: Version) -> bool:
    """Return whether a release of a companion uses only LibTorch's stable ABI.

    Its wheel for one CUDA release runs with torch for every other one of the same major.
    """
    public = Version(version.public)
    return any(
        row["package"] == name and row.get("abi") == "stable" and Version(row["version"]) == public
        for row in load_table("companions")
    )


def is_built_alike(name: str, version: Version, backend: Backend, torch: Backend) -> bool:
    """Return whether a companion's wheel for one backend runs with torch for another."""
    if backend == torch:
        return True
    same_major = backend.family == torch.family == "cuda" and backend.release[0] == torch.release[0]
    return same_major and is_abi_stable(name, version)


def has_companions(release: Version, members: Mapping[str, SpecifierSet]) -> bool:
    """Return whether a torch can have companions in these ranges, as far as the table knows.

    A range that admits a companion newer than the table excludes no torch.
    """
    return all(_has_companion(release, name, versions) for name, versions in members.items())


def is_index_only(name: str, platform: str, specifier: SpecifierSet = _ANY) -> bool:
    """Return whether only the backend's index has a dependency of the family's wheels.

    `specifier` is what the wheel declares. PyPI refuses local versions (PEP 440), so a dependency
    on one (``triton==3.6.0+git…`` of a nightly) is on the index alone, too.
    """
    if any("+" in item.version for item in specifier):
        return True
    return any(
        fnmatchcase(name, row["name"])
        and platform in row.get("platforms", [platform])
        and _admits(specifier, row.get("versions"))
        for row in load_table("index_only")
    )


def backend_may_need_index_only(family: str, platform: str) -> bool:
    """Return whether some known torch of an accelerator family needs what only its index has.

    CPU and CUDA builds get triton from PyPI, except for some on linux_aarch64.
    """
    return any(row["family"] == family for row in load_table("tritons")) or any(
        platform in row.get("platforms", ()) for row in load_table("index_only")
    )


def needs_index_only(family: str, release: Version, environment: Mapping[str, str]) -> bool:
    """Return whether a torch of an accelerator family needs a triton that only its index has."""
    return any(
        row["family"] == family
        and Version(row["first"]) <= release
        and marker_applies(Marker(row["where"]), environment)
        for row in load_table("tritons")
    )


def _has_companion(release: Version, name: str, versions: SpecifierSet) -> bool:
    known = _pins(name)
    if not known or admits_newer(versions, [*known][-1]):
        return True
    return any(pin.contains(release) for item, pin in known.items() if versions.contains(item))


@cache
def _pins(name: str) -> dict[Version, SpecifierSet]:
    return {
        Version(row["version"]): SpecifierSet(row["torch"])
        for row in load_table("companions")
        if row["package"] == name
    }


def _admits(specifier: SpecifierSet, versions: list[str] | None) -> bool:
    return versions is None or any(map(specifier.contains, versions))
