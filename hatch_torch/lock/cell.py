"""A backend on one Python and platform: which releases of torch bring the whole family there."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name

from hatch_torch.companions import index_only, torch_pin
from hatch_torch.deciding.courses import always
from hatch_torch.deciding.offers import TORCH
from hatch_torch.deciding.resolve import resolve
from hatch_torch.markers import holds
from hatch_torch.project.wants import family_lines, ranges

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from packaging.requirements import Requirement
    from packaging.version import Version

    from hatch_torch.backend import Backend
    from hatch_torch.deciding.offers import Offers, Pick, Wants
    from hatch_torch.deciding.resolve import Fits
    from hatch_torch.index.wheel import Wheel
    from hatch_torch.project.config import Config
    from hatch_torch.project.wants import Line
    from hatch_torch.target import Target


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
            if wheel.version == pick.version and self.target.rank(wheel) is not None:
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
