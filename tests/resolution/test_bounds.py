"""Which requirements restrict torch, the tightest first."""

from __future__ import annotations

from packaging.requirements import Requirement

from hatch_torch.resolution.bounds import sort_bounds
from hatch_torch.resolution.model import Bound, Need


def bound(requirement: str, *path: str) -> Bound:
    """Return a bound that the packages of a path put on the family."""
    return Bound(Need.from_requirement(Requirement(requirement)), path)


def test_the_tightest_first() -> None:
    """The bound with the oldest torch at its upper end is first, whichever member it is on."""
    bounds = [
        bound("torch>=2.0", "a 1", "my-app"),
        bound("torch", "b 1", "my-app"),
        bound("torchvision<0.24", "c 1", "my-app"),
        bound("torch<2.7", "d 1", "my-app"),
        bound("torch==2.6.0", "e 1", "my-app"),
        bound("torch>=2.0,<2.7", "f 1", "my-app"),
    ]
    assert [str(one.need) for one in sort_bounds(bounds)] == [
        "torch==2.6.0",
        "torch<2.7,>=2.0",
        "torch<2.7",
        "torchvision<0.24",
        "torch>=2.0",
    ]


def test_each_bound_once() -> None:
    """A bound that two paths of the search report is one; without a path it is the project's."""
    (one,) = sort_bounds([bound("torch<2.7"), bound("torch<2.7")])
    assert str(one) == "torch <2.7: the project"
    assert (one.stated_by, one.required_by) == ("the project", None)
