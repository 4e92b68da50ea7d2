"""A wheel's URL to a path that any mirror of the index has too, and back.

What a lock holds: for each backend the wheels of one release of torch, and for what.
"""

from __future__ import annotations

import posixpath
from types import MappingProxyType
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import unquote, urljoin, urlsplit

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from hatch_torch.catalog.backend import FAMILIES
from hatch_torch.catalog.releases import FAMILY
from hatch_torch.config.config import declared_extras
from hatch_torch.index.simple_api import Wheel
from hatch_torch.index.urls import PYTORCH_HOSTS, Hosts, bare, host_of
from hatch_torch.lock import LOCK

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping

    from packaging.version import Version

    from hatch_torch.catalog.backend import Backend
    from hatch_torch.config.config import Config
    from hatch_torch.index.source import Sources

    Ask = tuple[Backend, str]


def shortened(url: str, root: str, hosts: Collection[str] = ()) -> tuple[str, str | None]:
    """Return a wheel's path relative to a root, and the host that has it where that is another.

    Only a public host is named: PyTorch's, or one of `hosts`, which the project's table lists.
    PyTorch's pages link to files at another host of theirs, under the same path.
    """
    own, there = urlsplit(root), urlsplit(url)
    relative = posixpath.relpath(there.path, posixpath.join(own.path, "."))
    if there.netloc == own.netloc or there.hostname not in {*PYTORCH_HOSTS, *hosts}:
        return relative, None
    if host_of(root) in PYTORCH_HOSTS:
        return relative, there.hostname
    return there.path, there.hostname


def lengthened(path: str, host: str | None, root: str) -> str:
    """Return the URL of a path below a root, which may be that of a mirror.

    A mirror has PyTorch's files itself; a path that begins with a slash is its host's own.
    """
    base = root.rstrip("/") + "/"
    if host and path.startswith("/"):
        return f"https://{host}{path}"
    if host and host_of(base) in PYTORCH_HOSTS:
        return urljoin(f"https://{host}{urlsplit(base).path}", path)
    return urljoin(base, path)


class LockedWheel(NamedTuple):
    """A wheel: where it lies below the root of the index, and its hash."""

    name: str
    """Normalized (PEP 503)."""
    version: str
    path: str
    """Percent-encoded, relative to the root; with a leading slash relative to `host`."""
    sha256: str | None = None
    """None where the index gives none."""
    host: str | None = None
    """A public host that serves the file though it is not the root's."""
    requires: tuple[str, ...] = ()
    """What of its requirements only the backend's index serves."""

    @property
    def filename(self) -> str:
        """The wheel's file name."""
        return unquote(self.path.rpartition("/")[2])


class Part(NamedTuple):
    """What a lock holds of one backend."""

    torch: Version
    """The one release of torch, without a local version."""
    wheels: tuple[LockedWheel, ...]


class MadeFor(NamedTuple):
    """What of a project a lock was made for; where it changes, the lock is stale."""

    requirements: tuple[str, ...] = ()
    """On the family, sorted; those of an extra name it in their marker."""
    backends: tuple[str, ...] = ()
    """The backends that the project supports, sorted; none: all."""
    family: tuple[str, ...] = ()
    channel: str = "stable"

    @classmethod
    def of(cls, config: Config) -> MadeFor:
        """Return what a lock for this project is made for."""
        return cls(
            requirements=tuple(sorted(dict.fromkeys(_requirements(config)))),
            backends=tuple(sorted(one.backend.name for one in config.extras)),
            family=tuple(sorted(config.family)),
            channel=config.channel,
        )


class Narrowed(NamedTuple):
    """The options that a lock was narrowed by; without any it holds all that the project admits."""

    backends: tuple[str, ...] = ()
    pythons: tuple[str, ...] = ()
    platforms: tuple[str, ...] = ()


class Lock(NamedTuple):
    """A whole lock."""

    made_for: MadeFor = MadeFor()
    narrowed: Narrowed = Narrowed()
    parts: Mapping[Backend, Part] = MappingProxyType({})

    def holds(self, name: str, version: Version) -> bool:
        """Answer whether a wheel of this very version is locked, of whatever backend."""
        every = (wheel for part in self.parts.values() for wheel in part.wheels)
        return any((wheel.name, wheel.version) == (name, str(version)) for wheel in every)

    def open(self, sources: Sources) -> LockedIndex:
        """Return what is locked, with the root of a mirror where one is named."""
        config, house = sources.config, sources.wheelhouse()
        folders = {one.backend: one.index_url for one in config.extras if one.index_url}
        at_hand = {wheel.filename for wheel in house.every()} if house else ()
        return LockedIndex(
            self, sources.origin.root, folders=folders, hosts=config.hosts, at_hand=at_hand
        )


def rank_of(backend: Backend) -> tuple[int, tuple[int, ...]]:
    """Return the place of a backend in a lock: by family, the oldest first."""
    return FAMILIES.index(backend.family), backend.release


def place_of(wheel: LockedWheel) -> tuple[str, ...]:
    """Return the place of a wheel among those of its backend."""
    return wheel.name, wheel.filename, wheel.path


def _requirements(config: Config) -> Iterator[str]:
    """Yield the project's lines on the family, each as it is declared."""
    yield from map(str, _of_family(config, config.dependencies))
    for extra, lines in declared_extras(config).items():
        for one in _of_family(config, lines):
            yield f'{one}{" and" if one.marker else " ;"} extra == "{extra}"'


def _of_family(config: Config, lines: Iterable[Requirement]) -> Iterator[Requirement]:
    names = {*FAMILY, *config.family}
    return (one for one in lines if canonicalize_name(one.name) in names)


class LockedIndex:
    """Answers as `index.Index` does, from a lock alone."""

    hint = f"; its wheels are in {LOCK}, which `hatch-torch lock` renews"
    is_folder = False

    def __init__(
        self,
        lock: Lock,
        root: str,
        *,
        folders: Mapping[Backend, str] = MappingProxyType({}),
        hosts: Collection[str] = (),
        at_hand: Collection[str] = (),
    ) -> None:
        """Take the root that paths are relative to, and the folders of backends that have one.

        `hosts`: further hosts that a wheel may be fetched from. `at_hand`: the names of files that
        the installer finds by itself, in a wheelhouse: they get no URL.
        """
        self._lock = lock
        self._root = bare(root)
        self._folders = {backend: bare(url) for backend, url in folders.items()}
        self._at_hand = at_hand
        self._refused: dict[str, None] = {}
        self._hosts = Hosts.of([self._root, *self._folders.values()], hosts)
        self._requires: dict[str, tuple[Requirement, ...]] = {}
        self._wheels = {backend: tuple(self._read(backend)) for backend in lock.parts}

    @property
    def notes(self) -> list[str]:
        """What is worth knowing: that a lock decided, and which wheels have no hash."""
        wheels = {wheel for part in self._lock.parts.values() for wheel in part.wheels}
        without = sorted(wheel.filename for wheel in wheels if wheel.sha256 is None)
        noted = [f"{LOCK} has no hash of {', '.join(without)}"] if without else []
        return [f"{LOCK} decided the versions; no index was asked", *self._refused, *noted]

    def has_own_folder(self, backend: Backend) -> bool:
        """Document whether a backend's wheels lie elsewhere than below the root."""
        return backend in self._folders

    def wheels(self, backend: Backend, name: str) -> tuple[Wheel, ...]:
        """Return a package's locked wheels of a backend."""
        wanted = canonicalize_name(name)
        return tuple(one for one in self._wheels.get(backend, ()) if one.name == wanted)

    def pages(self, asks: Iterable[Ask]) -> dict[Ask, tuple[Wheel, ...]]:
        """Return the wheels of several packages."""
        return {ask: self.wheels(*ask) for ask in asks}

    def backends(self) -> tuple[Backend, ...]:
        """Return the backends that are locked."""
        return tuple(sorted(self._wheels, key=rank_of))

    def requires(self, wheel: Wheel) -> tuple[Requirement, ...]:
        """Return what of a wheel's requirements only the backend's index serves."""
        return self._requires[wheel.filename]

    def _read(self, backend: Backend) -> Iterator[Wheel]:
        root = self._folders.get(backend, self._root)
        for one in self._lock.parts[backend].wheels:
            url = lengthened(one.path, one.host, root)
            if refusal := self._hosts.refusal(url):
                self._refused[f"{LOCK}: refused {refusal}"] = None
                continue
            self._requires[one.filename] = tuple(map(Requirement, one.requires))
            given = "" if one.filename in self._at_hand else url
            yield Wheel.from_filename(one.filename, given, sha256=one.sha256)
