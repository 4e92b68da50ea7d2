"""A strategy's solution that the whole install admits."""

from __future__ import annotations

from functools import partial
from types import MappingProxyType
from typing import TYPE_CHECKING

from packaging.specifiers import SpecifierSet

from hatch_torch.catalog.releases import TORCH
from hatch_torch.config.requirements import parse_constraints
from hatch_torch.resolution.bound_packages import (
    describe_cuda_mismatch,
    find_mismatches,
    has_same_releases,
)
from hatch_torch.resolution.model import FamilyChoice, TreeConflictError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from packaging.requirements import Requirement

    from hatch_torch.catalog.backend import Backend
    from hatch_torch.resolution.bound_packages import BoundWheels
    from hatch_torch.resolution.candidates import Specifiers
    from hatch_torch.resolution.model import (
        Offer,
        ResolutionInputs,
        Solution,
        Tree,
        WholeInstall,
    )

    Ranges = Mapping[Backend, Specifiers]
    Solve = Callable[[Ranges], Solution | None]
    FindWheels = Callable[[Tree, Solution], BoundWheels]
    ReadRequirements = Callable[[Solution], tuple[Requirement, ...]]

_ANY = SpecifierSet()
_GAVE_UP = "the search over the whole install was given up; torch is bounded by what was read"
_CONFLICT = "the other packages of this install conflict; torch is bounded by the project alone"


def solve_in_tree(
    tree: WholeInstall,
    specifiers: Ranges,
    solve: Solve,
    requires: ReadRequirements,
    find_wheels: FindWheels,
) -> Solution | None:
    """Return the highest solution that every package of the install admits; None for none.

    `specifiers` are the project's own, by backend; `solve` returns the best solution for such
    ranges; `requires` returns what the torch of a solution requires in turn; `find_wheels` what
    the install gets of the packages that are compiled for a solution's torch. Raises
    TreeConflictError where the packages exclude every torch that the strategy has.
    """

    def offer(bounds: Mapping[str, SpecifierSet]) -> Iterator[FamilyChoice]:
        ranges = _add_bounds(specifiers, bounds)
        while solution := solve(ranges):
            versions = {pin.name: pin.version for pin in solution.pins}
            yield FamilyChoice(versions, partial(requires, solution), solution)
            others = SpecifierSet(f"!={versions[TORCH].public}")
            ranges = _add_bounds(ranges, {TORCH: others})

    try:
        resolved = _resolve(tree, offer)
    except TreeConflictError as conflict:
        if conflict.bounds:
            raise
        # The installer fails too, and says why better than we could.
        solution = solve(specifiers)
        return solution and solution.with_warnings(_CONFLICT)
    if not resolved.is_complete:
        bounds = _merge_bounds(resolved)
        solution = solve(_add_bounds(specifiers, bounds)) or solve(specifiers)
        return solution and solution.with_warnings(_GAVE_UP)._replace(bounds=resolved.bounds)
    if resolved.choice is None:
        return solve(specifiers)
    chosen: Solution = resolved.choice.choice  # type: ignore[assignment] # as offered above
    releases = {name: release.version for name, release in resolved.releases.items()}
    chosen = chosen._replace(bounds=resolved.bounds, releases=MappingProxyType(releases))
    chosen = chosen.with_warnings(*map(str, resolved.passed_over))
    return _add_bound_wheels(chosen, partial(find_wheels, resolved), specifiers, solve)


def _resolve(tree: WholeInstall, offer: Offer) -> Tree:
    """Resolve the install, with a torch that its packages are compiled for where there is one.

    What they do not require themselves never changes any other package of the install.
    """
    resolved = tree.resolve(offer)
    if not find_mismatches(resolved):
        return resolved
    try:
        paired = tree.resolve(offer, paired=True)
    except TreeConflictError:
        return resolved
    is_better = paired.is_complete and paired.choice and has_same_releases(resolved, paired)
    return paired if is_better else resolved


def _add_bound_wheels(
    solution: Solution, find_wheels: Callable[[Solution], BoundWheels], ranges: Ranges, solve: Solve
) -> Solution:
    """Return a solution with the wheels of the packages that are compiled for its torch.

    Another backend of the same release is taken where these are built for another CUDA.
    """
    found = find_wheels(solution)
    if solution.backend.family == "cuda" and [*describe_cuda_mismatch(found, solution.backend)]:
        (torch,) = (pin.version.public for pin in solution.pins if pin.name == TORCH)
        backends = {one: of for one, of in ranges.items() if _has_cuda(one, found.cuda)}
        if other := solve(_add_bounds(backends, {TORCH: SpecifierSet(f"=={torch}")})):
            solution = other._replace(bounds=solution.bounds, releases=solution.releases)
            found = find_wheels(solution)
    warnings = (*found.warnings, *describe_cuda_mismatch(found, solution.backend))
    return solution._replace(pins=(*solution.pins, *found.pins)).with_warnings(*warnings)


def _has_cuda(backend: Backend, majors: frozenset[int]) -> bool:
    return backend.family == "cuda" and {backend.release[0]} == majors


def read_torch_requirements(
    inputs: ResolutionInputs, solution: Solution
) -> tuple[Requirement, ...]:
    """Return what the torch of a solution requires; nothing where that cannot be read."""
    (version,) = (pin.version for pin in solution.pins if pin.name == TORCH)
    for package in inputs.find_installed({TORCH}):
        if package.version == version:
            return parse_constraints(package.requires)
    specifier = SpecifierSet(f"=={version}")
    for candidate in inputs.finder.candidates(solution.backend, TORCH, specifier):
        return inputs.finder.index.read_requirements(candidate.wheel) or ()
    return ()


def _add_bounds(ranges: Ranges, bounds: Mapping[str, SpecifierSet]) -> dict[Backend, Specifiers]:
    return {
        backend: {
            **specifiers,
            **{name: specifiers.get(name, _ANY) & bound for name, bound in bounds.items()},
        }
        for backend, specifiers in ranges.items()
    }


def _merge_bounds(tree: Tree) -> dict[str, SpecifierSet]:
    bounds: dict[str, SpecifierSet] = {}
    for bound in tree.bounds:
        need = bound.need
        bounds[need.name] = bounds.get(need.name, _ANY) & need.specifier
    return bounds
