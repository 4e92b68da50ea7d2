"""Extras that include others of the same project: Hatch expands them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from packaging.requirements import Requirement

if TYPE_CHECKING:
    from hatch_torch.resolution.model import Decision
    from tests.resolution.conftest import DecisionBench

_OPTIONAL = {
    "train": (Requirement("torch==2.6.0"), Requirement("rich")),
    "all": (Requirement("My_App[cu124]"),),
    "most": (Requirement("my-app[train]"),),
}


def _added(decision: Decision) -> dict[str | None, list[str]]:
    """Return what is injected into each list; for a URL only the name."""
    found: dict[str | None, list[str]] = {}
    for one in decision.injected:
        short = one.requirement.partition(" @ ")[0]
        found.setdefault(one.extra, []).append(short)
    return found


def test_requested(bench: DecisionBench) -> None:
    """An extra that includes a backend's gets that backend's wheel."""
    config = bench.make_config("cu124", "cpu", optional_dependencies=_OPTIONAL)
    decision = bench.decide("plain", config=config, extras=frozenset({"all"}))
    assert str(decision.backend) == "cu124"
    added = _added(decision)
    assert added["all"] == ["torch"]
    assert added["cu124"] == ["torch"]
    assert added["cpu"] == ["torch<0"]


def test_unrequested(bench: DecisionBench) -> None:
    """An extra that includes another backend's becomes unsatisfiable."""
    config = bench.make_config("cu124", "cpu", optional_dependencies=_OPTIONAL)
    decision = bench.decide("plain", "torch>=2.4", config=config)
    assert str(decision.backend) == "cpu"
    assert _added(decision) == {
        None: ["torch"],
        "cpu": ["torch"],
        "cu124": ["torch<0"],
        "train": ["torch"],
        "most": ["torch"],
        "all": ["torch<0"],
    }
