"""The wheels that fit one interpreter, the newest first; pages are read as late as possible."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple

from packaging.version import Version

from hatch_torch.catalog.releases import (
    TORCH,
    find_torch_built_against,
    has_companions,
    inferred_releases,
    may_have_newer,
    published_releases,
)
from hatch_torch.catalog.specifiers import admits_newer, strip_local

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence

    from packaging.specifiers import SpecifierSet
    from packaging.tags import Tag

    from hatch_torch.catalog.backend import Backend
    from hatch_torch.catalog.target import Target
    from hatch_torch.index.simple_api import Wheel
    from hatch_torch.index.source import WheelSource

    Specifiers = Mapping[str, SpecifierSet]
    """The versions that are wanted, by the name of the package."""

_UNKNOWN_RELEASE = Version("9999")
"""Stands for a release newer than every one in the tables."""


class Candidate(NamedTuple):
    """A wheel that could be taken, and the backend whose page offers it."""

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
        """The version without its local part, which every backend of a release shares."""
        return Version(self.wheel.version.public)


class CandidateFinder:
    """Finds the wheels of a source that fit a target."""

    def __init__(
        self,
        source: WheelSource | Callable[[], WheelSource],
        target: Target,
        *,
        in_tables: Callable[[Backend], bool] = lambda _: True,
        prereleases: Callable[[Backend], bool] = lambda _: False,
        require_hashes: bool = False,
    ) -> None:
        """Take the wheel source (or what opens it), the target, and what a page may hold.

        `in_tables` returns whether a backend's page holds what the tables say (PyTorch's own
        stable channel or a mirror of it), so that it need not be read where they exclude it.
        `prereleases` returns whether its pre-releases are accepted, as on a channel that holds
        little else. `require_hashes` skips wheels whose page gives no hash.
        """
        self._source = source
        self.target = target
        self._in_tables = in_tables
        self._prereleases = prereleases
        self._require_hashes = require_hashes
        self._wheels: dict[tuple[Backend, str], Mapping[Version, Wheel]] = {}
        self._torches: dict[
            tuple[Backend, SpecifierSet], Mapping[Version, Sequence[Candidate]]
        ] = {}

    @cached_property
    def index(self) -> WheelSource:
        """The wheel source; a decision that keeps what is installed never opens it."""
        return self._source() if callable(self._source) else self._source

    @property
    def notes(self) -> list[str]:
        """The source's notes for the record; none where it was not opened."""
        return [] if callable(self._source) and "index" not in vars(self) else self.index.notes

    def for_target(self, target: Target) -> CandidateFinder:
        """Return a finder in the same source for another interpreter or platform."""
        return CandidateFinder(
            lambda: self.index,
            target,
            in_tables=self._in_tables,
            prereleases=self._prereleases,
            require_hashes=self._require_hashes,
        )

    def is_listed(self, backend: Backend, release: Version) -> bool:
        """Return whether this is a torch of PyTorch's own that the tables know or infer."""
        return self._in_tables(backend) and release in self._tabled_releases(backend)

    def candidates(
        self, backend: Backend, name: str, specifier: SpecifierSet
    ) -> tuple[Candidate, ...]:
        """Return the wheels of a package that fit the target and the range, the newest first.

        A pre-release is one only where the range names one, or where nothing else fits.
        """
        wheels = self._read_wheels(backend, name)
        prereleases = self._prereleases(backend) or None
        return tuple(
            Candidate(name, wheels[version], backend)
            for version in specifier.filter(sorted(wheels, reverse=True), prereleases=prereleases)
        )

    def select_wheels(self, wheels: Iterable[Wheel], specifier: SpecifierSet) -> list[Wheel]:
        """Return those of some wheels that fit the target and the range, the newest first."""
        best = _select_best(self._filter_trusted(wheels), self.target)
        return [best[version] for version in specifier.filter(sorted(best, reverse=True))]

    def _filter_trusted(self, wheels: Iterable[Wheel]) -> Iterator[Wheel]:
        return (wheel for wheel in wheels if wheel.hash_fragment or not self._require_hashes)

    def _read_wheels(self, backend: Backend, name: str) -> Mapping[Version, Wheel]:
        if (backend, name) not in self._wheels:
            wheels = self._filter_trusted(self.index.get_wheels(backend, name))
            self._wheels[backend, name] = _select_best(wheels, self.target)
        return self._wheels[backend, name]

    def torch_candidates(self, specifiers: Mapping[Backend, Specifiers]) -> Iterator[Candidate]:
        """Yield torch wheels: the highest release first, within it the backends as ranked.

        `specifiers` holds the backends in the order of their rank. Pages are read when their turn
        comes: those that may hold the newest release all at once, the others one by one.
        """
        known = {backend: self._known_releases(backend, of) for backend, of in specifiers.items()}
        unknown = [backend for backend, releases in known.items() if releases is None]
        self._load_first_pages(specifiers, unknown)
        releases_of = {
            backend: self._group_torches(backend, specifiers[backend][TORCH])
            if releases is None
            else releases
            for backend, releases in known.items()
        }
        for release in sorted(set().union(*releases_of.values()), reverse=True):
            for backend in specifiers:
                if release in releases_of[backend]:
                    yield from self._torches_of(backend, release, specifiers[backend])

    def _torches_of(
        self, backend: Backend, release: Version, specifiers: Specifiers
    ) -> Iterator[Candidate]:
        doubtful = self._find_doubtful(backend, specifiers)
        if all(self.index.get_wheels(backend, name) for name in doubtful):
            self.index.load_pages((backend, name) for name in specifiers)
            yield from self._group_torches(backend, specifiers[TORCH]).get(release, ())

    def _group_torches(
        self, backend: Backend, specifier: SpecifierSet
    ) -> Mapping[Version, Sequence[Candidate]]:
        """Return the torches in range by their releases; cached, since the search backtracks."""
        if (backend, specifier) not in self._torches:
            torches: dict[Version, list[Candidate]] = {}
            for candidate in self.candidates(backend, TORCH, specifier):
                torches.setdefault(candidate.release, []).append(candidate)
            self._torches[backend, specifier] = torches
        return self._torches[backend, specifier]

    def _load_first_pages(
        self, specifiers: Mapping[Backend, Specifiers], backends: Collection[Backend]
    ) -> None:
        """Load the pages that are needed in any case in one round trip.

        Those are every backend's torch, and all members of the first backend that is likely to
        have them. Of a backend that may lack a member, only that member's page is loaded.
        """
        pages = [(backend, TORCH) for backend in backends]
        for backend in backends:
            doubtful = self._find_doubtful(backend, specifiers[backend])
            pages += [(backend, name) for name in doubtful or specifiers[backend]]
            if not doubtful:
                break
        self.index.load_pages(pages)

    def _find_doubtful(self, backend: Backend, names: Iterable[str]) -> list[str]:
        """Return the member that a backend most likely lacks, as a list of at most one name.

        It is one whose newest wheels were built against a torch that the backend never had.
        """
        known = self._tabled_releases(backend)
        torches = {name: torch for name in names if (torch := find_torch_built_against(name))}
        doubtful = (name for name, torch in torches.items() if known and torch < known[0])
        return sorted(doubtful, key=torches.__getitem__)[:1]

    def _tabled_releases(self, backend: Backend) -> Sequence[Version]:
        """Return the releases that the tables know or infer, the oldest first."""
        published = published_releases(backend, self.target.platform)
        return sorted((*published, *inferred_releases(backend, self.target.platform)))

    def _known_releases(
        self, backend: Backend, specifiers: Specifiers
    ) -> Collection[Version] | None:
        """Return the releases in range by the tables, or None where only the page can tell.

        The page may hold others than the tables, or lack those that they infer.
        """
        known = published_releases(backend, self.target.platform)
        if not (known and self._in_tables(backend)):
            return None
        inferred = inferred_releases(backend, self.target.platform)
        newest = max((*known, *inferred))
        newer = may_have_newer(backend) and admits_newer(specifiers[TORCH], newest)
        members = {name: strip_local(one) for name, one in specifiers.items() if name != TORCH}
        if newer and has_companions(_UNKNOWN_RELEASE, members):
            return None
        torch = strip_local(specifiers[TORCH])

        def fits(release: Version) -> bool:
            return torch.contains(release) and has_companions(release, members)

        return None if any(map(fits, inferred)) else set(filter(fits, known))


def _select_best(wheels: Iterable[Wheel], target: Target) -> dict[Version, Wheel]:
    """Return one wheel for each version: the best tag, then the highest build number."""
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
