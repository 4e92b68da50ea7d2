"""Locked wheels as a wheel source, with relative URLs that are valid for every mirror."""

from __future__ import annotations

import posixpath
from types import MappingProxyType
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import unquote, urljoin, urlsplit

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from hatch_torch.index.simple_api import Wheel
from hatch_torch.index.urls import PYTORCH_HOSTS, AllowedHosts, get_host, strip_credentials
from hatch_torch.lock import LOCK

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

    from hatch_torch.catalog.backend import Backend
    from hatch_torch.index.simple_api import PageKey


class LockedWheel(NamedTuple):
    """A wheel: its place below the root of the index, and its hash."""

    name: str
    """Normalized (PEP 503)."""
    version: str
    path: str
    """Percent-encoded, relative to the root; with a leading slash relative to `host`."""
    sha256: str | None = None
    """None where the index gives none."""
    host: str | None = None
    """The public host that serves the file, where that is not the root's."""
    requires: tuple[str, ...] = ()
    """Those of its requirements that only the backend's index serves."""

    @property
    def filename(self) -> str:
        """The wheel's file name."""
        return unquote(self.path.rpartition("/")[2])


def relative_url(url: str, root: str, hosts: Collection[str] = ()) -> tuple[str, str | None]:
    """Return a wheel's path relative to an index root, and its host where that is another.

    Only a public host is named: one of PyTorch's, or of the project's `hosts`. PyTorch's pages
    link to files on another host of theirs, under the same path.
    """
    base, target = urlsplit(root), urlsplit(url)
    path = posixpath.relpath(target.path, posixpath.join(base.path, "."))
    if target.netloc == base.netloc or target.hostname not in {*PYTORCH_HOSTS, *hosts}:
        return path, None
    if get_host(root) in PYTORCH_HOSTS:
        return path, target.hostname
    return target.path, target.hostname


def absolute_url(path: str, host: str | None, root: str) -> str:
    """Return the URL of a path below an index root, which may be a mirror's.

    A mirror serves what PyTorch's hosts serve; a path with a leading slash stays on `host`.
    """
    base = root.rstrip("/") + "/"
    if host and path.startswith("/"):
        return f"https://{host}{path}"
    if host and get_host(base) in PYTORCH_HOSTS:
        return urljoin(f"https://{host}{urlsplit(base).path}", path)
    return urljoin(base, path)


class LockedSource:
    """The wheel source of a lock; it uses no network."""

    hint = f"; its wheels are in {LOCK}, which `hatch-torch lock` renews"
    is_folder = False

    def __init__(
        self,
        wheels: Mapping[Backend, Sequence[LockedWheel]],
        root: str,
        *,
        folders: Mapping[Backend, str] = MappingProxyType({}),
        hosts: Collection[str] = (),
        local_files: Collection[str] = (),
    ) -> None:
        """Take the wheels, the index root of their paths, and the backends' own folders.

        `hosts`: further hosts that wheels may be fetched from. `local_files`: the names of files
        that the installer finds by itself in its find-links folders; these get no URL.
        """
        self._root = strip_credentials(root)
        self._folders = {backend: strip_credentials(url) for backend, url in folders.items()}
        self._local_files = local_files
        self._rejections: dict[str, None] = {}
        self._hosts = AllowedHosts.of([self._root, *self._folders.values()], hosts)
        self._requirements: dict[str, tuple[Requirement, ...]] = {}
        self._unhashed = sorted(
            {one.filename for locked in wheels.values() for one in locked if one.sha256 is None}
        )
        self._wheels = {
            backend: tuple(self._read_wheels(locked, self._folders.get(backend, self._root)))
            for backend, locked in wheels.items()
        }

    @property
    def notes(self) -> list[str]:
        """That a lock decided, which wheels were rejected, and which have no hash."""
        missing = [f"{LOCK} has no hash of {', '.join(self._unhashed)}"] if self._unhashed else []
        return [f"{LOCK} decided the versions; no index was asked", *self._rejections, *missing]

    def has_own_folder(self, backend: Backend) -> bool:
        """Return whether a backend has an index of its own."""
        return backend in self._folders

    def get_wheels(self, backend: Backend, name: str) -> tuple[Wheel, ...]:
        """Return a package's locked wheels of a backend."""
        normalized = canonicalize_name(name)
        return tuple(wheel for wheel in self._wheels.get(backend, ()) if wheel.name == normalized)

    def load_pages(self, keys: Iterable[PageKey]) -> dict[PageKey, tuple[Wheel, ...]]:
        """Return the wheels of several packages."""
        return {key: self.get_wheels(*key) for key in keys}

    def list_backends(self) -> tuple[Backend, ...]:
        """Return the locked backends, in the order of the lock."""
        return tuple(self._wheels)

    def read_requirements(self, wheel: Wheel) -> tuple[Requirement, ...]:
        """Return those requirements of a wheel that only its backend's index serves."""
        return self._requirements[wheel.filename]

    def _read_wheels(self, wheels: Iterable[LockedWheel], root: str) -> Iterator[Wheel]:
        for locked in wheels:
            url = absolute_url(locked.path, locked.host, root)
            if reason := self._hosts.rejection_reason(url):
                self._rejections[f"{LOCK}: refused {reason}"] = None
                continue
            self._requirements[locked.filename] = tuple(map(Requirement, locked.requires))
            url = "" if locked.filename in self._local_files else url
            yield Wheel.from_filename(locked.filename, url, sha256=locked.sha256)
