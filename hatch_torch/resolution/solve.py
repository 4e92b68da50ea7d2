"""Requirements, ranked backends and wheels to picks: the family moves together.

The search is resolvelib's. torch is chosen first; its members, and its companions that only the
index serves, follow as its dependencies, all from the same backend and built for that torch.


One way to go, tried: what is installed and right is kept, else the index is asked.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name
from resolvelib import (
    AbstractProvider,
    BaseReporter,
    ResolutionImpossible,
    ResolutionTooDeep,
    Resolver,
)

from hatch_torch.catalog.releases import (
    TORCH,
    has_index_only,
    index_only,
    may_have_index_only,
    torch_pin,
)
from hatch_torch.catalog.specifiers import holds
from hatch_torch.errors import IndexFaultError
from hatch_torch.resolution.model import Pin
from hatch_torch.resolution.strategies import always

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from packaging.requirements import Requirement
    from packaging.version import Version

    from hatch_torch.catalog.backend import Backend
    from hatch_torch.resolution.candidates import Offers, Pick, Wants
    from hatch_torch.resolution.model import Case
    from hatch_torch.resolution.strategies import Fits


_ANY = SpecifierSet()
_MAX_ROUNDS = 20_000
_UNREAD = "its METADATA, which names a triton that only this index has, cannot be read"


class Want(NamedTuple):
    """A package in a range; what comes with a torch is of its backend, and built for it."""

    name: str
    versions: SpecifierSet = _ANY
    backend: Backend | None = None
    torch: Version | None = None
    extras: frozenset[str] = frozenset()


def resolve(wants: Mapping[Backend, Wants], offers: Offers, fits: Fits) -> tuple[Pick, ...] | None:
    """Pick the highest torch for which a backend has the whole family, or None.

    `wants` holds, for every backend in the order of its rank, the ranges of torch and of the
    members that must come with it. The picks are in the order torch, members, companions.
    """
    resolver: Resolver[Want, Pick, str] = Resolver(_Family(wants, offers, fits), BaseReporter())
    try:
        result = resolver.resolve([Want(TORCH)], max_rounds=_MAX_ROUNDS)
    except (ResolutionImpossible, ResolutionTooDeep):
        return None
    return tuple(result.mapping.values())


class _Family(AbstractProvider["Want", "Pick", str]):
    """The rules of the search, as resolvelib asks for them."""

    def __init__(self, wants: Mapping[Backend, Wants], offers: Offers, fits: Fits) -> None:
        self._wants = wants
        self._offers = offers
        self._fits = fits

    def identify(self, requirement_or_candidate: Want | Pick) -> str:
        return requirement_or_candidate.name

    def get_preference(self, identifier: str, *_: Any, **__: Any) -> bool:  # noqa: ANN401 (resolvelib's own types)
        return identifier != TORCH

    def find_matches(
        self,
        identifier: str,
        requirements: Mapping[str, Iterator[Want]],
        incompatibilities: Mapping[str, Iterator[Pick]],
    ) -> Callable[[], Iterator[Pick]]:
        wanted = tuple(requirements[identifier])
        excluded = {pick.wheel for pick in incompatibilities[identifier]}

        def matches() -> Iterator[Pick]:
            for pick in self._offered(identifier, wanted):
                if pick.wheel not in excluded and all(self._meets(pick, want) for want in wanted):
                    yield pick

        return matches

    def is_satisfied_by(self, requirement: Want, candidate: Pick) -> bool:
        return self._meets(candidate, requirement)

    def get_dependencies(self, candidate: Pick) -> Iterator[Want]:
        members = self._wants[candidate.backend]
        if candidate.name == TORCH:
            for name, versions in members.items():
                if name != TORCH:
                    yield Want(name, versions, candidate.backend, candidate.version)
        if candidate.name == TORCH or candidate.name not in members:
            yield from self._companions(candidate)

    def _offered(self, name: str, wanted: Iterable[Want]) -> Iterator[Pick]:
        if name == TORCH:
            for pick in self._offers.torch(self._wants):
                if self._fits(pick.backend, pick.release) is None:
                    yield pick
            return
        extras = frozenset().union(*(want.extras for want in wanted))
        for backend in {want.backend for want in wanted if want.backend}:
            for pick in self._offers.picks(backend, name, _ANY):
                yield pick._replace(extras=extras)

    def _meets(self, pick: Pick, want: Want) -> bool:
        in_range = want.versions.contains(pick.version, prereleases=True)
        return in_range and (want.torch is None or self._is_built_for(pick, want.torch))

    def _is_built_for(self, member: Pick, torch: Version) -> bool:
        """Answer which torch a wheel was built for: the table knows, or else its METADATA."""
        pin = torch_pin(member.name, member.release)
        if pin is None:
            required = self._requires(member)
            pins = [one.specifier for one in required if canonicalize_name(one.name) == TORCH]
            pin = pins[0] if pins else _ANY
        return pin.contains(torch, prereleases=True)

    def _companions(self, pick: Pick) -> Iterator[Want]:
        """Which of a wheel's dependencies only the backend's index serves."""
        platform = self._offers.target.platform
        for one in () if self._has_none(pick) else self._requires(pick):
            name = canonicalize_name(one.name)
            if index_only(name, platform, one.specifier):
                yield Want(name, one.specifier, pick.backend, extras=frozenset(one.extras))

    def _has_none(self, pick: Pick) -> bool:
        """Say whether the tables know it, so that no METADATA has to be read."""
        listed = pick.name == TORCH and self._offers.lists(pick.backend, pick.release)
        return listed and not may_have_index_only(pick.backend.family, self._offers.target.platform)

    def _requires(self, pick: Pick) -> Iterator[Requirement]:
        environment = self._offers.target.environment
        for one in self._read(pick):
            if any(holds(one.marker, environment, extra) for extra in ("", *pick.extras)):
                yield one

    def _read(self, pick: Pick) -> tuple[Requirement, ...]:
        """Return what a wheel declares; raises IndexFaultError where its triton must be known.

        Else an installer would look for it on the default index, where anybody can put one.
        """
        declared = self._offers.index.requires(pick.wheel)
        if declared is None and pick.name == TORCH and self._needs_a_triton(pick):
            raise IndexFaultError(pick.wheel.url, _UNREAD)
        return declared or ()

    def _needs_a_triton(self, pick: Pick) -> bool:
        if self._offers.index.has_own_folder(pick.backend):
            return False
        here = self._offers.target.environment
        return pick.version.is_devrelease or has_index_only(pick.backend.family, pick.release, here)


def complete(
    case: Case, backend: Backend, pins: Iterable[Pin], wants: Wants
) -> tuple[Pin, ...] | None:
    """Find the wheels that are wanted beside pins which must not move; None where there are none.

    A pin whose wheel is found on the index comes back with its URL.
    """
    fixed = {pin.name: pin for pin in pins}
    exact = {name: SpecifierSet(f"=={pin.version}") for name, pin in fixed.items() if name in wants}

    picks = resolve({backend: {**wants, **exact}}, case.offers, always)
    if picks is None:
        return None
    return tuple(_of_both(fixed.get(pick.name), Pin.of(pick)) for pick in picks)


def _of_both(fixed: Pin | None, found: Pin) -> Pin:
    """Keep the version that is installed: PyPI's plain one is no wheel of this index."""
    if fixed is None or fixed.version.public != found.version.public:
        return found
    if fixed.version == found.version:
        return found._replace(by_version=fixed.by_version)
    return fixed._replace(by_version=True)
