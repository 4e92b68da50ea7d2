"""Search for the wheels of the torch family: torch first, then what has to match it.

The search is resolvelib's. The members of the family and the companions that only the index
serves follow as torch's dependencies, all from the same backend and built for that torch.
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
    backend_may_need_index_only,
    is_index_only,
    needs_index_only,
    required_torch,
)
from hatch_torch.catalog.specifiers import marker_applies
from hatch_torch.errors import IndexFaultError
from hatch_torch.resolution.model import Pin
from hatch_torch.resolution.strategies import accept_all

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from packaging.requirements import Requirement
    from packaging.version import Version

    from hatch_torch.catalog.backend import Backend
    from hatch_torch.resolution.candidates import Candidate, CandidateFinder, Specifiers
    from hatch_torch.resolution.model import ResolutionInputs
    from hatch_torch.resolution.strategies import IncompatibilityCheck

_ANY = SpecifierSet()
_MAX_ROUNDS = 20_000
_UNREADABLE = "cannot read its METADATA, which names the triton that only this index has"


class FamilyNeed(NamedTuple):
    """A package in a range; what torch brings along is of its backend and built for it."""

    name: str
    specifier: SpecifierSet = _ANY
    backend: Backend | None = None
    torch: Version | None = None
    extras: frozenset[str] = frozenset()


def resolve_family(
    specifiers: Mapping[Backend, Specifiers], finder: CandidateFinder, check: IncompatibilityCheck
) -> tuple[Candidate, ...] | None:
    """Return the highest torch for which a backend has the whole family, or None.

    `specifiers` holds, for every backend in the order of its rank, the ranges of torch and of the
    members that must come with it. The candidates are in the order torch, members, companions.
    Raises IndexFaultError where the index does not answer.
    """
    provider = _FamilyProvider(specifiers, finder, check)
    resolver: Resolver[FamilyNeed, Candidate, str] = Resolver(provider, BaseReporter())
    try:
        result = resolver.resolve([FamilyNeed(TORCH)], max_rounds=_MAX_ROUNDS)
    except (ResolutionImpossible, ResolutionTooDeep):
        return None
    return tuple(result.mapping.values())


def solve_with_fixed_pins(
    inputs: ResolutionInputs, backend: Backend, pins: Iterable[Pin], specifiers: Specifiers
) -> tuple[Pin, ...] | None:
    """Return the pins with the wheels that are missing beside them; None where there are none.

    The versions of the `pins` must not move. One whose wheel is on the index gets its URL.
    """
    fixed = {pin.name: pin for pin in pins}
    exact = {
        name: SpecifierSet(f"=={pin.version}") for name, pin in fixed.items() if name in specifiers
    }
    candidates = resolve_family({backend: {**specifiers, **exact}}, inputs.finder, accept_all)
    if candidates is None:
        return None
    return tuple(_merge_pins(fixed.get(one.name), Pin.from_candidate(one)) for one in candidates)


def _merge_pins(fixed: Pin | None, found: Pin) -> Pin:
    """Return the wheel that was found, but at the version that is fixed."""
    if fixed is None or fixed.version.public != found.version.public:
        return found
    if fixed.version == found.version:
        return found._replace(by_version=fixed.by_version)
    # PyPI's default wheel, without a local version, is no wheel of this index.
    return fixed._replace(by_version=True)


class _FamilyProvider(AbstractProvider["FamilyNeed", "Candidate", str]):
    """The rules of the search, as resolvelib asks for them."""

    def __init__(
        self,
        specifiers: Mapping[Backend, Specifiers],
        finder: CandidateFinder,
        check: IncompatibilityCheck,
    ) -> None:
        self._specifiers = specifiers
        self._finder = finder
        self._check = check

    def identify(self, requirement_or_candidate: FamilyNeed | Candidate) -> str:
        return requirement_or_candidate.name

    def get_preference(self, identifier: str, *_: Any, **__: Any) -> bool:  # noqa: ANN401 (resolvelib's own types)
        return identifier != TORCH

    def find_matches(
        self,
        identifier: str,
        requirements: Mapping[str, Iterator[FamilyNeed]],
        incompatibilities: Mapping[str, Iterator[Candidate]],
    ) -> Callable[[], Iterator[Candidate]]:
        needs = tuple(requirements[identifier])
        excluded = [candidate.wheel for candidate in incompatibilities[identifier]]

        def matches() -> Iterator[Candidate]:
            for candidate in self._candidates(identifier, needs):
                if candidate.wheel not in excluded and all(
                    self._meets(candidate, need) for need in needs
                ):
                    yield candidate

        return matches

    def is_satisfied_by(self, requirement: FamilyNeed, candidate: Candidate) -> bool:
        return self._meets(candidate, requirement)

    def get_dependencies(self, candidate: Candidate) -> Iterator[FamilyNeed]:
        members = self._specifiers[candidate.backend]
        if candidate.name == TORCH:
            for name, specifier in members.items():
                if name != TORCH:
                    yield FamilyNeed(name, specifier, candidate.backend, candidate.version)
        if candidate.name == TORCH or candidate.name not in members:
            yield from self._companions(candidate)

    def _candidates(self, name: str, needs: Iterable[FamilyNeed]) -> Iterator[Candidate]:
        if name == TORCH:
            for candidate in self._finder.torch_candidates(self._specifiers):
                if self._check(candidate.backend, candidate.release) is None:
                    yield candidate
            return
        extras = frozenset().union(*(need.extras for need in needs))
        specifier = SpecifierSet(",".join(str(need.specifier) for need in needs if need.specifier))
        for backend in {need.backend for need in needs if need.backend}:
            for candidate in self._finder.candidates(backend, name, specifier):
                yield candidate._replace(extras=extras)

    def _meets(self, candidate: Candidate, need: FamilyNeed) -> bool:
        in_range = need.specifier.contains(candidate.version, prereleases=True)
        return in_range and (need.torch is None or self._is_built_for(candidate, need.torch))

    def _is_built_for(self, member: Candidate, torch: Version) -> bool:
        """Return whether a member's wheel is for a torch: by the tables, else by its METADATA."""
        specifier = required_torch(member.name, member.release)
        if specifier is None:
            requirements = self._requirements(member)
            torches = (one for one in requirements if canonicalize_name(one.name) == TORCH)
            specifier = next((one.specifier for one in torches), _ANY)
        return specifier.contains(torch, prereleases=True)

    def _companions(self, candidate: Candidate) -> Iterator[FamilyNeed]:
        """Yield the dependencies of a wheel that only the backend's index serves."""
        platform = self._finder.target.platform
        for one in () if self._has_no_companions(candidate) else self._requirements(candidate):
            name = canonicalize_name(one.name)
            if is_index_only(name, platform, one.specifier):
                yield FamilyNeed(
                    name, one.specifier, candidate.backend, extras=frozenset(one.extras)
                )

    def _has_no_companions(self, candidate: Candidate) -> bool:
        """Return whether the tables know of none, so that no METADATA has to be read."""
        is_listed = candidate.name == TORCH and self._finder.is_listed(
            candidate.backend, candidate.release
        )
        platform = self._finder.target.platform
        return is_listed and not backend_may_need_index_only(candidate.backend.family, platform)

    def _requirements(self, candidate: Candidate) -> Iterator[Requirement]:
        environment = self._finder.target.environment
        for one in self._read_metadata(candidate):
            if any(
                marker_applies(one.marker, environment, extra) for extra in ("", *candidate.extras)
            ):
                yield one

    def _read_metadata(self, candidate: Candidate) -> tuple[Requirement, ...]:
        """Return a wheel's requirements; () where its METADATA cannot be read.

        Raises IndexFaultError where torch's triton must be known: otherwise an installer would
        look for it on the default index, where anyone can publish a package of that name. METADATA
        without a hash that names none does not outweigh a table that knows better.
        """
        requirements = self._finder.index.read_requirements(candidate.wheel)
        is_doubtful = requirements is None or not (
            candidate.wheel.core_metadata or self._names_index_only(requirements)
        )
        if is_doubtful and candidate.name == TORCH and self._needs_triton(candidate):
            raise IndexFaultError(candidate.wheel.url, _UNREADABLE)
        return requirements or ()

    def _names_index_only(self, requirements: Iterable[Requirement]) -> bool:
        """Return whether METADATA names what only this index has; if cut off, it may not."""
        platform = self._finder.target.platform
        return any(
            is_index_only(canonicalize_name(one.name), platform, one.specifier)
            for one in requirements
        )

    def _needs_triton(self, torch: Candidate) -> bool:
        if self._finder.index.has_own_folder(torch.backend):
            return False
        environment = self._finder.target.environment
        return torch.version.is_devrelease or needs_index_only(
            torch.backend.family, torch.release, environment
        )
