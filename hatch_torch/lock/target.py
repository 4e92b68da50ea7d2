"""What is to be locked: a request, and its targets, each one backend on one Python and platform."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name

from hatch_torch.catalog.releases import TORCH, is_index_only, required_torch
from hatch_torch.config.requirements import collect_family_requirements, merge_specifiers
from hatch_torch.resolution.solve import resolve_family
from hatch_torch.resolution.strategies import accept_all

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from packaging.requirements import Requirement
    from packaging.version import Version

    from hatch_torch.catalog.backend import Backend
    from hatch_torch.catalog.target import Target
    from hatch_torch.config.config import Config
    from hatch_torch.config.requirements import FamilyRequirement
    from hatch_torch.index.simple_api import Wheel
    from hatch_torch.lock.model import LockScope
    from hatch_torch.lock.scope import BackendTarget
    from hatch_torch.resolution.candidates import Candidate, CandidateFinder, Specifiers
    from hatch_torch.resolution.strategies import IncompatibilityCheck

    ProgressCallback = Callable[[str, int, int], None]
    """Takes the name of a step, how much of it is done, and how much there is."""


@dataclass(frozen=True, slots=True)
class LockRequest:
    """What a lock is to contain."""

    config: Config
    targets: Sequence[BackendTarget]
    scope: LockScope
    root: str
    """The root of the index, which paths are relative to."""
    previous: Mapping[Backend, Version] = field(default_factory=dict)
    """The releases of the previous lock, which stay where they are still in range."""
    seconds: float = 600.0
    """The time limit for reading METADATA."""
    incompatibility: IncompatibilityCheck = accept_all
    """Returns why a release of a backend must not be locked, or None."""

    @property
    def names_backends(self) -> bool:
        """Whether each backend is wanted; otherwise those that have the common release are."""
        return bool(self.config.extras or self.scope.backends)


@dataclass(frozen=True, slots=True)
class LockTarget:
    """One backend on one Python and platform, and what an index has for it."""

    backend: Backend
    finder: CandidateFinder = field(repr=False)
    """Finds the candidates for this Python and platform."""
    required: Specifiers
    """The family packages of every install."""
    requested: Specifiers
    """These, and the family packages that only an extra requires."""
    incompatibility: IncompatibilityCheck = accept_all
    cache: dict[Version, tuple[Candidate, ...] | None] = field(default_factory=dict, repr=False)
    """The family of each release of torch that was searched for."""

    @classmethod
    def create(cls, request: LockRequest, backend: Backend, finder: CandidateFinder) -> LockTarget:
        """Return the target of a backend; `finder` is for its Python and platform."""
        config, markers = request.config, finder.target.environment
        family = collect_family_requirements(config, markers)
        # No install requests two backends at once.
        others = {extra.name for extra in config.extras if extra.backend != backend}

        def merge(requirements: Iterable[FamilyRequirement]) -> Specifiers:
            extra = config.find_extra(backend)
            return merge_specifiers(requirements, markers, extra, config.family)

        return cls(
            backend,
            finder,
            required=merge(one for one in family if one.extra is None),
            requested=merge(one for one in family if one.extra not in others),
            incompatibility=request.incompatibility,
        )

    @property
    def target(self) -> Target:
        """The Python and platform."""
        return self.finder.target

    @property
    def key(self) -> tuple[str, str]:
        """The names of the Python and the platform."""
        return self.target.python, self.target.platform

    def find_torches(self, release: Version | None = None) -> tuple[Candidate, ...]:
        """Return the candidates for torch, the newest first; or only those of a release."""
        return tuple(
            candidate
            for candidate in self.finder.candidates(self.backend, TORCH, self.required[TORCH])
            if release in {None, candidate.release}
            and self.incompatibility(self.backend, candidate.release) is None
        )

    def find_family(self, release: Version) -> tuple[Candidate, ...] | None:
        """Return the family of a release of torch, or None.

        Packages that only an extra requires are left out where not all of them fit.
        """
        if release not in self.cache:
            found = self._search(release, self.requested) or self._search(release, self.required)
            self.cache[release] = found
        return self.cache[release]

    def find_missing(self, release: Version) -> set[str]:
        """Return the packages that an extra requires and the family of a release lacks."""
        names = {candidate.name for candidate in self.find_family(release) or ()}
        return set(self.requested) - names if names else set()

    def find_wheels(self, candidate: Candidate) -> Iterator[Wheel]:
        """Yield every wheel of a candidate's version that fits, also those for older systems."""
        for wheel in self.finder.index.get_wheels(self.backend, candidate.name):
            if wheel.version == candidate.version and self.target.rank(wheel.tags) is not None:
                yield wheel

    def find_requirements(self, candidate: Candidate) -> tuple[Requirement, ...]:
        """Return those requirements of a candidate that only this backend's index serves.

        Its METADATA is not read where the catalog pairs the package with its torch.
        """
        is_paired = required_torch(candidate.name, candidate.release) is not None
        if candidate.name != TORCH and candidate.name in self.requested and is_paired:
            return ()
        return tuple(
            requirement
            for requirement in self.finder.index.read_requirements(candidate.wheel) or ()
            if self._is_locked(requirement, is_paired=is_paired)
        )

    def _is_locked(self, requirement: Requirement, *, is_paired: bool) -> bool:
        name = canonicalize_name(requirement.name)
        return is_index_only(name, self.target.platform, requirement.specifier) or (
            name == TORCH and not is_paired
        )

    def _search(self, release: Version, specifiers: Specifiers) -> tuple[Candidate, ...] | None:
        torch = specifiers[TORCH] & SpecifierSet(f"=={release}")
        return resolve_family({self.backend: {**specifiers, TORCH: torch}}, self.finder, accept_all)
