"""The releases that the installer could take: what is installed and may stay, then its indexes."""

from __future__ import annotations

import re
from contextlib import suppress
from functools import cached_property, lru_cache
from itertools import chain
from typing import TYPE_CHECKING, NamedTuple

from packaging.requirements import InvalidRequirement, Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name
from packaging.version import InvalidVersion, Version

from hatch_torch.catalog.specifiers import marker_applies
from hatch_torch.resolution.model import Need, Release

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
    from pathlib import Path

    from hatch_torch.index.project_index import ProjectIndex, ReleaseFile


def active_requirements(
    requirements: Iterable[Requirement], release: Release, environment: Mapping[str, str]
) -> list[Requirement]:
    """Return the requirements whose marker holds, for the extras that are asked for.

    An extra that requires the package itself with other extras (``all = ["pkg[a,b]"]``) asks for
    these too.
    """
    requirements = tuple(requirements)
    extras = release.extras
    while True:
        active = [one for one in requirements if _applies(one, release.name, extras, environment)]
        further = extras.union(
            *(
                map(canonicalize_name, one.extras)
                for one in active
                if canonicalize_name(one.name) == release.name
            )
        )
        if further == extras:
            return [one for one in active if canonicalize_name(one.name) != release.name]
        extras = further


def _applies(
    requirement: Requirement, _name: str, extras: Collection[str], environment: Mapping[str, str]
) -> bool:
    marker = requirement.marker
    if marker is None:
        return True
    named = _EXTRA.findall(str(marker))
    # Most lines of a METADATA belong to one extra that is not asked for: their marker, which takes
    # long to evaluate, need not be.
    if len(named) == 1 and " or " not in str(marker) and canonicalize_name(named[0]) not in extras:
        return False
    return any(marker_applies(marker, environment, extra) for extra in chain(("",), extras))


_EXTRA = re.compile(r"""\bextra\s*==\s*["']([^"']+)["']""")


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
        open_index: Callable[[], ProjectIndex],
        *,
        installed: Mapping[str, InstalledRelease],
        local: Mapping[str, tuple[Requirement, ...]],
        keeps_installed: Callable[[str], bool] = lambda _: True,
        unlisted: Collection[str] = (),
    ) -> None:
        """Take what opens the indexes, and the installed distributions and local projects by name.

        `keeps_installed`: whether an installed release of a package stays where it satisfies, which
        `--upgrade` forbids. `unlisted`: packages that may be on another index than the installer's.
        """
        self._unlisted = unlisted
        self._open_index = open_index
        self._installed = installed
        self._local = local
        self._keeps_installed = keeps_installed
        self._files: dict[tuple[str, Version], ReleaseFile] = {}

    @cached_property
    def _index(self) -> ProjectIndex:
        return self._open_index()

    def is_late(self) -> bool:
        """Return whether the time for reading and searching is up."""
        return self._index.is_late()

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
        if need.name in self._unlisted and not any(self._listed(need)):
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
        return self._read_installed(release)

    def find_file(self, release: Release) -> ReleaseFile | None:
        """Return the file of the index that the installer takes for a release."""
        return self._files.get((release.name, release.version)) if release.version else None

    def admits_python(self, release: Release) -> bool:
        """Return whether a release admits this Python; METADATA says it where the page does not.

        Without this the newest release of a folder would be taken that the installer passes over.
        """
        file = release.version and self._files.get((release.name, release.version))
        if not file or file.requires_python:
            return True
        content = self._index.metadata(file)
        specifiers = _headers(content, "requires-python") if content else ()
        return all(map(self._index.admits_python, specifiers))

    def locate(self, releases: Iterable[Release]) -> None:
        """Find the files of releases that are known, as a search would have."""
        for one in releases:
            if one.version and one.name not in self._local:
                exactly = SpecifierSet(f"=={one.version}")
                any(self.releases(Need(one.name, exactly)) or ())

    @property
    def local(self) -> Mapping[str, tuple[Requirement, ...]]:
        """The local projects by name, with what they require."""
        return self._local

    @property
    def installed_versions(self) -> dict[str, str]:
        """The release of every installed distribution."""
        return {name: str(one.version) for name, one in self._installed.items()}

    def find_stamps(self, names: Iterable[str]) -> list[tuple[str, int, int]]:
        """Return what changes when the METADATA of an installed package is written anew."""
        stamps: list[tuple[str, int, int]] = []
        for name in sorted(self._installed.keys() & set(names)):
            with suppress(OSError):
                status = self._installed[name].metadata.stat()
                stamps.append((name, status.st_mtime_ns, status.st_size))
        return stamps

    def has_installed(self, needs: Iterable[Need], environment: Mapping[str, str]) -> bool:
        """Return whether requirements, and all that they require in turn, are installed and stay.

        Such an install leaves the environment as it is, so nothing of it has to be resolved.
        """
        extras: dict[str, frozenset[str]] = {}
        todo = list(needs)
        while todo:
            need = todo.pop()
            known = extras.get(need.name)
            if known is not None and need.extras <= known:
                continue
            if need.name not in self._local and (need.url or not self._kept(need)):
                return False
            extras[need.name] = (known or frozenset()) | need.extras
            release = Release(need.name, extras=extras[need.name])
            declared = self._read_installed(release) or ()
            active = active_requirements(declared, release, environment)
            todo += map(Need.from_requirement, active)
        return True

    def _kept(self, need: Need) -> InstalledRelease | None:
        installed = self._installed.get(need.name)
        if installed is None or not self._keeps_installed(need.name):
            return None
        is_admitted = need.specifier.contains(installed.version, prereleases=True)
        return installed if is_admitted else None

    def _read_installed(self, release: Release) -> tuple[Requirement, ...] | None:
        if release.name in self._local:
            return self._local[release.name]
        try:
            content = self._installed[release.name].metadata.read_bytes()
        except OSError:
            return None
        return read_requires(content, with_extras=bool(release.extras))

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
