"""What there is: every wheel of the family, by channel, folder and package, oldest torch first."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from itertools import chain
from typing import TYPE_CHECKING, Any

from packaging.requirements import Requirement
from packaging.version import Version

from hatch_torch.companions import paired
from hatch_torch.demo.builds import HERE, PYPI, PYTORCH, STABLE, Build, Release, filenames
from hatch_torch.releases import known_backends, published, pypi_backend, pythons, torch_releases
from hatch_torch.tables import rows
from hatch_torch.target import PLATFORMS

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from hatch_torch.backend import Backend

TORCH = "torch"
MEMBERS = (TORCH, "torchvision", "torchaudio")
TRITONS = ("triton", "triton-rocm", "triton-xpu", "pytorch-triton-rocm", "pytorch-triton-xpu")
FAMILY = MEMBERS + TRITONS
CHANNELS = (STABLE, "test", "nightly")

_OLDEST = Version("2.2")


@dataclass(frozen=True, slots=True)
class File:
    """A wheel of the family: its name, and the build that it is."""

    name: str
    build: Build


@cache
def releases(channel: str) -> tuple[Release, ...]:
    """Return the releases of a channel, the oldest first."""
    if channel == STABLE:
        return tuple(Release(one) for one in torch_releases() if one >= _OLDEST)
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
