"""The newest family with wheels for each Python, platform and channel."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.resolution.conftest import DecisionBench


def _picked(bench: DecisionBench, machine: str, *requirements: str, **target: str) -> str:
    decision = bench.decide(machine, *requirements, **target)
    return ", ".join(f"{pin.name} {pin.version}" for pin in decision.pins)


@pytest.mark.parametrize(
    ("python", "requirements", "picked"),
    [
        ("3.10", ["torch"], "torch 2.14.1+cu126"),
        ("3.10", ["torch", "torchvision"], "torch 2.14.1+cu126, torchvision 0.29.2+cu126"),
        ("3.13", ["torch<2.6"], "torch 2.5.1+cu124"),
        ("3.13", ["torch<2.7,>=2.4", "torchvision"], "torch 2.6.0+cu124, torchvision 0.21.0+cu124"),
        ("3.13t", ["torch"], "torch 2.12.0+cu126"),
        ("3.13t", ["torch", "torchvision"], "torch 2.12.0+cu126, torchvision 0.27.0+cu126"),
        ("3.14", ["torch<2.12,>=2.11"], "torch 2.11.0+cu129"),
        ("3.14", ["torch", "torchaudio"], "torch 2.15.0+cu126, torchaudio 2.11.0+cu126"),
        ("3.14t", ["torch"], "torch 2.15.0+cu126"),
        ("3.15", ["torch"], "torch 2.15.0+cu126"),
        ("3.15t", ["torch"], "torch 2.15.0+cu126"),
    ],
)
def test_pythons(bench: DecisionBench, python: str, requirements: list[str], picked: str) -> None:
    """Where the index lacks a wheel, the newest complete release is chosen."""
    assert _picked(bench, "rtx-4090-on-550", *requirements, python=python) == picked


@pytest.mark.parametrize(
    ("machine", "requirements", "picked"),
    [
        ("gb10", ["torch"], "torch 2.15.0+cu130"),
        ("gb10", ["torch<2.9,>=2.7"], "torch 2.8.0+cu129, triton 3.4.0"),
        ("gb10", ["torch>=2.4,<2.7"], "torch 2.6.0+cpu"),
        ("jetson-orin", ["torch"], "torch 2.15.0+cpu"),
        ("h200-on-615", ["torch"], "torch 2.15.0+cu132"),
        ("h200-on-615", ["torch<2.5"], "torch 2.4.1"),
        ("mi300-rocm-6.4", ["torch"], "torch 2.15.0+cpu"),
        ("plain", ["torch<2.5"], "torch 2.4.1"),
    ],
)
def test_aarch64(bench: DecisionBench, machine: str, requirements: list[str], picked: str) -> None:
    """aarch64 has other wheels, older ones without a local version, and no ROCm."""
    assert _picked(bench, machine, *requirements, platform="linux_aarch64") == picked


@pytest.mark.parametrize(
    ("machine", "picked"),
    [
        ("rtx-4090-on-580", "torch 2.15.0+cu130, torchvision 0.29.2+cu130"),
        ("mi300-rocm-6.4", "torch 2.15.0+cpu, torchvision 0.29.2+cpu"),
        ("arc-b580", "torch 2.15.0+xpu, torchvision 0.29.2+xpu, triton-xpu 3.9.0"),
    ],
)
def test_windows(bench: DecisionBench, machine: str, picked: str) -> None:
    """Windows has no ROCm."""
    assert _picked(bench, machine, "torch", "torchvision", platform="win_amd64") == picked


@pytest.mark.parametrize(
    ("platform", "libc", "picked"),
    [
        ("macos_arm64", "macos 14.5", "torch 2.15.0, torchvision 0.29.2"),
        ("macos_arm64", "macos 13.6", "torch 2.11.0, torchvision 0.26.0"),
        ("macos_arm64", "macos 11.0", "torch 2.11.0, torchvision 0.26.0"),
        ("macos_x86_64", "macos 14.5", "torch 2.2.2, torchvision 0.17.2"),
    ],
)
def test_macs(bench: DecisionBench, platform: str, libc: str, picked: str) -> None:
    """An old macOS, an Intel Mac and Rosetta get the last release for them."""
    target = {"platform": platform, "libc": libc}
    assert _picked(bench, "apple-m2", "torch", "torchvision", **target) == picked


@pytest.mark.parametrize(
    ("libc", "picked"),
    [("glibc 2.28", "torch 2.15.0+cpu"), ("glibc 2.17", "torch 2.6.0+cpu")],
)
def test_glibc(bench: DecisionBench, libc: str, picked: str) -> None:
    """An old glibc gets the last release with a tag that it supports."""
    assert _picked(bench, "plain", "torch", libc=libc) == picked


@pytest.mark.parametrize(
    ("channel", "backend", "versions"),
    [
        ("nightly", "rocm7.2", {"2.16.0.dev20261120", "0.30.0.dev20261120", "3.10.0"}),
        ("test", "rocm7.2", {"2.16.0", "0.30.0", "3.9.0"}),
    ],
)
def test_channels(bench: DecisionBench, channel: str, backend: str, versions: set[str]) -> None:
    """A channel's members are of one day, and its pre-releases are accepted."""
    config = bench.make_config(channel=channel)
    decision = bench.decide("mi300-rocm-6.4", "torch", "torchvision", config=config)
    assert str(decision.backend) == backend
    assert {pin.version.public for pin in decision.pins} == versions


def test_nightly_of_an_older_day(bench: DecisionBench) -> None:
    """A member pinned to an older nightly leads to that day's torch."""
    config = bench.make_config(channel="nightly")
    wanted = "torchvision==0.30.0.dev20261119"
    decision = bench.decide("rtx-4090-on-580", wanted, config=config)
    assert str(decision.pins[0].version) == "2.16.0.dev20261119+cu130"


def test_prereleases_only_where_they_are_asked_for(bench: DecisionBench) -> None:
    """In the stable channel no pre-release is chosen."""
    decision = bench.decide("plain", "torch>2.0")
    assert not decision.pins[0].version.is_prerelease
