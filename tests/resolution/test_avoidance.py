"""Releases that are known to be bad are passed over, unless the project pins them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.resolution.conftest import DecisionBench

PASSED_OVER = "passed over torch 2.3.0 for cpu: import torch ends with WinError 126"
TAKEN = "torch 2.3.0 for cpu is known to be bad: import torch ends with WinError 126"


@pytest.mark.parametrize(
    ("requirement", "expected", "warning"),
    [
        ("torch<2.3.1", "2.2.2+cpu", PASSED_OVER),
        ("torch==2.3.0", "2.3.0+cpu", TAKEN),
        ("torch>=2.3,<2.3.1", "2.3.0+cpu", TAKEN),
        ("torch<2.4", "2.3.1+cpu", None),
        ("torch<2.2.2", "2.2.1+cpu", None),
    ],
)
def test_avoided(
    bench: DecisionBench, requirement: str, expected: str, warning: str | None
) -> None:
    """It is taken only where it is pinned or alone in range; the record says which."""
    decision = bench.decide("plain", requirement, platform="win_amd64")
    assert [str(pin.version) for pin in decision.pins] == [expected]
    about_faults = [one for one in decision.warnings if "WinError" in one]
    assert [one.startswith(warning or "?") for one in about_faults] == [True] * bool(warning)


def test_an_installed_one_is_replaced(bench: DecisionBench) -> None:
    """What is installed stays only where it is not known to be bad."""
    installed = (bench.installed_package("torch", "2.3.0+cpu"),)
    decision = bench.decide("plain", "torch<2.4", platform="win_amd64", installed=installed)
    assert [str(pin.version) for pin in decision.pins] == ["2.3.1+cpu"]
    pinned = bench.decide("plain", "torch==2.3.0", platform="win_amd64", installed=installed)
    assert pinned.pins[0].by_version


def test_without_an_amd_gpu(bench: DecisionBench) -> None:
    """A ROCm wheel whose torch.compile fails without a GPU is passed over on such a machine."""
    environ = {"TORCH_VARIANT": "rocm"}
    decision = bench.decide("plain", "torch<2.14", environ=environ)
    assert decision.pins[0].version.public == "2.12.1"
    assert any("pytorch#189194" in one for one in decision.warnings)


def test_a_companion_on_the_stable_abi_stays(bench: DecisionBench) -> None:
    """PyPI's torchvision 0.29.2, built for CUDA 13.2, runs with torch for CUDA 13.0."""
    installed = (
        bench.installed_package("torch", "2.15.0+cu130"),
        bench.installed_package("torchvision", "0.29.2", backend=bench.backend("cu132").backend),
    )
    decision = bench.decide("rtx-4090-on-580", "torch", "torchvision", installed=installed)
    assert [str(pin.version) for pin in decision.pins] == ["2.15.0+cu130", "0.29.2"]
