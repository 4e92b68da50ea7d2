"""What the other packages of an install require of the torch family, for every target of a lock.

The other packages do not depend on the backend. So the install is resolved once for each Python and
platform, with the torches of all its backends on offer, and once more for a backend that has none
of those that the newest packages admit. Pages and METADATA are shared by all.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name

from hatch_torch.catalog.releases import FAMILY, TORCH
from hatch_torch.resolution.model import FamilyChoice, Tree, TreeConflictError

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence

    from packaging.requirements import Requirement
    from packaging.version import Version

    from hatch_torch.catalog.target import Target
    from hatch_torch.config.config import Config
    from hatch_torch.lock.target import LockTarget, ProgressCallback
    from hatch_torch.resolution.candidates import Candidate, Specifiers
    from hatch_torch.resolution.model import Bound, Offer, WholeInstall

    OpenTree = Callable[[Target, Collection[str]], WholeInstall | None]
    """Returns the whole install of a target with these extras."""

_GAVE_UP = "the search over the whole install was given up; torch is bounded by what was read"


class BoundTargets(NamedTuple):
    """The targets of a lock with what the other packages require, and what to know about them."""

    targets: list[LockTarget]
    members: tuple[str, ...] = ()
    """The packages of the family that only other packages require, those of an extra with it."""
    notes: tuple[str, ...] = ()


def requires_others(config: Config) -> bool:
    """Return whether anything but the family is required, so that there is something to read."""
    lists = (
        config.dependencies,
        *config.optional_dependencies.values(),
        *(extra.dependencies for extra in config.extras),
    )
    names = {canonicalize_name(one.name) for requirements in lists for one in requirements}
    return config.scope == "tree" and not names <= {*FAMILY, *config.family}


def apply_bounds(
    config: Config,
    targets: Sequence[LockTarget],
    open_tree: OpenTree,
    report_progress: ProgressCallback,
    *,
    names_backends: bool,
) -> BoundTargets:
    """Return the targets with the ranges that the newest releases of the other packages admit.

    `names_backends`: each backend is wanted, so that one without a torch in these ranges gets older
    releases of the other packages, as an install there does.
    """
    groups: dict[tuple[tuple[str, str], str | None], list[LockTarget]] = {}
    for target in targets:
        own = config.find_extra(target.backend)
        name = own.name if own and own.dependencies else None
        groups.setdefault((target.key, name), []).append(target)
    bounded: list[LockTarget] = []
    members: set[str] = set()
    notes: dict[str, None] = {}
    for count, ((_, extra), group) in enumerate(groups.items()):
        report_progress("targets", count, len(groups))
        trees = _GroupTrees(config, open_tree, (extra,) if extra else (), members, notes)
        for target, found in zip(group, trees.bound(group), strict=True):
            is_lost = names_backends and target.find_torches() and not found.find_torches()
            bounded += trees.bound([target]) if is_lost else [found]
    report_progress("targets", len(groups), len(groups))
    return BoundTargets(bounded, tuple(sorted(members)), tuple(notes))


class _GroupTrees(NamedTuple):
    """The installs of one Python and platform."""

    config: Config
    open_tree: OpenTree
    extras: tuple[str, ...]
    """The backend's own extra, where it requires anything itself."""
    members: set[str]
    """Where to put the members that only other packages require."""
    notes: dict[str, None]
    """Where to put what to know."""

    def bound(self, group: Sequence[LockTarget]) -> list[LockTarget]:
        """Return targets with the bounds of the install, with every ordinary extra if possible."""
        optional = tuple(self.config.optional_dependencies)
        try:
            everything = self._resolve(group, (*self.extras, *optional))
            required = self._find_members(group, everything, optional)
        except TreeConflictError as conflict:
            if not optional:
                return self._exclude(group, conflict)
            lines = (f"an extra cannot be met: {bound}" for bound in conflict.bounds)
            self.notes.update(dict.fromkeys(lines))
            config = self.config._replace(optional_dependencies={})
            return self._replace(config=config).bound(group)
        self.notes.update(dict.fromkeys(_describe(everything, self.config)))
        # What an extra requires of the base's packages holds for the base too: one torch is locked.
        common = {
            name: bounds
            for name, bounds in everything.items()
            if name in required or name in group[0].required
        }
        return [
            replace(
                target,
                required=_intersect(target.required, common),
                requested=_intersect(target.requested, everything),
                cache={},
            )
            for target in group
        ]

    def _find_members(
        self,
        group: Sequence[LockTarget],
        everything: Mapping[str, tuple[Bound, ...]],
        optional: Iterable[str],
    ) -> Collection[str]:
        """Return the members that the base requires; keep which only other packages require."""
        new = everything.keys() - group[0].required.keys()
        if not (new and optional):
            self.members.update(new)
            return new
        base = self._resolve(group, self.extras).keys() & new
        self.members.update(base)
        for extra in optional if new - base else ():
            found = self._resolve(group, (*self.extras, extra)).keys() & (new - base)
            self.members.update(f'{name} ; extra == "{extra}"' for name in found)
        return base

    def _resolve(
        self, group: Sequence[LockTarget], extras: Collection[str]
    ) -> Mapping[str, tuple[Bound, ...]]:
        """Return the requirements on the family by name; raises TreeConflictError."""
        tree = self.open_tree(group[0].target, extras)
        if tree is None:
            return {}
        resolved = _resolve_for(tree, group)
        if not resolved.is_complete:
            self.notes[_GAVE_UP] = None
        bounds: dict[str, tuple[Bound, ...]] = {}
        for bound in resolved.bounds:
            bounds[bound.need.name] = (*bounds.get(bound.need.name, ()), bound)
        return bounds

    def _exclude(
        self, group: Iterable[LockTarget], conflict: TreeConflictError
    ) -> list[LockTarget]:
        """Return targets for which no torch is left."""
        lines = (f"excludes every torch: {bound}" for bound in conflict.bounds)
        self.notes.update(dict.fromkeys(lines))
        nothing = {TORCH: SpecifierSet("<0")}
        return [
            replace(
                target,
                required={**target.required, **nothing},
                requested={**target.requested, **nothing},
                cache={},
            )
            for target in group
        ]


def _resolve_for(tree: WholeInstall, group: Sequence[LockTarget]) -> Tree:
    try:
        return tree.resolve(_make_offer(group))
    except TreeConflictError as conflict:
        if conflict.bounds:
            raise
        # The other packages conflict alone: their installer says so, and torch is not to blame.
        return Tree()


def _make_offer(group: Sequence[LockTarget]) -> Offer:
    """Return what offers the releases that any backend of a target has, the highest first."""
    # The CPU's wheels have no companions whose METADATA would have to be read.
    ranked = sorted(group, key=lambda target: target.backend.family != "cpu")

    def offer(bounds: Mapping[str, SpecifierSet]) -> Iterator[FamilyChoice]:
        bounded = [_with_specifiers(target, bounds) for target in ranked]
        releases = {one.release for target in bounded for one in target.find_torches()}
        for release in sorted(releases, reverse=True):
            for target in bounded:
                if family := target.find_family(release):
                    yield _make_choice(target, family)
                    break

    return offer


def _make_choice(target: LockTarget, family: tuple[Candidate, ...]) -> FamilyChoice:
    versions: dict[str, Version] = {one.name: one.version for one in family}
    (torch,) = (one for one in family if one.name == TORCH)

    def requires() -> tuple[Requirement, ...]:
        return target.finder.index.read_requirements(torch.wheel) or ()

    return FamilyChoice(versions, requires)


def _with_specifiers(target: LockTarget, bounds: Mapping[str, SpecifierSet]) -> LockTarget:
    merged = {
        name: target.requested.get(name, SpecifierSet()) & specifier
        for name, specifier in bounds.items()
    }
    specifiers = {**target.required, **merged}
    return replace(target, required=specifiers, requested=specifiers, cache={})


def _intersect(
    specifiers: Specifiers, bounds: Mapping[str, tuple[Bound, ...]]
) -> dict[str, SpecifierSet]:
    merged = dict(specifiers)
    for name, stated in bounds.items():
        for bound in stated:
            merged[name] = merged.get(name, SpecifierSet()) & bound.need.specifier
    return merged


def _describe(bounds: Mapping[str, tuple[Bound, ...]], config: Config) -> Iterator[str]:
    """Yield which packages bound the family, without the project itself."""
    for stated in bounds.values():
        for bound in stated:
            if bound.need.specifier and bound.path[:1] not in {(), (config.name,)}:
                yield f"bounded by the whole install: {bound}"
