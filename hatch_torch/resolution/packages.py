"""The releases that the installer could take: what is installed and may stay, then its indexes."""

from __future__ import annotations

import re
from contextlib import suppress
from functools import lru_cache
from itertools import chain
from typing import TYPE_CHECKING, NamedTuple

from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name
from packaging.version import InvalidVersion, Version

from hatch_torch.resolution.tree import Need, Release

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
    from pathlib import Path

    from hatch_torch.index.project_index import ProjectIndex, ReleaseFile

_MOST_REQUIREMENTS = 2000
"""Lines of one METADATA; the most that was seen on PyPI is some 500."""
_LONGEST_LINE = 1000
_HEADER_END = re.compile(rb"\r?\n\r?\n")
_CONTINUED = re.compile(r"\r?\n[ \t]+")
_STATIC_SINCE = (2, 2)
"""The metadata version from which an sdist says which of its fields are dynamic (PEP 643)."""


class InstalledRelease(NamedTuple):
    """A distribution of the environment."""

    version: Version
    metadata: Path


class InstallerPackages:
    """Answers what `resolution.tree` asks, as pip and uv would find it."""

    def __init__(
        self,
        index: ProjectIndex,
        *,
        installed: Mapping[str, InstalledRelease],
        local: Mapping[str, tuple[Requirement, ...]],
        stays: Callable[[str], bool] = lambda _: True,
    ) -> None:
        """Take the indexes, the installed distributions and the local projects, both by name.

        `stays`: whether an installed release that satisfies is kept, which `--upgrade` forbids.
        """
        self._index = index
        self._installed = installed
        self._local = local
        self._stays = stays
        self._files: dict[tuple[str, Version], ReleaseFile] = {}

    def load_releases(self, needs: Collection[Need]) -> None:
        """Read the pages of the packages that only the index has, all at once."""
        self._index.load(
            need.name
            for need in needs
            if not (need.url or need.name in self._local or self._kept(need))
        )

    def load_metadata(self, releases: Collection[Release]) -> None:
        """Read the METADATA of the releases that come from the index, all at once."""
        self._index.load_metadata(
            self._files[release.name, release.version]
            for release in releases
            if release.version and (release.name, release.version) in self._files
        )

    def releases(self, need: Need) -> Iterable[Release] | None:
        """Return the releases that meet a requirement, what is installed first."""
        if need.name in self._local:
            return (Release(need.name),)
        if need.url:
            return None
        if kept := self._kept(need):
            rest = (one for one in self._listed(need) if one.version != kept.version)
            return chain((Release(need.name, kept.version),), rest)
        if self._index.is_unknown(need.name):
            return None
        return self._listed(need)

    def requires(self, release: Release) -> tuple[Requirement, ...] | None:
        """Return what a release requires; None where it cannot be known without building it."""
        if release.name in self._local:
            return self._local[release.name]
        if release.version is None:
            return None
        if file := self._files.get((release.name, release.version)):
            content = self._index.metadata(file)
            if content is None or not (file.is_wheel or _is_static(content)):
                return None
            return read_requires(content, with_extras=bool(release.extras))
        try:
            content = self._installed[release.name].metadata.read_bytes()
        except OSError:
            return None
        return read_requires(content, with_extras=bool(release.extras))

    def _kept(self, need: Need) -> InstalledRelease | None:
        installed = self._installed.get(need.name)
        if installed is None or not self._stays(need.name):
            return None
        is_admitted = need.specifier.contains(installed.version, prereleases=True)
        return installed if is_admitted else None

    def _listed(self, need: Need) -> Iterator[Release]:
        for file in self._index.releases(need.name, need.specifier):
            self._files[need.name, file.version] = file
            yield Release(need.name, file.version)


def find_installed_releases(folders: Iterable[Path]) -> dict[str, InstalledRelease]:
    """Return every distribution of some `site-packages` by its name; the first folder wins.

    Only names of folders are read; a name that spells no version counts as not installed.
    """
    found: dict[str, InstalledRelease] = {}
    for folder in folders:
        paths: list[Path] = []
        with suppress(OSError):
            paths = sorted(folder.glob("*.dist-info"))
        for path in paths:
            name, _, version = path.name.removesuffix(".dist-info").partition("-")
            with suppress(InvalidVersion):
                release = InstalledRelease(Version(version), path / "METADATA")
                found.setdefault(canonicalize_name(name), release)
    return found


def read_requires(content: bytes, *, with_extras: bool = True) -> tuple[Requirement, ...]:
    """Return the requirements of a METADATA file; lines that cannot be read are passed over.

    `with_extras=False` leaves out those of extras unread: most lines of most files are such.
    """
    lines = _headers(content, "requires-dist")[:_MOST_REQUIREMENTS]
    wanted = (line for line in lines if with_extras or "extra" not in line.partition(";")[2])
    return tuple(filter(None, map(_parse_requirement, wanted)))


def _is_static(content: bytes) -> bool:
    """Return whether an sdist's PKG-INFO holds what its wheels will require (PEP 643)."""
    (version, *_) = _headers(content, "metadata-version") or ["0"]
    dynamic = {value.lower() for value in _headers(content, "dynamic")}
    try:
        is_recent = Version(version).release >= _STATIC_SINCE
    except InvalidVersion:
        return False
    return is_recent and "requires-dist" not in dynamic


def _headers(content: bytes, name: str) -> list[str]:
    """Return the values of a header; the standard library's parser takes ten times as long."""
    head = _HEADER_END.split(content, maxsplit=1)[0].decode("utf-8", "replace")
    pairs = (line.partition(":") for line in _CONTINUED.sub(" ", head).splitlines())
    return [value.strip() for key, _, value in pairs if key.lower() == name]


@lru_cache(maxsize=8192)
def _parse_requirement(line: str) -> Requirement | None:
    if len(line) > _LONGEST_LINE:
        return None
    try:
        return Requirement(line)
    except (InvalidRequirement, RecursionError):
        return None
