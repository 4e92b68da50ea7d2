"""Which backends are tried, in which order, and what platforms never had."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from packaging.specifiers import SpecifierSet
from packaging.version import Version

from hatch_torch.catalog import target as targets
from hatch_torch.catalog.backend import Backend
from hatch_torch.config.backend_request import BackendRequest
from hatch_torch.config.config import Config
from hatch_torch.errors import NoAnswerError
from hatch_torch.resolution import strategies as ways
from hatch_torch.resolution.strategies import (
    Strategy,
    get_cpu_backend,
    normalize_for_platform,
    pin_pypi_wheels,
)

if TYPE_CHECKING:
    from hatch_torch.catalog.target import Target
    from tests.resolution.conftest import DecisionBench

AUTO = BackendRequest("auto")
TABLE = "tool.torch-variant.backend"


@pytest.mark.parametrize(
    ("value", "platform", "settled"),
    [
        ("cpu", "linux_x86_64", "cpu"),
        ("cpu", "macos_arm64", "mps"),
        ("cpu", "macos_x86_64", "cpu"),
        ("mps", "macos_arm64", "mps"),
        (Backend.parse("cu124"), "linux_x86_64", "cu124"),
        (Backend.parse("rocm10.0"), "linux_x86_64", "rocm10.0"),
        ("cuda", "macos_arm64", "cuda"),
        ("auto", "macos_arm64", "auto"),
    ],
)
def test_normalized(value: Backend | str, platform: str, settled: str) -> None:
    """`cpu` and `mps` mean the platform's CPU backend; a backend that it has stays."""
    target = targets.foreign_interpreter("3.12", platform)
    assert (
        str(normalize_for_platform(BackendRequest(value, "TORCH_VARIANT"), target).value) == settled
    )


@pytest.mark.parametrize(
    ("value", "platform"),
    [
        (Backend.parse("cu124"), "macos_arm64"),
        (Backend.parse("cu199"), "macos_x86_64"),
        (Backend.parse("rocm7.0"), "win_amd64"),
        (Backend.parse("xpu"), "linux_aarch64"),
        ("mps", "linux_x86_64"),
    ],
)
def test_never_published(value: Backend | str, platform: str) -> None:
    """What the platform never had is an error on request, and the CPU's from the table."""
    target = targets.foreign_interpreter("3.12", platform)
    with pytest.raises(NoAnswerError, match=f"PyTorch publishes no {value} wheel for {platform}"):
        normalize_for_platform(BackendRequest(value, "TORCH_VARIANT"), target)
    taken = normalize_for_platform(BackendRequest(value, TABLE), target)
    assert taken.value == get_cpu_backend(target)
    assert "using the CPU wheel" in taken.notes[0]


@pytest.mark.parametrize(
    ("machine", "families"),
    [
        ("plain", []),
        ("rtx-4090-on-550", ["cuda"]),
        ("nvidia-and-amd", ["cuda", "rocm", "rocm"]),
        ("amd-and-intel", ["rocm", "rocm", "xpu"]),
        ("mixed-nvidia-and-arc", ["cuda", "cuda", "xpu"]),
        ("rx-7900-and-rx-580", ["rocm", "rocm"]),
        ("rtx-4090-and-t4", ["cuda", "cuda", "cuda"]),
    ],
)
def test_order(bench: DecisionBench, here: Target, machine: str, families: list[str]) -> None:
    """NVIDIA is tried before AMD and AMD before Intel, with all GPUs, with some, unverified."""
    config, hardware = Config(), bench.machines[machine]
    judged = ways.evaluate_backends(config, AUTO, hardware, here)
    found = list(ways.plan_strategies(config, AUTO, hardware, judged, here))
    assert [course.backends[0].family for course in found] == families


def test_both_vendors_mixed(bench: DecisionBench, here: Target) -> None:
    """Each vendor's strategy drops only its own GPUs."""
    hardware = bench.merge_machines("gtx-1080-and-rtx-5090", "rx-7900-and-rx-580")
    judged = ways.evaluate_backends(Config(), AUTO, hardware, here)
    found = list(ways.plan_strategies(Config(), AUTO, hardware, judged, here))
    left_out = [" ".join(course.warnings).partition("does not run on ")[2] for course in found]
    unverified = "no one has verified that the machine code of the chosen wheel runs on this GPU"
    assert left_out == [
        "GeForce sm_61 (sm_61)",
        "GeForce sm_120 (sm_120)",
        "Radeon gfx803 (gfx803)",
        f"Radeon gfx803 (gfx803) {unverified}",
    ]


def test_verdicts_of_extras(bench: DecisionBench, here: Target) -> None:
    """Only the project's backends are compatible; every other one has a reason."""
    config = bench.make_config("cu124", "cpu")
    judged = ways.evaluate_backends(config, AUTO, bench.machines["rtx-4090-on-550"], here)
    assert [str(one.backend) for one in judged if one.is_compatible] == ["cu124", "cpu"]
    reasons = {one.reason for one in judged if one.backend.family == "rocm"}
    assert reasons == {"not one of this project's extras"}


def test_family_without_a_device(bench: DecisionBench, here: Target) -> None:
    """A requested family without a device tries the project's backends of that family."""
    wish, hardware = BackendRequest("cuda", "TORCH_VARIANT"), bench.machines["plain"]
    for config, first in ((bench.make_config("cu118", "rocm63"), "cu118"), (Config(), "cu134")):
        judged = ways.evaluate_backends(config, wish, hardware, here)
        (course,) = ways.plan_strategies(config, wish, hardware, judged, here)
        assert str(course.backends[0]) == first
        assert {one.family for one in course.backends} == {"cuda"}


def test_wheel_of_a_mac(bench: DecisionBench) -> None:
    """On a Mac its own wheel is always compatible."""
    mac = targets.foreign_interpreter("3.12", "macos_arm64")
    judged = ways.evaluate_backends(
        bench.make_config("cu124"), AUTO, bench.machines["apple-m2"], mac
    )
    assert [str(one.backend) for one in judged if one.is_compatible] == ["mps"]


def test_own_index(bench: DecisionBench, here: Target) -> None:
    """Wheels on the project's own index are not judged by the tables."""
    own = bench.backend("rocm6.5", index_url="https://wheels.example.org/rocm6.5")
    config = bench.make_config(own, "rocm64", "cpu")
    judged = ways.evaluate_backends(config, AUTO, bench.machines["rx-580"], here)
    assert [str(one.backend) for one in judged if one.is_compatible] == ["rocm6.5", "cpu"]
    (course,) = ways.plan_strategies(config, AUTO, bench.machines["rx-580"], judged, here)
    assert course.incompatibility(own.backend, Version("2.7.0")) is None


def test_default_wheel_that_does_not_run(here: Target) -> None:
    """PyPI's default wheel is pinned only where it runs."""
    backend = Backend.parse("cu126")

    def fits(_backend: Backend, release: Version) -> str | None:
        return "no" if release == Version("2.7.1") else None

    found = pin_pypi_wheels(Strategy((backend,), fits), {backend: {"torch": SpecifierSet()}}, here)
    assert found
    assert [str(pin.version) for pin in found[1]] == ["2.7.0"]
