"""The backend and the versions for each kind of machine and range."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from hatch_torch.hardware.model import Accelerator, Hardware, Nvidia

if TYPE_CHECKING:
    from tests.resolution.conftest import DecisionBench

NEWEST = "2.15.0"
NOT_ON_EVERY_GPU = "no wheel runs on every GPU of this machine; the chosen one does not run on"


@pytest.mark.parametrize(
    ("machine", "backend", "torch"),
    [
        ("plain", "cpu", NEWEST),
        ("tesla-k80-on-470", "cu118", "2.7.1"),
        ("gtx-1080-on-450", "cu118", "2.7.1"),
        ("gtx-1080-on-580", "cu126", NEWEST),
        ("v100-on-580", "cu126", NEWEST),
        ("rtx-4090-on-550", "cu126", NEWEST),
        ("rtx-4090-on-580", "cu130", NEWEST),
        ("rtx-5090-on-570", "cu129", "2.13.0"),
        ("rtx-5090-on-580", "cu130", NEWEST),
        ("b300-on-580", "cu130", NEWEST),
        ("h200-on-615", "cu134", NEWEST),
        ("rtx-4090-and-t4", "cu126", NEWEST),
        ("gtx-1080-and-rtx-5090", "cu130", NEWEST),
        ("unknown-nvidia", "cu126", NEWEST),
        ("mi300-rocm-6.4", "rocm7.2", NEWEST),
        ("mi300-rocm-7.14", "rocm7.2", NEWEST),
        ("rx-7900-and-igpu", "rocm7.2", NEWEST),
        ("rx-7900-and-rx-580", "rocm7.2", NEWEST),
        ("mi25", "rocm7.1", "2.13.0"),
        ("rx-580", "cpu", NEWEST),
        ("arc-b580", "xpu", NEWEST),
        ("uhd-630", "cpu", NEWEST),
        ("nvidia-and-amd", "cu130", NEWEST),
        ("old-nvidia-and-amd", "rocm7.2", NEWEST),
        ("mixed-nvidia-and-arc", "cu130", NEWEST),
        ("amd-and-intel", "rocm7.2", NEWEST),
        ("rocm-7.0-alone", "rocm7.0", "2.10.0"),
        ("rocm-6.5-alone", "rocm6.4", "2.9.1"),
        ("rocm-5.7-alone", "rocm5.7", "2.3.1"),
        ("driver-alone", "cu126", NEWEST),
    ],
)
def test_newest(bench: DecisionBench, machine: str, backend: str, torch: str) -> None:
    """The newest torch that runs is chosen, with the machine's best backend for it."""
    decision = bench.decide(machine, "torch")
    assert [str(decision.backend), str(decision.pins[0].version)] == [backend, f"{torch}+{backend}"]


@pytest.mark.parametrize(
    ("machine", "backend"),
    [
        ("plain", "cpu"),
        ("gtx-1080-on-450", "cu118"),
        ("gtx-1080-on-580", "cu126"),
        ("v100-on-580", "cu126"),
        ("rtx-4090-on-550", "cu124"),
        ("rtx-5090-on-580", "cpu"),
        ("gtx-1080-and-rtx-5090", "cpu"),
        ("mi300-rocm-6.4", "rocm6.2.4"),
        ("mi25", "rocm6.2.4"),
        ("arc-b580", "xpu"),
        ("rocm-7.0-alone", "rocm6.2.4"),
        ("rocm-5.7-alone", "cpu"),
    ],
)
def test_older_range(bench: DecisionBench, machine: str, backend: str) -> None:
    """Within an older range, the best backend of its newest release is chosen."""
    decision = bench.decide(machine, "torch>=2.4,<2.7", "torchvision")
    versions = {pin.name: str(pin.version) for pin in decision.pins}
    assert str(decision.backend) == backend
    assert versions["torch"] == f"2.6.0+{backend}"
    assert versions["torchvision"] == f"0.21.0+{backend}"


@pytest.mark.parametrize(
    ("machine", "warning"),
    [
        ("plain", "no accelerator was found"),
        ("rtx-4090-on-550", ""),
        ("uhd-630", "no accelerator was found"),
        ("rx-580", "no wheel in range runs on the accelerator of this machine"),
        ("rx-7900-and-igpu", ""),
        (
            "gtx-1080-and-rtx-5090",
            f"{NOT_ON_EVERY_GPU} GeForce sm_61 (sm_61)",
        ),
        (
            "rx-7900-and-rx-580",
            f"{NOT_ON_EVERY_GPU} Radeon gfx803 (gfx803)",
        ),
    ],
)
def test_warnings(bench: DecisionBench, machine: str, warning: str) -> None:
    """Warnings name the GPUs that stay unused, except an integrated one beside a discrete one."""
    assert "".join(bench.decide(machine, "torch").warnings) == warning


@pytest.mark.parametrize(
    ("requirements", "picked"),
    [
        (["torchvision==0.21.*"], "torch 2.6.0, torchvision 0.21.0"),
        (
            ["torchvision<0.21,>=0.20", "torchaudio"],
            "torch 2.5.1, torchvision 0.20.1, torchaudio 2.5.1",
        ),
        (["torchaudio>=2.11"], "torch 2.15.0, torchaudio 2.11.0"),
        (["torch==2.11.*", "torchaudio"], "torch 2.11.0, torchaudio 2.11.0"),
        (["torch==2.14.*", "torchaudio"], "torch 2.14.1, torchaudio 2.11.0"),
        (["torch<2.15", "torchvision==0.29.1"], "torch 2.14.1, torchvision 0.29.1"),
        (["torchvision==0.29.1"], "torch 2.15.0, torchvision 0.29.1"),
        (["torch==2.6.0+cu124", "torchvision"], "torch 2.6.0, torchvision 0.21.0"),
        (["torchvision==0.21.0+cu124"], "torch 2.6.0, torchvision 0.21.0"),
        (["torch~=2.5.0", "torchaudio!=2.5.1"], "torch 2.5.0, torchaudio 2.5.0"),
        (["torch>=2.3", "torch<2.5"], "torch 2.4.1"),
        (['torch==2.3.0 ; python_version < "3"', "torch<2.5"], "torch 2.4.1"),
    ],
)
def test_family(bench: DecisionBench, requirements: list[str], picked: str) -> None:
    """A range on any member determines the whole family."""
    decision = bench.decide("rtx-4090-on-550", *requirements)
    assert ", ".join(f"{pin.name} {pin.version.public}" for pin in decision.pins) == picked
    assert {pin.version.local for pin in decision.pins} == {str(decision.backend)}


@pytest.mark.parametrize(
    ("installed", "extras", "backend"),
    [
        ("12.4", ["cu124", "cu121", "cu118"], "cu124"),
        ("12.6", ["cu124", "cu121", "cu118"], "cu124"),
        ("12.1", ["cu124", "cu121", "cu118"], "cu121"),
        ("12.3", ["cu124", "cu121", "cu118"], "cu121"),
        ("11.8", ["cu124", "cu121", "cu118"], "cu118"),
    ],
)
def test_extras_of_the_seeds(
    bench: DecisionBench, installed: str, extras: list[str], backend: str
) -> None:
    """Where every extra has the release, the driver's CUDA version decides."""
    hardware = Hardware(
        accelerators=(Accelerator("nvidia", "RTX 3090", "sm_86"),), nvidia=Nvidia(cuda=installed)
    )
    decision = bench.decide(hardware, "torch==2.4.1", config=bench.make_config(*extras))
    assert str(decision.backend) == backend
