"""The values of a resolution: what it is made from, the pins of its solution, and the decision."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, NamedTuple, Protocol

from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name

from hatch_torch.catalog.releases import FAMILY

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Mapping, Sequence

    from packaging.version import Version

    from hatch_torch.catalog.backend import Backend
    from hatch_torch.catalog.target import Target
    from hatch_torch.compatibility.support import Verdict
    from hatch_torch.config.config import Config
    from hatch_torch.environment.packages import FamilyPackage
    from hatch_torch.hardware.model import Hardware
    from hatch_torch.index.index_config import IndexConfig
    from hatch_torch.index.project_index import ReleaseFile
    from hatch_torch.index.simple_api import Wheel
    from hatch_torch.resolution.candidates import Candidate, CandidateFinder

    Offer = Callable[[Mapping[str, SpecifierSet]], Iterable["FamilyChoice"]]
    """Returns the candidates of the torch family for ranges by name, best first."""


class Tree(NamedTuple):
    """The install as the installer would resolve it."""

    choice: FamilyChoice | None = None
    """The family; None where nothing of the install requires any of it."""
    bounds: tuple[Bound, ...] = ()
    releases: Mapping[str, Release] = MappingProxyType({})
    """Every other package, by name."""
    ranges: Mapping[str, SpecifierSet] = MappingProxyType({})
    """What the install requires of the packages that are compiled for one torch, by name."""
    passed_over: tuple[PassedOver, ...] = ()
    """Releases that are newer than those of the install, but that the chosen torch excludes."""
    is_complete: bool = True
    """False where the search was given up: what is known so far bounds the family."""
    went_back: bool = False
    """Whether older releases of other packages were tried because no torch fitted."""


class FamilyChoice(NamedTuple):
    """A torch and the members that go with it, as one candidate of the search."""

    versions: Mapping[str, Version]
    """Of torch and every member, by name."""
    requires: Callable[[], Iterable[Requirement]] = tuple
    """What torch itself requires outside the family."""
    choice: object = None
    """The solution that the caller offers."""


class Release(NamedTuple):
    """A release of a package that the installer could take, with the extras asked of it."""

    name: str
    """Normalized (PEP 503)."""
    version: Version | None = None
    """None where it meets every range: a local project, a VCS URL, a page that does not answer."""
    extras: frozenset[str] = frozenset()

    def __str__(self) -> str:
        """Return the name and the version, for people."""
        return f"{self.name} {self.version}" if self.version else self.name


_ANY = SpecifierSet()


class Need(NamedTuple):
    """A requirement that a release, or the command itself, states."""

    name: str
    specifier: SpecifierSet = _ANY
    extras: frozenset[str] = frozenset()
    url: str | None = None

    @classmethod
    def from_requirement(cls, requirement: Requirement) -> Need:
        """Take the name, range, extras and URL of a requirement; its marker is not kept."""
        extras = frozenset(map(canonicalize_name, requirement.extras))
        name = canonicalize_name(requirement.name)
        return cls(name, requirement.specifier, extras, requirement.url)

    def __str__(self) -> str:
        """Return it as a requirement."""
        extras = f"[{','.join(sorted(self.extras))}]" if self.extras else ""
        return f"{self.name}{extras}{self.specifier}"


COMMAND_LINE = "the command line"
"""Who states a requirement that no project does."""


class Bound(NamedTuple):
    """A requirement on the torch family, and the packages that lead to it."""

    need: Need
    path: tuple[str, ...] = ()
    """The package that states it first, then the one that requires that one, up to the command."""

    def __str__(self) -> str:
        """Return who bounds what: ``torch <2.12: lerobot 0.6.1, required by my-app``."""
        required_by = f", required by {self.required_by}" if self.required_by else ""
        return f"{self.need.name} {self.need.specifier}: {self.stated_by}{required_by}"

    @property
    def stated_by(self) -> str:
        """The package that states it, or the project."""
        return self.path[0] if self.path else "the project"

    @property
    def required_by(self) -> str | None:
        """What requires the package that states it; None where the project or the command does."""
        return self.path[1] if len(self.path) > 1 else None


class PassedOver(NamedTuple):
    """A release that the installer would have preferred, but for torch."""

    taken: Release
    newer: Release
    need: Need
    """What the newer release requires of the family."""

    def __str__(self) -> str:
        """Return what is taken instead, and why."""
        return f"{self.taken} is taken, since {self.newer} requires {self.need}"


class TreeConflictError(Exception):
    """No set of releases meets every requirement; holds those on the family that take part."""

    def __init__(self, bounds: Sequence[Bound]) -> None:
        """Take the requirements on the family; none where the other packages conflict alone."""
        super().__init__("; ".join(map(str, bounds)))
        self.bounds = tuple(bounds)


class Pin(NamedTuple):
    """A package at one version, required by the URL of its wheel or by the version alone."""

    name: str
    version: Version
    url: str | None = None
    sha256: str | None = None
    by_version: bool = False
    """Whether `==` is written although the URL may be known: the package is already installed."""
    other_hash: str | None = None
    """The hash where the index gives no sha256: ``sha512=…``."""

    @classmethod
    def from_candidate(cls, candidate: Candidate) -> Pin:
        """Pin a candidate to its wheel, or to its version where no page links to the wheel."""
        wheel = candidate.wheel
        other_hash = None if wheel.sha256 else wheel.hash_fragment
        url = wheel.url or None
        return cls(candidate.name, wheel.version, url, wheel.sha256, other_hash=other_hash)

    @classmethod
    def from_url(
        cls, name: str, version: Version, url: str | None, *, by_version: bool = False
    ) -> Pin:
        """Pin a package to a URL, whose fragment may hold the hash (`#sha256=…`)."""
        bare_url, _, fragment = (url or "").partition("#")
        is_sha256 = fragment.startswith("sha256=")
        sha256 = fragment.removeprefix("sha256=") if is_sha256 else None
        other_hash = fragment if fragment and not is_sha256 else None
        return cls(name, version, bare_url or None, sha256, by_version, other_hash)

    @property
    def hash_fragment(self) -> str | None:
        """The hash as a URL's fragment, ``sha256=…``; None where the index gives none."""
        return f"sha256={self.sha256}" if self.sha256 else self.other_hash

    @property
    def requirement(self) -> str:
        """The requirement (PEP 508), without a marker."""
        if self.url is None or self.by_version:
            return f"{self.name}=={self.version}"
        fragment = f"#{self.hash_fragment}" if self.hash_fragment else ""
        return f"{self.name} @ {self.url}{fragment}"


class InjectedRequirement(NamedTuple):
    """A requirement that goes in front of the project's dependencies, or of an extra's."""

    requirement: str
    """With its own marker, but without the extra's."""
    extra: str | None = None

    @property
    def name(self) -> str:
        """The normalized name of the required package."""
        return canonicalize_name(Requirement(self.requirement).name)

    @property
    def requires_dist(self) -> str:
        """The value of `Requires-Dist` in the core metadata: the extra becomes a marker."""
        if self.extra is None:
            return self.requirement
        requirement, separator, marker = self.requirement.partition(" ; ")
        condition = f"({marker}) and " if separator else ""
        return f'{requirement} ; {condition}extra == "{self.extra}"'


class Solution(NamedTuple):
    """A backend and the wheels of the torch family that fit: torch, its members, companions."""

    backend: Backend
    pins: tuple[Pin, ...]
    warnings: tuple[str, ...] = ()
    bounds: tuple[Bound, ...] = ()
    """What the packages of the whole install require of the family."""
    releases: Mapping[str, Version | None] = MappingProxyType({})
    """The release of every other package of the install, None where it is unknown."""

    def with_warnings(self, *warnings: str) -> Solution:
        """Return the solution with further warnings."""
        return self._replace(warnings=(*self.warnings, *warnings))


class Decision(NamedTuple):
    """Which backend was chosen, by whom, for which hardware, and what is injected for it."""

    backend: Backend | None
    """None where nothing is injected: the requirements stay portable."""
    decided_by: str
    hardware: Hardware
    verdicts: tuple[Verdict, ...] = ()
    pins: tuple[Pin, ...] = ()
    injected: tuple[InjectedRequirement, ...] = ()
    warnings: tuple[str, ...] = ()
    bounds: tuple[Bound, ...] = ()
    """What the packages of the whole install require of the family, and who requires these."""
    releases: Mapping[str, Version | None] = MappingProxyType({})
    """The release of every other package of the install, None where it is unknown."""
    index_origin: tuple[str, str] | None = None
    """The root of the index and what configured it; None for PyTorch's own, or without URLs."""

    def with_warnings(self, *warnings: str) -> Decision:
        """Return the decision with further warnings, each of them once."""
        return self._replace(warnings=tuple(dict.fromkeys((*self.warnings, *warnings))))


class WholeInstall(Protocol):
    """Everything that the installer is about to resolve."""

    @property
    def is_installed(self) -> bool:
        """Whether all that is required is installed already, and stays."""

    @property
    def requires_family(self) -> bool:
        """Whether anything requires a member of the torch family."""

    def resolve(self, offer: Offer, *, paired: bool = False) -> Tree:
        """Return the install as the installer would resolve it.

        `paired`: what a package is compiled for bounds torch, even if the package does not say so.
        Raises TreeConflictError where no set of releases meets everything.
        """

    def complete(self, choice: FamilyChoice) -> Mapping[str, Release]:
        """Return every other package, with what the wheels of a choice require in turn.

        Raises TreeConflictError where no set of releases meets everything.
        """

    def find_file(self, release: Release) -> ReleaseFile | None:
        """Return the file that the installer takes for a release; None where that is unknown."""

    def find_companion_wheels(self, name: str, torch: Version, backend: Backend) -> Sequence[Wheel]:
        """Return a package's wheels for a torch, from the index that the project names for it."""

    def relax(self, name: str, *, remove: bool = False) -> WholeInstall:
        """Return the install that requires any release of a package, or (`remove`) none itself."""

    def read_requirements(self, release: Release) -> Iterable[Requirement] | None:
        """Return what a release requires; None where it cannot be known."""


class ResolutionInputs(NamedTuple):
    """A project, a target, and functions that look at the machine, index and environment."""

    config: Config
    target: Target
    finder: CandidateFinder
    probe: Callable[[Collection[str] | None], Hardware]
    """Returns the machine's hardware: of these vendors, or (None) of all."""
    find_installed: Callable[[Collection[str]], tuple[FamilyPackage, ...]]
    """Returns which of these packages the environment has."""
    read_previous_requirements: Callable[[], tuple[str, ...]] = tuple
    """Returns what the project's previous install in the environment requires."""
    find_tree: Callable[[], WholeInstall | None] = lambda: None
    """Returns the whole install; None where it cannot matter, or nothing of it can be known."""
    open_tree: Callable[[Target, Collection[str]], WholeInstall | None] = lambda *_: None
    """Returns the whole install of a target with extras, for an empty environment."""
    has_folders: bool = False
    """Whether the installer gets wheels from folders alone, without an index."""
    find_index_config: Callable[[], IndexConfig | None] = lambda: None
    """Returns the configuration of the index; None for folders of wheels."""
    sees_environment: bool = True
    """Whether it is known which environment is installed to."""
    environ: Mapping[str, str] = MappingProxyType({})
    backend_option: tuple[str, str] | None = None
    """A command-line option and the backend that it names; it overrides everything else."""
    extras: frozenset[str] = frozenset()
    """The extras that this install requests."""
    constraints: tuple[Requirement, ...] = ()
    upgrade: bool = False
    """Whether installed packages are ignored."""
    allows_version_pins: bool = True
    """Whether the installer accepts `==` for an installed package and then fetches nothing."""
    uv_routed: frozenset[str] = frozenset()
    """Packages that uv gets from `[tool.uv.sources]`."""

    @property
    def family(self) -> frozenset[str]:
        """The names of the torch family in this project."""
        return frozenset((*FAMILY, *self.config.family))
