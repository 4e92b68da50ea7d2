"""What the other packages of an install require of the torch family.

An installer cannot resolve around a URL: where any package of the install excludes the torch that
is pinned, pip goes back to ever older releases of that package, or fails. So the install is
resolved here as the installer would resolve it, the other packages first and newest, the torch
family last. The search is resolvelib's, which pip uses too.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

from packaging.specifiers import SpecifierSet
from resolvelib import (
    AbstractProvider,
    BaseReporter,
    ResolutionImpossible,
    ResolutionTooDeep,
    Resolver,
)

from hatch_torch.catalog.releases import TORCH
from hatch_torch.resolution.model import (
    Bound,
    FamilyChoice,
    Need,
    PassedOver,
    Release,
    Tree,
    TreeConflictError,
)
from hatch_torch.resolution.packages import active_requirements

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence

    from packaging.requirements import Requirement
    from packaging.version import Version

    from hatch_torch.resolution.model import Offer

    Information = Mapping[str, Iterator[Any]]

_ANY = SpecifierSet()
_MAX_ROUNDS = 5000
"""Steps of the search; pip allows 200,000, but it may take minutes."""


class PackageSource(Protocol):
    """Where the other packages come from: the installer's indexes, and what is installed."""

    def load_releases(self, needs: Collection[Need]) -> None:
        """Read the pages of packages, all at once."""

    def load_metadata(self, releases: Collection[Release]) -> None:
        """Read the METADATA of releases, all at once."""

    def releases(self, need: Need) -> Iterable[Release] | None:
        """Return the releases that meet a requirement, in the installer's order of preference.

        None where nothing can be known of the package.
        """

    def admits_python(self, release: Release) -> bool:
        """Return whether a release admits the interpreter that is installed for."""

    def requires(self, release: Release) -> Iterable[Requirement] | None:
        """Return what a release requires; None where it cannot be known.

        Requirements of extras that it is not asked for may be left out.
        """


class Install(NamedTuple):
    """What an installer is about to resolve."""

    roots: tuple[tuple[str, Need], ...]
    """What is required, each with who states it: the project's name, or the command."""
    family: frozenset[str]
    """The names of the torch family."""
    environment: Mapping[str, str]
    """The variables of PEP 508 markers."""
    constraints: Mapping[str, SpecifierSet] = MappingProxyType({})
    """Ranges of packages that count where something requires these."""
    compiled: frozenset[str] = frozenset()
    """The names of packages that are compiled for one torch."""

    def constrain(self, need: Need) -> Need:
        """Return a requirement with what the constraints say of its package."""
        bound = self.constraints.get(need.name)
        return need._replace(specifier=need.specifier & bound) if bound else need


def resolve_tree(
    install: Install,
    source: PackageSource,
    offer: Offer,
    is_late: Callable[[], bool] = lambda: False,
) -> Tree:
    """Resolve an install; raises TreeConflictError where no set of releases meets everything.

    `offer` yields the candidates of the torch family for ranges by name, best first. Where
    `is_late` says that the time is up, the search is given up.
    """
    provider = _Provider(install, source, offer, is_late)
    reporter = _Progress()
    resolver: Resolver[Need, Any, str] = Resolver(provider, reporter)
    try:
        result = resolver.resolve(provider.stated_by, max_rounds=_MAX_ROUNDS)
    except ResolutionTooDeep:
        known = [provider.get_bound(*one) for one in reporter.family_information]
        return Tree(bounds=tuple(dict.fromkeys(known)), is_complete=False)
    except ResolutionImpossible as conflict:
        causes = ((one.requirement, one.parent) for one in conflict.causes)
        on_family = [one for one in causes if one[0].name in install.family]
        raise TreeConflictError([provider.get_bound(*one) for one in on_family]) from None
    releases = dict(result.mapping)
    choice = releases.pop(TORCH, None)
    parents = {
        name: [(one.requirement, one.parent) for one in criterion.information]
        for name, criterion in result.criteria.items()
    }
    bounds = [provider.get_bound(*one, parents) for one in parents.get(TORCH, ())]
    ranges = {
        name: _merge([need for need, _ in parents[name]]) for name in install.compiled & {*releases}
    }
    passed_over = tuple(_find_passed_over(provider, releases, choice))
    return Tree(
        choice,
        tuple(dict.fromkeys(bounds)),
        releases,
        ranges,
        passed_over,
        went_back=provider.went_back or bool(passed_over),
    )


def _find_passed_over(
    provider: _Provider, releases: Mapping[str, Release], choice: FamilyChoice | None
) -> Iterator[PassedOver]:
    """Yield the newest release of each package that the chosen torch excludes."""
    for name, release in releases.items():
        newest = max(provider.tried.get(name, ()), default=None)
        if choice is None or newest == release.version:
            continue
        newer = release._replace(version=newest)
        for need in provider.list_needs(newer):
            version = choice.versions.get(need.name)
            if version is not None and not _admits(need, version):
                yield PassedOver(release, newer, need)
                break


def _merge(needs: Sequence[Need]) -> SpecifierSet:
    specifier = needs[0].specifier
    for need in needs[1:]:
        specifier &= need.specifier
    return specifier


def prefetch(install: Install, source: PackageSource) -> bool:
    """Read the newest release of everything, level by level and in parallel.

    The search that follows then finds nearly all pages and METADATA read. Returns whether anything
    requires a member of the family.
    """
    provider = _Provider(install, source, lambda _: (), lambda: False)
    is_family_required = False
    needs: dict[str, Need] = {}
    level: Iterable[Need] = provider.stated_by
    while level:
        changed: dict[str, None] = {}
        for need in level:
            if need.name in install.family:
                is_family_required = True
                continue
            known = needs.get(need.name, Need(need.name))
            if need.name not in needs or not need.extras <= known.extras:
                changed[need.name] = None
            needs[need.name] = Need(
                need.name,
                known.specifier & need.specifier,
                known.extras | need.extras,
                known.url or need.url,
            )
        source.load_releases([needs[name] for name in changed])
        newest = [one for name in changed if (one := _first(source, needs[name]))]
        source.load_metadata(newest)
        # Where only METADATA says that the newest does not run here, an older one takes its place.
        newest = [
            fitting
            for one in newest
            if (fitting := next(iter(provider.list_releases(needs[one.name])), None))
        ]
        level = [need for release in newest for need in provider.get_dependencies(release)]
    return is_family_required


def _first(source: PackageSource, need: Need) -> Release | None:
    release = next(iter(source.releases(need) or ()), None)
    return release and release._replace(extras=need.extras)


class _Progress(BaseReporter):  # type: ignore[type-arg] # generic from resolvelib 1.2 on alone
    """Keeps what the last round of the search knew of the family."""

    family_information: tuple[tuple[Need, Release | FamilyChoice | None], ...] = ()

    def ending_round(self, index: int, state: Any) -> None:  # noqa: ANN401, ARG002 (resolvelib's)
        criterion = state.criteria.get(TORCH)
        self.family_information = tuple(map(tuple, criterion.information)) if criterion else ()


class _Provider(AbstractProvider["Need", Any, str]):
    """The installer's rules, as resolvelib asks for them."""

    def __init__(
        self, install: Install, source: PackageSource, offer: Offer, is_late: Callable[[], bool]
    ) -> None:
        self.stated_by = {install.constrain(need): by for by, need in reversed(install.roots)}
        self._is_late = is_late
        self.went_back = False
        self._install = install
        self._source = source
        self._offer = offer
        self._order: dict[str, int] = {}
        self.tried: dict[str, set[Version]] = {}
        """The releases of each package that the search looked into."""
        self._first_parents: dict[str, list[tuple[Need, Release | None]]] = {
            need.name: [(need, None)] for need in self.stated_by
        }

    def identify(self, requirement_or_candidate: Need | Release | FamilyChoice) -> str:
        if isinstance(requirement_or_candidate, FamilyChoice):
            return TORCH
        name = requirement_or_candidate.name
        return TORCH if name in self._install.family else name

    def get_bound(
        self,
        need: Need,
        parent: Release | FamilyChoice | None,
        parents: Mapping[str, Sequence[Any]] | None = None,
    ) -> Bound:
        """Return a requirement with who states it, who requires that, and so on to the command.

        Without `parents`, the first that the search came across are taken for those.
        """
        parents = self._first_parents if parents is None else parents
        path: list[str] = []
        bound = need
        while isinstance(parent, Release) and str(parent) not in path:
            path.append(str(parent))
            need, parent = next(iter(parents.get(parent.name, ())), (need, None))
        root = self.stated_by.get(need)
        return Bound(bound, (*path, root) if root else tuple(path))

    def get_preference(
        self,
        identifier: str,
        resolutions: Mapping[str, Any],  # noqa: ARG002 (resolvelib's signature)
        candidates: Mapping[str, Iterator[Any]],  # noqa: ARG002 (likewise)
        information: Information,
        backtrack_causes: Sequence[Any],  # noqa: ARG002 (likewise)
    ) -> tuple[bool, bool, bool, int]:
        """Order as pip does: pinned, then bounded from above, then as required; the family last."""
        order = self._order.setdefault(identifier, len(self._order))
        if identifier == TORCH:
            return (True, True, True, order)
        operators = {
            specifier.operator if not specifier.version.endswith("*") else "~="
            for one in information[identifier]
            for specifier in one.requirement.specifier
        }
        is_pinned = not operators.isdisjoint({"==", "==="})
        return (False, not is_pinned, operators.isdisjoint({"<", "<=", "~="}), order)

    def find_matches(
        self,
        identifier: str,
        requirements: Mapping[str, Iterator[Need]],
        incompatibilities: Mapping[str, Iterator[Any]],
    ) -> Callable[[], Iterator[Any]]:
        if self._is_late():
            raise ResolutionTooDeep(0)
        needs = tuple(requirements[identifier])
        excluded = [*incompatibilities[identifier]]
        if identifier == TORCH:
            return lambda: self._family_choices(needs, [one.versions for one in excluded])
        ruled_out = {one.version for one in excluded}
        return lambda: self._releases(identifier, needs, ruled_out)

    def _family_choices(
        self, needs: Iterable[Need], ruled_out: Collection[Mapping[str, Version]]
    ) -> Iterator[FamilyChoice]:
        specifiers: dict[str, SpecifierSet] = {}
        for need in needs:
            specifiers[need.name] = specifiers.get(need.name, _ANY) & need.specifier
        is_first = True
        for choice in self._offer(specifiers):
            if choice.versions not in ruled_out:
                yield choice
                is_first = False
        self.went_back |= is_first

    def _releases(
        self, name: str, needs: Sequence[Need], ruled_out: Collection[Version | None]
    ) -> Iterator[Release]:
        specifier = _merge(needs)
        extras = frozenset().union(*(need.extras for need in needs))
        url = next((need.url for need in needs if need.url), None)
        return self.list_releases(Need(name, specifier, extras, url), ruled_out)

    def list_releases(
        self, need: Need, ruled_out: Collection[Version | None] = ()
    ) -> Iterator[Release]:
        """Yield the releases that an installer could take for a requirement, in its order."""
        found = self._source.releases(need)
        for release in (Release(need.name),) if found is None else found:
            if release.version not in ruled_out and self._source.admits_python(release):
                yield release._replace(extras=need.extras)

    def is_satisfied_by(self, requirement: Need, candidate: Release | FamilyChoice) -> bool:
        if isinstance(candidate, FamilyChoice):
            version = candidate.versions.get(requirement.name)
            return version is not None and _admits(requirement, version)
        if candidate.version is None or requirement.url:
            return requirement.extras <= candidate.extras
        return requirement.extras <= candidate.extras and _admits(requirement, candidate.version)

    def get_dependencies(self, candidate: Release | FamilyChoice) -> list[Need]:
        if isinstance(candidate, FamilyChoice):
            # Whatever only torch requires has releases to choose from; what the tree holds already
            # may exclude this torch.
            return [
                need
                for need in map(Need.from_requirement, candidate.requires())
                if need.name in self._order and need.name not in self._install.family
            ]
        if candidate.version:
            self.tried.setdefault(candidate.name, set()).add(candidate.version)
        needs = self.list_needs(candidate)
        for need in needs:
            self._first_parents.setdefault(need.name, [(need, candidate)])
        return needs

    def list_needs(self, release: Release) -> list[Need]:
        """Return what a release requires here, with the constraints."""
        declared = self._source.requires(release) or ()
        active = active_requirements(declared, release, self._install.environment)
        return [self._install.constrain(Need.from_requirement(one)) for one in active]


def _admits(need: Need, version: Version) -> bool:
    return need.specifier.contains(version, prereleases=True)
