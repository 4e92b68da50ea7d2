"""A build: a wheel of the family that PyTorch made, and the rules that say which there are.

What there is: every wheel of the family, by channel, folder and package, oldest torch first.
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

from hatch_torch.catalog import rows
from hatch_torch.catalog.releases import (
    known_backends,
    paired,
    published,
    pypi_backend,
    pythons,
    torch_releases,
)
from hatch_torch.catalog.target import PLATFORMS

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from hatch_torch.catalog.backend import Backend


HERE = Path(__file__).parent
"""The folder of this index's own tables."""

PYTORCH = "pytorch"
PYPI = "pypi"
STABLE = "stable"

_OLDEST, _NEWEST = Version("0"), Version("9999")


@dataclass(frozen=True, slots=True)
class Release:
    """A release of torch, with its family."""

    like: Version
    """The published release that it is, or that it is made like."""
    channel: str = STABLE
    names: tuple[tuple[str, str], ...] = ()
    """The versions in its file names, by package, where they are not those of `like`."""
    backends: tuple[str, ...] = ()
    """The backends that it was built for; empty: all that `like` was built for."""

    def shown(self, package: str, version: Version) -> str:
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
    def shown(self) -> str:
        """The public version in its file name."""
        return self.release.shown(self.package, self.version)


@dataclass(frozen=True, slots=True)
class Rule:
    """Conditions on a build, and what follows where all of them hold."""

    package: str
    first: Version
    last: Version
    torch: SpecifierSet
    among: tuple[tuple[str, frozenset[str]], ...]
    """What a build's platform, backend, Python and index must be among."""
    row: dict[str, Any]

    @classmethod
    def of(cls, row: dict[str, Any]) -> Rule:
        """Read a row."""
        keys = {"platforms": "platform", "backends": "backend", "pythons": "python", "on": "on"}
        return cls(
            row["package"],
            Version(row["first"]) if "first" in row else _OLDEST,
            Version(row["last"]) if "last" in row else _NEWEST,
            SpecifierSet(row.get("torch", "")),
            tuple((name, frozenset(row[key])) for key, name in keys.items() if key in row),
            row,
        )

    def fits(self, build: Build) -> bool:
        """Say whether the conditions hold."""
        return (
            self.first <= build.version <= self.last
            and all(str(getattr(build, name)) in values for name, values in self.among)
            and (not self.torch or self.torch.contains(build.release.like))
        )


@cache
def _rules(table: str, package: str) -> tuple[Rule, ...]:
    return tuple(Rule.of(row) for row in rows(table, HERE) if row["package"] == package)


def filenames(build: Build) -> Iterator[str]:
    """Yield the names of the files of a build: most have one, some more, some were never made."""
    if any(rule.fits(build) for rule in _rules("holes", build.package)):
        return
    fitting = [rule.row for rule in _rules("tags", build.package) if rule.fits(build)]
    for place, row in enumerate(fitting):
        if place == 0 or row.get("also"):
            yield _filename(build, row)


def _filename(build: Build, row: dict[str, Any]) -> str:
    version = build.shown
    if build.on == PYTORCH and row.get("local", True):
        version += f"+{build.backend.name}"
    python = "cp" + build.python.replace(".", "")
    parts = [build.package.replace("-", "_"), version, row.get("build", "")]
    parts += [row.get("python", python.rstrip("t")), row.get("abi", python), row["tag"]]
    return "-".join(filter(None, parts)) + ".whl"


TORCH = "torch"
MEMBERS = (TORCH, "torchvision", "torchaudio")
TRITONS = ("triton", "triton-rocm", "triton-xpu", "pytorch-triton-rocm", "pytorch-triton-xpu")
FAMILY = MEMBERS + TRITONS
CHANNELS = (STABLE, "test", "nightly")

_OLDEST_CATALOG = Version("2.2")


@dataclass(frozen=True, slots=True)
class File:
    """A wheel of the family: its name, and the build that it is."""

    name: str
    build: Build


@cache
def releases(channel: str) -> tuple[Release, ...]:
    """Return the releases of a channel, the oldest first."""
    if channel == STABLE:
        return tuple(Release(one) for one in torch_releases() if one >= _OLDEST_CATALOG)
    return tuple(_release(row) for row in rows("channels", HERE) if row["channel"] == channel)


def _release(row: dict[str, Any]) -> Release:
    names = tuple(row["names"].items())
    return Release(Version(row["like"]), row["channel"], names, tuple(row.get("backends", ())))


@cache
def folders(channel: str) -> tuple[str, ...]:
    """Return the folders of a channel, such as ``cu126``, ``rocm6.2.4``, ``xpu`` and ``cpu``."""
    every = dict.fromkeys(backend.folder for backend in known_backends())
    return tuple(folder for folder in every if files(channel, folder, TORCH))


@cache
def files(channel: str, folder: str, package: str) -> tuple[File, ...]:
    """Return a package's files in a folder of PyTorch's index."""
    backends = [backend for backend in known_backends() if backend.folder == folder]
    made = (_builds(one, backend, package) for one in releases(channel) for backend in backends)
    return _named(chain.from_iterable(made))


@cache
def plain(package: str) -> tuple[File, ...]:
    """Return a package's files on PyPI: the default backend's, without local version."""
    return _named(chain.from_iterable(_plain_builds(one, package) for one in releases(STABLE)))


def triton(release: Release, family: str) -> Requirement | None:
    """Return the triton that torch's wheels of a family of backends require, without markers."""
    published_one = _published_triton(release, family)
    if published_one is None or published_one.name not in dict(release.names):
        return published_one
    return Requirement(f"{published_one.name}=={dict(release.names)[published_one.name]}")


def _published_triton(release: Release, family: str) -> Requirement | None:
    for row in rows("triton", HERE):
        if family in row and Version(row["first"]) <= release.like <= Version(row["last"]):
            return Requirement(row[family])
    return None


def _named(builds: Iterable[Build]) -> tuple[File, ...]:
    """Name the files, each once: a companion may go with several releases of torch."""
    found: dict[str, Build] = {}
    for build in builds:
        for name in filenames(build):
            found.setdefault(name, build)
    return tuple(File(name, build) for name, build in found.items())


def _builds(release: Release, backend: Backend, package: str, on: str = PYTORCH) -> Iterator[Build]:
    if release.backends and backend.name not in release.backends:
        return
    for platform in PLATFORMS:
        if release.like in published(backend, platform):
            yield from _on_platform(release, backend, package, platform, on)


def _on_platform(
    release: Release, backend: Backend, package: str, platform: str, on: str
) -> Iterator[Build]:
    for version in _versions(release, backend, package):
        for python in pythons(release.like, platform):
            yield Build(package, version, release, backend, platform, python, on)


def _plain_builds(release: Release, package: str) -> Iterator[Build]:
    if package not in MEMBERS:  # PyPI has the same triton for every CUDA.
        for backend in known_backends():
            yield from _builds(release, backend, package, PYPI)
        return
    for platform in PLATFORMS:
        if default := pypi_backend(release.like, platform):
            yield from _on_platform(release, default, package, platform, PYPI)


def _versions(release: Release, backend: Backend, package: str) -> tuple[Version, ...]:
    """Return a package's published versions that go with a release."""
    if package == TORCH:
        return (release.like,)
    if package in MEMBERS:
        found = paired(release.like).get(package, ())
        if release.channel == STABLE:
            return found
        return found[-1:] if package in dict(release.names) else ()
    needed = _published_triton(release, backend.family)
    if needed is None or needed.name != package:
        return ()
    return tuple(Version(one.version) for one in needed.specifier)
