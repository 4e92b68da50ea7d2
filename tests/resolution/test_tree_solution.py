"""A strategy's solution that the whole install admits, where the install itself is in doubt."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from packaging.specifiers import SpecifierSet
from packaging.version import Version

from hatch_torch.catalog.backend import Backend
from hatch_torch.resolution.bound_packages import BoundWheels
from hatch_torch.resolution.model import (
    Bound,
    FamilyChoice,
    Need,
    Pin,
    Solution,
    Tree,
    TreeConflictError,
)
from hatch_torch.resolution.tree_solution import solve_in_tree

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from hatch_torch.resolution.model import Offer

    Ranges = Mapping[Backend, Mapping[str, SpecifierSet]]

CPU = Backend("cpu")
RELEASES = ("2.15.0", "2.8.0", "2.6.0")
OLD = Bound(Need("torch", SpecifierSet("<2.15")), ("pkg 1", "my-app"))


class Install:
    """An install whose resolution ends as a test says."""

    is_installed = False
    requires_family = True

    def __init__(self, resolve: Callable[[Offer], Tree]) -> None:
        """Take what resolves it."""
        self._resolve = resolve

    def resolve(self, offer: Offer, *, paired: bool = False) -> Tree:
        """Resolve it, with or without pairings."""
        assert not paired
        return self._resolve(offer)


def solve(ranges: Ranges) -> Solution | None:
    """Return the highest torch in range."""
    admitted = (one for one in RELEASES if one in ranges[CPU]["torch"])
    return next((Solution(CPU, (Pin("torch", Version(f"{one}+cpu")),)) for one in admitted), None)


def solution_of(
    resolve: Callable[[Offer], Tree], specifier: str = ""
) -> tuple[str | None, tuple[str, ...]]:
    """Return the torch of an install's solution, and the warnings."""
    ranges = {CPU: {"torch": SpecifierSet(specifier)}}
    solution = solve_in_tree(
        Install(resolve),  # type: ignore[arg-type] # it answers what is asked here
        ranges,
        solve,
        lambda _: (),
        lambda _tree, _solution: BoundWheels(),
    )
    return (str(solution.pins[0].version), solution.warnings) if solution else (None, ())


def test_offers_every_release_once() -> None:
    """The releases that a strategy has are offered from the highest on, each with its own torch."""
    offered: list[FamilyChoice] = []

    def resolve(offer: Offer) -> Tree:
        offered.extend(offer({}))
        return Tree(offered[1])

    assert solution_of(resolve) == ("2.8.0+cpu", ())
    assert [str(choice.versions["torch"]) for choice in offered] == [
        f"{one}+cpu" for one in RELEASES
    ]


def test_given_up() -> None:
    """What is known when the search is given up bounds torch, and the record says so."""
    tree = Tree(bounds=(OLD,), is_complete=False)
    torch, (warning,) = solution_of(lambda _: tree)
    assert torch == "2.8.0+cpu"
    assert "given up" in warning


def test_given_up_with_bounds_that_nothing_meets() -> None:
    """Bounds of a search that was given up never end an install."""
    tree = Tree(bounds=(OLD,), is_complete=False)
    assert solution_of(lambda _: tree, ">=2.15")[0] == "2.15.0+cpu"


def test_nothing_requires_torch() -> None:
    """Without a choice of the install the project's own range decides."""
    assert solution_of(lambda _: Tree(), "<2.8") == ("2.6.0+cpu", ())


@pytest.mark.parametrize(("bounds", "expected"), [((), "2.15.0+cpu"), ((OLD,), None)])
def test_conflict(bounds: tuple[Bound, ...], expected: str | None) -> None:
    """A conflict that torch takes no part in is the installer's to report; another is raised."""

    def resolve(_offer: Offer) -> Tree:
        raise TreeConflictError(bounds)

    if expected is None:
        with pytest.raises(TreeConflictError):
            solution_of(resolve)
    else:
        torch, (warning,) = solution_of(resolve)
        assert torch == expected
        assert "conflict" in warning
