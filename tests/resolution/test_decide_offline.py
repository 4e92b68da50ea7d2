"""Decisions where the index does not answer."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from hatch_torch.errors import NoAnswerError

if TYPE_CHECKING:
    from tests.resolution.conftest import DecisionBench


@pytest.mark.parametrize(
    ("machine", "platform", "pinned"),
    [
        ("rtx-4090-on-550", "linux_x86_64", ["torch==2.10.0", "torchvision==0.25.0"]),
        ("gtx-1080-on-580", "linux_x86_64", ["torch==2.7.1", "torchvision==0.22.1"]),
        ("rtx-5090-on-580", "linux_x86_64", ["torch==2.15.0", "torchvision==0.29.2"]),
        ("apple-m2", "macos_arm64", ["torch==2.15.0", "torchvision==0.29.2"]),
        ("plain", "win_amd64", ["torch==2.15.0", "torchvision==0.29.2"]),
        ("plain", "linux_x86_64", []),
    ],
)
def test_default_wheel(
    bench: DecisionBench, machine: str, platform: str, pinned: list[str]
) -> None:
    """PyPI's default wheel is pinned where it runs; without an accelerator nothing is injected."""
    requirements = ("torch", "torchvision")
    decision = bench.decide(
        machine, *requirements, platform=platform, index=bench.unreachable_index()
    )
    assert bench.list_injected(decision) == pinned
    assert "switched off" in decision.warnings[0]


def test_older_default_wheel(bench: DecisionBench) -> None:
    """A range on a member leads to the default wheel of the matching torch."""
    decision = bench.decide(
        "rtx-4090-on-550", "torchvision==0.21.*", index=bench.unreachable_index()
    )
    assert bench.list_injected(decision) == [
        "torch==2.6.0",
        "torchvision==0.21.0",
    ]


def test_no_default_wheel(bench: DecisionBench) -> None:
    """Where the default wheel does not run, the error says how to continue."""
    with pytest.raises(NoAnswerError, match=r"(?s)no default wheel.*TORCH_VARIANT=portable"):
        bench.decide("mi300-rocm-6.4", "torch", index=bench.unreachable_index())


@pytest.mark.parametrize(
    ("environ", "table"), [({"TORCH_VARIANT": "cu124"}, "auto"), ({}, "cu118"), ({}, "cpu")]
)
def test_requested_by_name(bench: DecisionBench, environ: dict[str, str], table: str) -> None:
    """No other wheel replaces that of a backend requested by name."""
    config = bench.make_config(backend=table)
    with pytest.raises(NoAnswerError, match="which no other source has"):
        bench.decide(
            "plain", "torch", config=config, environ=environ, index=bench.unreachable_index()
        )


def test_default_wheel_of_the_requested_backend(bench: DecisionBench) -> None:
    """A default wheel of the requested backend is taken."""
    config = bench.make_config(backend="cu126")
    decision = bench.decide("plain", "torch", config=config, index=bench.unreachable_index())
    assert bench.list_injected(decision) == ["torch==2.7.1"]
