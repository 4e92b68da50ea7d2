"""The face of an index on a lock: it offers what is locked, and asks nobody."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from hatch_torch.index.hosts import Hosts, bare
from hatch_torch.index.wheel import Wheel
from hatch_torch.lock import LOCK
from hatch_torch.lock.contents import rank_of
from hatch_torch.lock.paths import lengthened

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping

    from hatch_torch.backend import Backend
    from hatch_torch.lock.contents import Lock

    Ask = tuple[Backend, str]


class LockedIndex:
    """Answers as `index.Index` does, from a lock alone."""

    renewal = f"; its wheels are in {LOCK}, which `hatch-torch lock` renews"
    """What to say where nothing fits."""

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
