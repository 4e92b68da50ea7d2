"""What is done where the index does not answer."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from hatch_torch.errors import NoAnswerError

if TYPE_CHECKING:
    from tests.resolution.conftest import Workbench


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
def test_plain_wheel(bench: Workbench, machine: str, platform: str, pinned: list[str]) -> None:
    """PyPI's plain wheel stands in where it runs; without an accelerator nothing need be."""
    requirements = ("torch", "torchvision")
    decision = bench.decide(machine, *requirements, platform=platform, index=bench.silent())
    assert [one.requires_dist for one in decision.injected] == pinned
    assert "switched off" in decision.warnings[0]


def test_older_plain_wheel(bench: Workbench) -> None:
    """A range on a member takes the plain wheel back to the torch that it goes with."""
    decision = bench.decide("rtx-4090-on-550", "torchvision==0.21.*", index=bench.silent())
    assert [one.requires_dist for one in decision.injected] == [
        "torch==2.6.0",
        "torchvision==0.21.0",
    ]


def test_no_plain_wheel(bench: Workbench) -> None:
    """Where the plain wheel does not run, the error names the way to go on."""
    with pytest.raises(NoAnswerError, match=r"(?s)no default wheel.*TORCH_VARIANT=portable"):
        bench.decide("mi300-rocm-6.4", "torch", index=bench.silent())


@pytest.mark.parametrize(
    ("environ", "table"), [({"TORCH_VARIANT": "cu124"}, "auto"), ({}, "cu118"), ({}, "cpu")]
)
def test_asked_by_name(bench: Workbench, environ: dict[str, str], table: str) -> None:
    """Nothing stands in for a backend that was asked for by name."""
    config = bench.config(backend=table)
    with pytest.raises(NoAnswerError, match="which no other source has"):
        bench.decide("plain", "torch", config=config, environ=environ, index=bench.silent())


def test_the_very_backend_asked_for(bench: Workbench) -> None:
    """A plain wheel of the backend in the table is what was asked for."""
    config = bench.config(backend="cu126")
    decision = bench.decide("plain", "torch", config=config, index=bench.silent())
    assert [one.requires_dist for one in decision.injected] == ["torch==2.7.1"]
