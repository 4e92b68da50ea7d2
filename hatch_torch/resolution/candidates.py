"""What the index offers to one interpreter: picks, the newest first, page by page."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple

from packaging.version import Version

from hatch_torch.catalog import releases
from hatch_torch.catalog.releases import TORCH, last_built_for, may_pair
from hatch_torch.catalog.specifiers import admits_newer, without_local

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence

    from packaging.specifiers import SpecifierSet
    from packaging.tags import Tag

    from hatch_torch.catalog.backend import Backend
    from hatch_torch.catalog.target import Target
    from hatch_torch.index.simple_api import Wheel
    from hatch_torch.index.source import WheelSource

    Wants = Mapping[str, SpecifierSet]
    """Package names to the versions that will do."""

_BEYOND = Version("9999")
"""Stands for a release that no table knows."""


class Pick(NamedTuple):
    """The wheel chosen for a requirement."""

    name: str
    wheel: Wheel
    backend: Backend
    extras: frozenset[str] = frozenset()

    @property
    def version(self) -> Version:
        """The wheel's version, with its local part."""
        return self.wheel.version

    @property
    def release(self) -> Version:
        """The version without its local part: what every backend of a release shares."""
        return Version(self.wheel.version.public)


class Offers:
    """The wheels of an index that fit a target, asked for as late as possible."""

    def __init__(
        self,
        index: WheelSource | Callable[[], WheelSource],
        target: Target,
        *,
        in_tables: Callable[[Backend], bool] = lambda _: True,
        prereleases: Callable[[Backend], bool] = lambda _: False,
        require_hashes: bool = False,
    ) -> None:
        """Take the index (or what opens it), the target, and two questions about a backend's page.

        `in_tables`: whether it holds what the tables say (PyTorch's own stable channel or a mirror
        of it), so that it need not be read where they rule it out. `prereleases`: whether the
        family's pre-releases will do, as on a channel that holds little else. `require_hashes`
        passes over a wheel whose page gives no hash.
        """
        self._open = index
        self.target = target
        self._in_tables = in_tables
        self._prereleases = prereleases
        self._require_hashes = require_hashes
        self._best: dict[tuple[Backend, str], Mapping[Version, Wheel]] = {}
        self._torches: dict[tuple[Backend, SpecifierSet], Mapping[Version, Sequence[Pick]]] = {}

    @cached_property
    def index(self) -> WheelSource:
        """The index; a decision that keeps what is installed never opens it."""
        return self._open() if callable(self._open) else self._open

    @property
    def notes(self) -> list[str]:
        """What the index has to tell; nothing where it was not opened."""
        return [] if callable(self._open) and "index" not in vars(self) else self.index.notes

    def on(self, target: Target) -> Offers:
        """Return what the same index offers to another interpreter."""
        return Offers(
            lambda: self.index,
            target,
            in_tables=self._in_tables,
            prereleases=self._prereleases,
            require_hashes=self._require_hashes,
        )

    def lists(self, backend: Backend, release: Version) -> bool:
        """Say whether this is a torch of PyTorch's own that the tables know."""
        known = releases.published(backend, self.target.platform)
        return self._in_tables(backend) and release in known

    def picks(self, backend: Backend, name: str, versions: SpecifierSet) -> tuple[Pick, ...]:
        """Return the wheels of a package that fit the target and the range, the newest first."""
        best = self._best_of(backend, name)
        prereleases = self._prereleases(backend) or None
        return tuple(
            Pick(name, best[version], backend)
            for version in sorted(best, reverse=True)
            if versions.contains(version, prereleases=prereleases)
        )

    def _best_of(self, backend: Backend, name: str) -> Mapping[Version, Wheel]:
        if (backend, name) not in self._best:
            wheels = self.index.wheels(backend, name)
            trusted = (one for one in wheels if one.sha256 or not self._require_hashes)
            self._best[backend, name] = _best_by_version(trusted, self.target)
        return self._best[backend, name]

    def torch(self, wants: Mapping[Backend, Wants]) -> Iterator[Pick]:
        """Yield torch wheels: the highest release first, within it the backends as ranked.

        `wants` holds the backends in the order of their rank. Pages are read when their turn
        comes: those that may hold the newest release all at once, the others one by one.
        """
        listed = {backend: self._releases(backend, of) for backend, of in wants.items()}
        self._read_ahead(wants, [backend for backend, known in listed.items() if known is None])
        found = {
            backend: self._by_release(backend, wants[backend][TORCH]) if known is None else known
            for backend, known in listed.items()
        }
        for release in sorted(set().union(*found.values()), reverse=True):
            for backend in wants:
                if release in found[backend]:
                    yield from self._torch(backend, release, wants[backend])

    def _torch(self, backend: Backend, release: Version, wants: Wants) -> Iterator[Pick]:
        if not all(self.index.wheels(backend, name) for name in self._doubtful(backend, wants)):
            return
        self.index.pages((backend, name) for name in wants)
        yield from self._by_release(backend, wants[TORCH]).get(release, ())

    def _by_release(
        self, backend: Backend, versions: SpecifierSet
    ) -> Mapping[Version, Sequence[Pick]]:
        """Return the torches in range by their releases; the search asks for them over and over."""
        if (backend, versions) not in self._torches:
            found: dict[Version, list[Pick]] = {}
            for pick in self.picks(backend, TORCH, versions):
                found.setdefault(pick.release, []).append(pick)
            self._torches[backend, versions] = found
        return self._torches[backend, versions]

    def _read_ahead(self, wants: Mapping[Backend, Wants], backends: Collection[Backend]) -> None:
        """Read the pages that are needed in any case, together: one round trip.

        Those are every torch, and the members of the first backend; of one that may lack a member
        no more than that is asked, and the next backend is looked at too.
        """
        asks = [(backend, TORCH) for backend in backends]
        for backend in backends:
            doubtful = self._doubtful(backend, wants[backend])
            asks += [(backend, name) for name in doubtful or wants[backend]]
            if not doubtful:
                break
        self.index.pages(asks)

    def _doubtful(self, backend: Backend, names: Iterable[str]) -> list[str]:
        """Return the member that a backend lacks most likely, for it came after its last release.

        Empty where there is none.
        """
        known = releases.published(backend, self.target.platform)
        lasts = {name: last for name in names if known and (last := last_built_for(name))}
        return sorted((one for one in lasts if lasts[one] < known[0]), key=lasts.__getitem__)[:1]

    def _releases(self, backend: Backend, wants: Wants) -> Collection[Version] | None:
        """Return the releases that the tables promise, or None where the page has to tell."""
        known = releases.published(backend, self.target.platform)
        if not (known and self._in_tables(backend)):
            return None
        newer = releases.may_grow(backend) and admits_newer(wants[TORCH], known[-1])
        if newer and self._may_pair(_BEYOND, wants):
            return None
        return {
            release
            for release in known
            if without_local(wants[TORCH]).contains(release) and self._may_pair(release, wants)
        }

    def _may_pair(self, release: Version, wants: Wants) -> bool:
        members = {name: without_local(one) for name, one in wants.items() if name != TORCH}
        return may_pair(release, members)


def _best_by_version(wheels: Iterable[Wheel], target: Target) -> dict[Version, Wheel]:
    """Keep one wheel a version: the one with the best tag, then with the highest build."""
    best: dict[Version, tuple[tuple[int, object], Wheel]] = {}
    ranks: dict[frozenset[Tag], int | None] = {}
    for wheel in wheels:
        if wheel.tags not in ranks:
            ranks[wheel.tags] = target.rank(wheel.tags)
        rank = ranks[wheel.tags]
        if rank is None:
            continue
        key = (-rank, wheel.build)
        if wheel.version not in best or key > best[wheel.version][0]:
            best[wheel.version] = (key, wheel)
    return {version: wheel for version, (_, wheel) in best.items()}
