"""The files that the embedded index serves: every wheel of the torch family that PyTorch published.

The package's own tables say which torch exists for which backend, platform and Python;
``index.toml`` adds what only an index knows, such as platform tags and missing builds.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any

from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.version import Version

from hatch_torch._toml import loads
from hatch_torch.catalog import load_table
from hatch_torch.catalog.releases import (
    companion_versions,
    known_backends,
    published_releases,
    pypi_backend,
    supported_pythons,
    torch_releases,
)
from hatch_torch.catalog.target import PLATFORMS

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from hatch_torch.catalog.backend import Backend

PYTORCH = "pytorch"
PYPI = "pypi"
STABLE = "stable"
CHANNELS = (STABLE, "test", "nightly")

TORCH = "torch"
MEMBERS = (TORCH, "torchvision", "torchaudio")
TRITONS = ("triton", "triton-rocm", "triton-xpu", "pytorch-triton-rocm", "pytorch-triton-xpu")
FAMILY = MEMBERS + TRITONS

_OLDEST, _NEWEST = Version("0"), Version("9999")
_OLDEST_TORCH = Version("2.2")


@dataclass(frozen=True, slots=True)
class Release:
    """A release of torch, with its family."""

    like: Version
    """The published release that it is, or that its builds resemble."""
    channel: str = STABLE
    names: tuple[tuple[str, str], ...] = ()
    """The versions in its file names, by package, where they differ from those of `like`."""
    backends: tuple[str, ...] = ()
    """The backends that it was built for; empty: all that `like` was built for."""

    def get_file_version(self, package: str, version: Version) -> str:
        """Return the public version of a package in its file name."""
        return dict(self.names).get(package, str(version))


@dataclass(frozen=True, slots=True)
class Build:
    """A package built for a release of torch, a backend, a platform and a Python."""

    package: str
    version: Version
    """The published version, which the rules go by."""
    release: Release
    backend: Backend
    platform: str
    python: str
    on: str = PYTORCH
    """The index that has it: ``pytorch`` or ``pypi``."""

    @property
    def file_version(self) -> str:
        """The public version in its file name."""
        return self.release.get_file_version(self.package, self.version)


@dataclass(frozen=True, slots=True)
class File:
    """A wheel of the family: its file name, and the build that it is."""

    name: str
    build: Build


@dataclass(frozen=True, slots=True)
class Rule:
    """A row of `tags` or `missing_builds`, and the conditions under which it applies."""

    package: str
    first: Version
    last: Version
    torch: SpecifierSet
    allowed: tuple[tuple[str, frozenset[str]], ...]
    """The values that a build's platform, backend, Python and index may have."""
    row: dict[str, Any]

    @classmethod
    def from_row(cls, row: dict[str, Any]) -> Rule:
        """Return the rule that a row states."""
        keys = {"platforms": "platform", "backends": "backend", "pythons": "python", "on": "on"}
        return cls(
            row["package"],
            Version(row["first"]) if "first" in row else _OLDEST,
            Version(row["last"]) if "last" in row else _NEWEST,
            SpecifierSet(row.get("torch", "")),
            tuple((field, frozenset(row[key])) for key, field in keys.items() if key in row),
            row,
        )

    def applies_to(self, build: Build) -> bool:
        """Say whether a build meets every condition."""
        return (
            self.first <= build.version <= self.last
            and all(str(getattr(build, field)) in values for field, values in self.allowed)
            and (not self.torch or self.torch.contains(build.release.like))
        )


@cache
def load_rows(name: str) -> tuple[dict[str, Any], ...]:
    """Return the rows of one array of ``index.toml`` or ``dependents.toml``."""
    return tuple(_load_index()[name])


@cache
def _load_index() -> dict[str, list[dict[str, Any]]]:
    files = (Path(__file__).with_name(name) for name in ("index.toml", "dependents.toml"))
    return {key: rows for file in files for key, rows in loads(file.read_text("utf-8")).items()}


@cache
def _load_rules(name: str, package: str) -> tuple[Rule, ...]:
    holes = load_table("holes") if name == "missing_builds" else ()
    rows = chain(load_rows(name), holes)
    return tuple(Rule.from_row(row) for row in rows if row["package"] == package)


def iter_filenames(build: Build) -> Iterator[str]:
    """Yield the names of the files of a build: most have one, some more, some do not exist."""
    if any(rule.applies_to(build) for rule in _load_rules("missing_builds", build.package)):
        return
    rules = [rule for rule in _load_rules("tags", build.package) if rule.applies_to(build)]
    for place, rule in enumerate(rules):
        if place == 0 or rule.row.get("also"):
            yield _format_filename(build, rule.row)


def _format_filename(build: Build, row: dict[str, Any]) -> str:
    version = build.file_version
    if build.on == PYTORCH and row.get("local", True):
        version += f"+{build.backend.name}"
    python = "cp" + build.python.replace(".", "")
    parts = [build.package.replace("-", "_"), version, row.get("build", "")]
    parts += [row.get("python", python.rstrip("t")), row.get("abi", python), row["tag"]]
    return "-".join(filter(None, parts)) + ".whl"


@cache
def list_releases(channel: str) -> tuple[Release, ...]:
    """Return the releases of a channel, the oldest first."""
    if channel == STABLE:
        return tuple(Release(version) for version in torch_releases() if version >= _OLDEST_TORCH)
    return tuple(
        Release(
            Version(row["like"]),
            channel,
            tuple(row["names"].items()),
            tuple(row.get("backends", ())),
        )
        for row in load_rows("channel_builds")
        if row["channel"] == channel
    )


@cache
def list_folders(channel: str) -> tuple[str, ...]:
    """Return the folders of a channel, such as ``cu126``, ``rocm6.2.4``, ``xpu`` and ``cpu``."""
    folders = dict.fromkeys(backend.folder for backend in known_backends())
    return tuple(folder for folder in folders if list_files(channel, folder, TORCH))


@cache
def list_files(channel: str, folder: str, package: str) -> tuple[File, ...]:
    """Return a package's files in a folder of PyTorch's index."""
    backends = [backend for backend in known_backends() if backend.folder == folder]
    return _name_files(
        build
        for release in list_releases(channel)
        for backend in backends
        for build in _iter_builds(release, backend, package)
    )


@cache
def list_pypi_files(package: str) -> tuple[File, ...]:
    """Return a package's files on PyPI: the default backend's, without local version.

    A companion that goes with several releases of torch is built like the newest of them.
    """
    releases = reversed(list_releases(STABLE))
    builds = chain.from_iterable(_iter_pypi_builds(release, package) for release in releases)
    return tuple(sorted(_name_files(builds), key=lambda file: file.build.version))


def find_triton(release: Release, family: str) -> Requirement | None:
    """Return the triton that torch requires for an accelerator family, without markers."""
    triton = _find_published_triton(release, family)
    if triton is None or triton.name not in dict(release.names):
        return triton
    return Requirement(f"{triton.name}=={dict(release.names)[triton.name]}")


def find_triton_row(release: Release) -> dict[str, Any]:
    """Return the row of `triton_requirements` about a release; empty where none is."""
    for row in load_rows("triton_requirements"):
        if Version(row["first"]) <= release.like <= Version(row["last"]):
            return row
    return {}


def _find_published_triton(release: Release, family: str) -> Requirement | None:
    row = find_triton_row(release)
    return Requirement(row[family]) if family in row else None


def _name_files(builds: Iterable[Build]) -> tuple[File, ...]:
    """Return the files of builds, each once: a companion may go with several releases of torch."""
    build_of_name: dict[str, Build] = {}
    for build in builds:
        for name in iter_filenames(build):
            build_of_name.setdefault(name, build)
    return tuple(File(name, build) for name, build in build_of_name.items())


def _iter_builds(
    release: Release, backend: Backend, package: str, on: str = PYTORCH
) -> Iterator[Build]:
    if release.backends and backend.name not in release.backends:
        return
    for platform in PLATFORMS:
        if release.like in published_releases(backend, platform):
            yield from _iter_platform_builds(release, backend, package, platform, on)


def _iter_platform_builds(
    release: Release, backend: Backend, package: str, platform: str, on: str
) -> Iterator[Build]:
    for version in _list_versions(release, backend, package):
        for python in supported_pythons(release.like, platform):
            yield Build(package, version, release, backend, platform, python, on)


def _iter_pypi_builds(release: Release, package: str) -> Iterator[Build]:
    if package not in MEMBERS:  # PyPI has the same triton for every CUDA.
        for backend in known_backends():
            yield from _iter_builds(release, backend, package, PYPI)
        return
    for platform in PLATFORMS:
        if default := pypi_backend(release.like, platform):
            yield from _iter_platform_builds(release, default, package, platform, PYPI)


def _list_versions(release: Release, backend: Backend, package: str) -> tuple[Version, ...]:
    """Return a package's published versions that go with a release."""
    if package == TORCH:
        return (release.like,)
    if package in MEMBERS:
        versions = companion_versions(release.like).get(package, ())
        if release.channel == STABLE:
            return versions
        return versions[-1:] if package in dict(release.names) else ()
    triton = _find_published_triton(release, backend.family)
    if triton is None or triton.name != package:
        return ()
    return tuple(Version(specifier.version) for specifier in triton.specifier)
