"""What is injected into backend extras, and into ordinary extras."""

from __future__ import annotations

from typing import TYPE_CHECKING

from packaging.requirements import Requirement

from hatch_torch.config.build_system import BuildSystem

if TYPE_CHECKING:
    from hatch_torch.resolution.model import Decision
    from tests.resolution.conftest import DecisionBench


def _lists(decision: Decision) -> dict[str | None, list[str]]:
    """Return what is injected into each list; for a URL the name and version."""
    found: dict[str | None, list[str]] = {}
    versions = {pin.name: str(pin.version) for pin in decision.pins}
    for one in decision.injected:
        by_url = "://" in one.requirement
        shown = f"{one.name} {versions.get(one.name)}" if by_url else one.requirement
        found.setdefault(one.extra, []).append(shown)
    return found


def test_backends(bench: DecisionBench) -> None:
    """The chosen backend's extra gets the pins; the others become unsatisfiable."""
    config = bench.make_config("cu124", "rocm70", "cpu")
    decision = bench.decide("rtx-4090-on-550", "torch", config=config)
    assert _lists(decision) == {
        None: ["torch 2.6.0+cu124"],
        "cu124": ["torch 2.6.0+cu124"],
        "rocm70": ["torch<0"],
        "cpu": ["torch<0"],
    }


def test_requested_backend(bench: DecisionBench) -> None:
    """A requested extra chooses the backend, for the dependencies as well."""
    config = bench.make_config("cu124", bench.backend("rocm57", "torch==2.3.1"), "cpu")
    asked = frozenset({"rocm57"})
    decision = bench.decide("plain", "torch", config=config, extras=asked)
    lists = _lists(decision)
    assert lists[None] == lists["rocm57"] == ["torch 2.3.1+rocm5.7"]


def test_torch_in_backends_alone(bench: DecisionBench) -> None:
    """Where only a backend's extra requires torch, the base install does not get it."""
    config = bench.make_config(bench.backend("cu124", "torch>=2.5"), "cpu")
    asked = bench.decide("plain", "numpy", config=config, extras=frozenset({"cu124"}))
    assert _lists(asked) == {"cu124": ["torch 2.6.0+cu124"], "cpu": ["torch<0"]}
    unasked = bench.decide("rtx-4090-on-550", "numpy", config=config)
    assert unasked.injected == ()


def test_own_requirements(bench: DecisionBench) -> None:
    """Other requirements of the chosen backend's extra go into the dependencies."""
    config = bench.make_config(bench.backend("cu124", "torch<2.6", "flash-attn>2"), "cpu")
    decision = bench.decide("rtx-4090-on-550", "torch", config=config)
    assert _lists(decision)[None] == ["torch 2.5.1+cu124", "flash-attn>2"]


def test_the_cpus_extra_on_a_mac(bench: DecisionBench) -> None:
    """On a Mac the dependencies get the Mac's wheel whatever the extras are."""
    config = bench.make_config("cu124", "cpu")
    decision = bench.decide("apple-m2", "torch", config=config, platform="macos_arm64")
    assert _lists(decision)[None] == ["torch 2.15.0"]


def test_undeclared_backends(bench: DecisionBench) -> None:
    """An extra that the metadata does not declare gets nothing."""
    config = bench.make_config("cu124", "cpu", build_system=BuildSystem(build_hook={}))
    decision = bench.decide("rtx-4090-on-550", "torch", config=config)
    assert _lists(decision) == {None: ["torch 2.6.0+cu124"]}


def test_statically_declared_backends(bench: DecisionBench) -> None:
    """A static extra counts as a backend's where the table lists it."""
    wiring = BuildSystem(build_hook={}, static_extras=frozenset({"cu124"}))
    config = bench.make_config("cu124", "cpu", build_system=wiring)
    decision = bench.decide("rtx-4090-on-550", "torch", config=config)
    assert _lists(decision) == {None: ["torch 2.6.0+cu124"], "cu124": ["torch 2.6.0+cu124"]}


def test_unrequested(bench: DecisionBench) -> None:
    """An ordinary extra gets what fits the chosen torch, else becomes unsatisfiable."""
    lists = {
        "vision": (Requirement("torchvision"),),
        "train": (Requirement("torch>=2"), Requirement("rich")),
        "old": (Requirement("torchvision<0.20"), Requirement("rich")),
        "dev": (Requirement("pytest"),),
    }
    config = bench.make_config(optional_dependencies=lists)
    decision = bench.decide("rtx-4090-on-550", "torch<2.7", config=config)
    assert _lists(decision) == {
        None: ["torch 2.6.0+cu124"],
        "vision": ["torch 2.6.0+cu124", "torchvision None"],
        "train": ["torch 2.6.0+cu124"],
        "old": ["torch<0"],
    }
    assert decision.warnings == (
        "extra old cannot be installed: no wheel of torchvision<0.20 fits the chosen torch",
    )


def test_requested(bench: DecisionBench) -> None:
    """A requested ordinary extra takes part in the choice."""
    lists = {"old": (Requirement("torchvision<0.20"),)}
    config = bench.make_config(optional_dependencies=lists)
    decision = bench.decide(
        "rtx-4090-on-550", "torch<2.7", config=config, extras=frozenset({"OLD"})
    )
    assert _lists(decision) == {
        None: ["torch 2.4.1+cu124"],
        "old": ["torch 2.4.1+cu124", "torchvision 0.19.1+cu124"],
    }


def test_unrequested_without_index(bench: DecisionBench) -> None:
    """An unrequested extra never makes the install fail, even without the index."""
    config = bench.make_config(optional_dependencies={"vision": (Requirement("torchvision"),)})
    kept = (bench.installed_package("torch", "2.6.0+cu124"),)
    decision = bench.decide(
        "rtx-4090-on-550", "torch", config=config, installed=kept, index=bench.unreachable_index()
    )
    assert _lists(decision) == {None: ["torch==2.6.0+cu124"], "vision": ["torch<0"]}


def test_cpu_extra_on_apple_silicon(bench: DecisionBench) -> None:
    """On Apple silicon the CPU's extra gets the chosen wheel, and can be requested."""
    config = bench.make_config("cu126", "cpu")
    mac = {"platform": "macos_arm64", "libc": "macos 14.5", "config": config}
    for extras in (frozenset(), frozenset({"cpu"})):
        decision = bench.decide("apple-m2", "torch", extras=extras, **mac)
        assert _lists(decision)["cpu"] == ["torch 2.15.0"]
        assert _lists(decision)["cu126"] == ["torch<0"]
