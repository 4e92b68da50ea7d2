"""What changed on a machine since the install."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from hatch_torch.catalog import target as targets
from hatch_torch.config.config import Config
from hatch_torch.environment.packages import Package
from hatch_torch.hardware.model import Accelerator, Hardware, Nvidia, Rocm
from hatch_torch.verification.snapshot import Situation, changes, is_same_machine

ADA = Accelerator("nvidia", "RTX 4090", "sm_89")
CUDA = Hardware(accelerators=(ADA,), nvidia=Nvidia("550.54.15", "12.4"))
AMD = Hardware(accelerators=(Accelerator("amd", "MI210", "gfx90a"),), rocm=Rocm("5.7.1"))


def situation(then: Hardware, here: Hardware, decided_by: str = "detection") -> Situation:
    """Return a project that was installed on one machine, and is looked at on another."""
    record: dict[str, Any] = {"hardware": then.to_json(), "decided_by": decided_by}
    target = targets.of("3.12", "linux_x86_64")
    project = Package("my-app", "1.0", record=record)
    return Situation(Config(name="my-app"), target, here, (), project)


@pytest.mark.parametrize(
    ("then", "here", "told"),
    [
        (CUDA, CUDA, ()),
        (
            CUDA,
            CUDA._replace(nvidia=Nvidia("580.65.06", "13.0")),
            ("NVIDIA's driver changed from 550.54.15 (CUDA 12.4) to 580.65.06 (CUDA 13.0)",),
        ),
        (CUDA, CUDA._replace(nvidia=None), ()),
        (AMD, AMD._replace(rocm=Rocm("7.0.0")), ("ROCm changed from 5.7.1 to 7.0.0",)),
        (
            AMD,
            AMD._replace(accelerators=(*AMD.accelerators, ADA)),
            ("the accelerators changed from MI210 to MI210, RTX 4090",),
        ),
        (CUDA, Hardware(), ("the accelerators changed from RTX 4090 to none",)),
        (Hardware(), CUDA, ("the accelerators changed from none to RTX 4090",)),
    ],
)
def test_changes(then: Hardware, here: Hardware, told: tuple[str, ...]) -> None:
    """A driver, a ROCm and devices that are others now are told with both values."""
    assert changes(situation(then, here)) == told


def test_what_nobody_looked_at() -> None:
    """A backend that was asked for by name was chosen without a look at the machine."""
    assert changes(situation(Hardware(), CUDA, "extra cu126")) == ()


def test_no_record() -> None:
    """Without a record, or with a broken one, nothing is compared."""
    now = situation(CUDA, AMD)
    assert now.project is not None
    for record in (None, {}, {"hardware": "?"}, {"hardware": {"system": 7}}):
        without = replace(now, project=Package("my-app", "1.0", record=record))
        assert changes(without) == ()
        assert not is_same_machine(without)
    assert not is_same_machine(replace(now, project=None))
    assert is_same_machine(situation(CUDA, CUDA))
