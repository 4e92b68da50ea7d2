"""What goes into the backends' extras, and into the ordinary ones that nobody asked for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from packaging.requirements import Requirement

from hatch_torch.config.build_system import BuildSystem

if TYPE_CHECKING:
    from hatch_torch.resolution.model import Decision
    from tests.resolution.conftest import Workbench


def _lists(decision: Decision) -> dict[str | None, list[str]]:
    """Return what is added to each list; of a wheel's URL only its name and backend."""
    found: dict[str | None, list[str]] = {}
    versions = {pin.name: str(pin.version) for pin in decision.pins}
    for one in decision.injected:
        by_url = "://" in one.requirement
        shown = f"{one.name} {versions.get(one.name)}" if by_url else one.requirement
        found.setdefault(one.extra, []).append(shown)
    return found


def test_backends(bench: Workbench) -> None:
    """The chosen backend's extra holds the pins, and no other can be installed."""
    config = bench.config("cu124", "rocm70", "cpu")
    decision = bench.decide("rtx-4090-on-550", "torch", config=config)
    assert _lists(decision) == {
        None: ["torch 2.6.0+cu124"],
        "cu124": ["torch 2.6.0+cu124"],
        "rocm70": ["torch<0"],
        "cpu": ["torch<0"],
    }


def test_a_backend_asked_for(bench: Workbench) -> None:
    """The extra that is asked for is the one that is chosen, for the dependencies as well."""
    config = bench.config("cu124", bench.backend("rocm57", "torch==2.3.1"), "cpu")
    asked = frozenset({"rocm57"})
    decision = bench.decide("plain", "torch", config=config, extras=asked)
    lists = _lists(decision)
    assert lists[None] == lists["rocm57"] == ["torch 2.3.1+rocm5.7"]


def test_torch_in_backends_alone(bench: Workbench) -> None:
    """Where only a backend's extra requires torch, nobody else gets it."""
    config = bench.config(bench.backend("cu124", "torch>=2.5"), "cpu")
    asked = bench.decide("plain", "numpy", config=config, extras=frozenset({"cu124"}))
    assert _lists(asked) == {"cu124": ["torch 2.6.0+cu124"], "cpu": ["torch<0"]}
    unasked = bench.decide("rtx-4090-on-550", "numpy", config=config)
    assert unasked.injected == ()


def test_own_requirements(bench: Workbench) -> None:
    """What the chosen backend needs beside the family is for everybody."""
    config = bench.config(bench.backend("cu124", "torch<2.6", "flash-attn>2"), "cpu")
    decision = bench.decide("rtx-4090-on-550", "torch", config=config)
    assert _lists(decision)[None] == ["torch 2.5.1+cu124", "flash-attn>2"]


def test_the_cpus_extra_on_a_mac(bench: Workbench) -> None:
    """A Mac's plain wheel has no extra: all of them stay impossible."""
    config = bench.config("cu124", "cpu")
    decision = bench.decide("apple-m2", "torch", config=config, platform="macos_arm64")
    assert _lists(decision)[None] == ["torch 2.15.0"]


def test_undeclared_backends(bench: Workbench) -> None:
    """An extra that nothing declares gets nothing."""
    config = bench.config("cu124", "cpu", build_system=BuildSystem(build_hook={}))
    decision = bench.decide("rtx-4090-on-550", "torch", config=config)
    assert _lists(decision) == {None: ["torch 2.6.0+cu124"]}


def test_statically_declared_backends(bench: Workbench) -> None:
    """An extra of [project.optional-dependencies] is a backend's too where the table lists it."""
    wiring = BuildSystem(build_hook={}, static_extras=frozenset({"cu124"}))
    config = bench.config("cu124", "cpu", build_system=wiring)
    decision = bench.decide("rtx-4090-on-550", "torch", config=config)
    assert _lists(decision) == {None: ["torch 2.6.0+cu124"], "cu124": ["torch 2.6.0+cu124"]}


def test_unasked(bench: Workbench) -> None:
    """An ordinary extra gets what goes with the rest, and is impossible where nothing does."""
    lists = {
        "vision": (Requirement("torchvision"),),
        "train": (Requirement("torch>=2"), Requirement("rich")),
        "old": (Requirement("torchvision<0.20"), Requirement("rich")),
        "dev": (Requirement("pytest"),),
    }
    config = bench.config(optional_dependencies=lists)
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


def test_asked(bench: Workbench) -> None:
    """An ordinary extra that is asked for takes part in the choice."""
    lists = {"old": (Requirement("torchvision<0.20"),)}
    config = bench.config(optional_dependencies=lists)
    decision = bench.decide(
        "rtx-4090-on-550", "torch<2.7", config=config, extras=frozenset({"OLD"})
    )
    assert _lists(decision) == {
        None: ["torch 2.4.1+cu124"],
        "old": ["torch 2.4.1+cu124", "torchvision 0.19.1+cu124"],
    }


def test_unasked_with_a_silent_index(bench: Workbench) -> None:
    """An extra nobody asked for never fails the install, whatever the index does."""
    config = bench.config(optional_dependencies={"vision": (Requirement("torchvision"),)})
    kept = (bench.put("torch", "2.6.0+cu124"),)
    decision = bench.decide(
        "rtx-4090-on-550", "torch", config=config, installed=kept, index=bench.silent()
    )
    assert _lists(decision) == {None: ["torch==2.6.0+cu124"], "vision": ["torch<0"]}


def test_a_macs_plain_wheel_is_the_cpus(bench: Workbench) -> None:
    """On Apple silicon the CPU's extra gets the wheel that was chosen, and can be asked for."""
    config = bench.config("cu126", "cpu")
    mac = {"platform": "macos_arm64", "libc": "macos 14.5", "config": config}
    for extras in (frozenset(), frozenset({"cpu"})):
        decision = bench.decide("apple-m2", "torch", extras=extras, **mac)
        assert _lists(decision)["cpu"] == ["torch 2.15.0"]
        assert _lists(decision)["cu126"] == ["torch<0"]
