"""A backend on one Python and platform: which releases of torch bring the whole family there.

A lock from an index: one release of torch for everybody, as far as the backends have it.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name

from hatch_torch.catalog.releases import TORCH, index_only, torch_pin
from hatch_torch.catalog.specifiers import holds
from hatch_torch.config.requirements import family_lines, ranges
from hatch_torch.index.limits import WIDTH, Deadline, in_time
from hatch_torch.index.urls import bare
from hatch_torch.lock.model import Lock, LockedWheel, MadeFor, Part, place_of, rank_of, shortened
from hatch_torch.resolution.solve import resolve
from hatch_torch.resolution.strategies import always

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from packaging.requirements import Requirement
    from packaging.version import Version

    from hatch_torch.catalog.backend import Backend
    from hatch_torch.catalog.target import Target
    from hatch_torch.config.config import Config
    from hatch_torch.config.requirements import Line
    from hatch_torch.index.simple_api import Wheel
    from hatch_torch.lock.model import Narrowed
    from hatch_torch.lock.scope import Place
    from hatch_torch.resolution.candidates import Offers, Pick, Wants
    from hatch_torch.resolution.strategies import Fits

    Tell = Callable[[str, int, int], None]
    """Takes what is being done, how much of it is done, and how much there is."""


@dataclass(frozen=True, slots=True)
class Cell:
    """What is asked of an index for one backend, Python and platform."""

    backend: Backend
    offers: Offers = field(repr=False)
    """What the index offers to this Python and platform."""
    needed: Wants
    """The members that every install gets."""
    all_wanted: Wants
    """Those with the members that only an extra asks for."""
    fits: Fits = always
    """Why a release must not be locked, or None where it may."""
    known: dict[Version, tuple[Pick, ...] | None] = field(default_factory=dict, repr=False)
    """What was searched for already."""

    @property
    def target(self) -> Target:
        """The Python and the platform."""
        return self.offers.target

    @property
    def place(self) -> tuple[str, str]:
        """The Python and the platform by their names."""
        return self.target.python, self.target.platform

    def torches(self) -> tuple[Pick, ...]:
        """Return the torch wheels in range that may be locked, the newest first."""
        return tuple(
            pick
            for pick in self.offers.picks(self.backend, TORCH, self.needed[TORCH])
            if self.fits(self.backend, pick.release) is None
        )

    def family(self, release: Version) -> tuple[Pick, ...] | None:
        """Return the family of a release of torch: with what extras ask for, or without; or None.

        Members that no wheel fits leave out what only extras ask for.
        """
        if release not in self.known:
            found = self._search(release, self.all_wanted) or self._search(release, self.needed)
            self.known[release] = found
        return self.known[release]

    def torches_of(self, release: Version) -> tuple[Pick, ...]:
        """Return the torch wheels of a release."""
        return tuple(pick for pick in self.torches() if pick.release == release)

    def beside(self, torch: Pick) -> tuple[Requirement, ...]:
        """Return what only this index serves beside a torch here."""
        here = self.target.environment
        return tuple(one for one in self.required(torch) if holds(one.marker, here))

    def fitting(self, pick: Pick) -> Iterator[Wheel]:
        """Yield every wheel of a pick's version that fits here, also on an older system."""
        for wheel in self.offers.index.wheels(self.backend, pick.name):
            if wheel.version == pick.version and self.target.rank(wheel.tags) is not None:
                yield wheel

    def required(self, pick: Pick) -> tuple[Requirement, ...]:
        """Return what of a pick's requirements no table knows and no other index serves.

        Of a member that a table pairs with its torch nobody asks anything more.
        """
        is_member = pick.name != TORCH and pick.name in self.all_wanted
        if is_member and torch_pin(pick.name, pick.release) is not None:
            return ()
        return tuple(
            one
            for one in self.offers.index.requires(pick.wheel) or ()
            if index_only(canonicalize_name(one.name), self.target.platform, one.specifier)
            or (canonicalize_name(one.name) == TORCH and torch_pin(pick.name, pick.release) is None)
        )

    def _search(self, release: Version, wants: Wants) -> tuple[Pick, ...] | None:
        exact = wants[TORCH] & SpecifierSet(f"=={release}")
        return resolve({self.backend: {**wants, TORCH: exact}}, self.offers, always)


def cell(config: Config, backend: Backend, offers: Offers, fits: Fits) -> Cell:
    """Make the cell of a backend for a project; `offers` are those to its Python and platform."""
    lines = family_lines(config, offers.target.environment)
    return Cell(
        backend,
        offers,
        needed=_wants(config, backend, offers, [one for one in lines if one.extra is None]),
        all_wanted=_wants(config, backend, offers, _of_others(config, backend, lines)),
        fits=fits,
    )


def _of_others(config: Config, backend: Backend, lines: Iterable[Line]) -> list[Line]:
    """Leave out the lines of other backends' extras: nobody asks for two backends at once."""
    others = {extra.name for extra in config.extras if extra.backend != backend}
    return [line for line in lines if line.extra not in others]


def _wants(config: Config, backend: Backend, offers: Offers, lines: Iterable[Line]) -> Wants:
    here = offers.target.environment
    return ranges(lines, here, config.extra_of(backend), config.family)


_TOGETHER = 2 * WIDTH
"""How many pages are asked for between two looks at how far it is."""


@dataclass(frozen=True, slots=True)
class Order:
    """What a lock is to be made of, and for."""

    config: Config
    places: Sequence[Place]
    narrowed: Narrowed
    root: str
    """The root of the index, below which paths are relative."""
    kept: Mapping[Backend, Version] = field(default_factory=dict)
    """The releases of an earlier lock, which stay where they are still in range."""
    seconds: float = 600.0
    """For all METADATA together."""
    fits: Fits = always
    """Why a release of a backend must not be locked, or None where it may."""


@dataclass(frozen=True, slots=True)
class Made:
    """A lock, and what it lacks."""

    lock: Lock
    notes: tuple[str, ...]


def make(order: Order, offers: Offers, tell: Tell = lambda *_: None) -> Made:
    """Choose a release for each backend and lock its wheels; every page is asked for once.

    The release is the newest of those that the most Pythons and platforms can have, the same for
    every backend that has it. Without backends of its own a project gets those that have it.
    Raises IndexFaultError where the index does not answer.
    """
    cells = _cells(order, offers, tell)
    by_backend: dict[Backend, list[Cell]] = {}
    for one in cells:
        by_backend.setdefault(one.backend, []).append(one)
    chosen = _chosen(order, by_backend, tell)
    parts = {
        backend: Part(release, _wheels(order, by_backend[backend], release))
        for backend, release in sorted(chosen.items(), key=lambda pair: rank_of(pair[0]))
    }
    lock = Lock(MadeFor.of(order.config), order.narrowed, parts)
    return Made(lock, tuple(_gaps(by_backend, chosen)))


def _cells(order: Order, offers: Offers, tell: Tell) -> list[Cell]:
    """Ask for the pages of the family, of every backend, many together."""
    cells = [
        cell(order.config, backend, offers.on(target), order.fits)
        for backend, target in order.places
    ]
    pages = [*dict.fromkeys((one.backend, name) for one in cells for name in one.all_wanted)]
    for done in range(0, len(pages), _TOGETHER):
        tell("pages", done, len(pages))
        offers.index.pages(pages[done : done + _TOGETHER])
    tell("pages", len(pages), len(pages))
    return cells


def _chosen(
    order: Order, by_backend: Mapping[Backend, list[Cell]], tell: Tell
) -> dict[Backend, Version]:
    chosen = {
        backend: release
        for backend, release in order.kept.items()
        if _having(by_backend.get(backend, ()), release, order.seconds)
    }
    every = [one for cells in by_backend.values() for one in cells]
    common = max(chosen.values(), default=None) or _best(every, order.seconds)
    for done, (backend, cells) in enumerate(by_backend.items(), 1):
        if backend not in chosen and common is not None:
            if _having(cells, common, order.seconds):
                chosen[backend] = common
            elif own := _own(order, cells):
                chosen[backend] = own
        tell("backends", done, len(by_backend))
    return chosen


def _own(order: Order, cells: Sequence[Cell]) -> Version | None:
    """Return a release for a backend that lacks the common one, where the project names it."""
    is_named = order.config.extras or order.narrowed.backends
    return _best(cells, order.seconds) if is_named else None


def _best(cells: Sequence[Cell], seconds: float) -> Version | None:
    """Return the newest release whose family is there for the most Pythons and platforms.

    No release can have more of them than its torch has, so few releases need a search.
    """
    pairs = {(pick.release, one.place) for one in cells for pick in one.torches()}
    counts = Counter(release for release, _ in pairs)
    best: tuple[int, Version] | None = None
    for bound in sorted(((count, release) for release, count in counts.items()), reverse=True):
        if best and bound <= best:
            break
        places = {one.place for one in _having(cells, bound[1], seconds)}
        best = max(filter(None, (best, (len(places), bound[1]) if places else None)), default=None)
    return best[1] if best else None


def _having(cells: Iterable[Cell], release: Version, seconds: float) -> list[Cell]:
    """Return the cells that have the family of a release."""
    having = [one for one in cells if one.torches_of(release)]
    _read_ahead(having, release, seconds)
    return [one for one in having if one.family(release)]


def _read_ahead(cells: Sequence[Cell], release: Version, seconds: float) -> None:
    """Ask together for what a search asks for one by one: torch's METADATA, its companions'."""
    torches = [(one, pick) for one in cells for pick in one.torches_of(release)]
    _ask(cells, (pick for _, pick in torches), seconds)
    beside = [(one, need) for one, pick in torches for need in one.beside(pick)]
    pages = {(one.backend, canonicalize_name(need.name)): None for one, need in beside}
    for one in cells[:1]:
        one.offers.index.pages(pages)
    found = (one.offers.picks(one.backend, need.name, need.specifier) for one, need in beside)
    _ask(cells, (pick for picks in found for pick in picks[:1]), seconds)


def _ask(cells: Sequence[Cell], picks: Iterable[Pick], seconds: float) -> None:
    wheels = {pick.wheel.url: pick.wheel for pick in picks}
    for one in cells[:1]:
        in_time(one.offers.index.requires, wheels.values(), Deadline(seconds))


def _wheels(order: Order, cells: Iterable[Cell], release: Version) -> tuple[LockedWheel, ...]:
    """Return the wheels of a backend, each once, in the order of the file."""
    found: dict[str, LockedWheel] = {}
    for one in cells:
        for pick in one.family(release) or ():
            for wheel in _locked(order, one, pick):
                found.setdefault(wheel.path, wheel)
    return tuple(sorted(found.values(), key=place_of))


def _locked(order: Order, one: Cell, pick: Pick) -> Iterator[LockedWheel]:
    own = {extra.backend: extra.index_url for extra in order.config.extras}
    root = own.get(one.backend) or order.root
    requires = tuple(sorted(map(str, one.required(pick))))
    for wheel in one.fitting(pick):
        path, host = shortened(wheel.url, bare(root), order.config.hosts)
        yield LockedWheel(wheel.name, str(wheel.version), path, wheel.sha256, host, requires)


def _gaps(
    by_backend: Mapping[Backend, Sequence[Cell]], chosen: Mapping[Backend, Version]
) -> Iterator[str]:
    """Say where a locked backend lacks something, though its page has a torch in range there."""
    for backend, release in chosen.items():
        cells = [one for one in by_backend[backend] if one.torches()]
        if lacking := _named(one for one in cells if not one.family(release)):
            yield f"{backend} has no torch {release} with its family for {lacking}"
        for name in sorted({name for one in cells for name in _left_out(one, release)}):
            fewer = _named(one for one in cells if name in _left_out(one, release))
            yield f"{backend} has no {name}, which an extra asks for, for {fewer}"


def _left_out(one: Cell, release: Version) -> set[str]:
    names = {pick.name for pick in one.family(release) or ()}
    return set(one.all_wanted) - names if names else set()


def _named(cells: Iterable[Cell]) -> str:
    """Name cells by their platforms, each with its Pythons."""
    pythons: dict[str, list[str]] = {}
    for one in cells:
        pythons.setdefault(one.target.platform, []).append(one.target.python)
    return ", ".join(f"{platform} ({', '.join(of)})" for platform, of in pythons.items())
