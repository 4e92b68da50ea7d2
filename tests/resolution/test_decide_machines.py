"""The backend and the versions for each kind of machine and range."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from hatch_torch.hardware.model import Accelerator, Hardware, Nvidia
from tests.resolution.conftest import amd, nvidia

if TYPE_CHECKING:
    from hatch_torch.catalog.backend import Backend
    from hatch_torch.index.pytorch_index import PyTorchIndex
    from hatch_torch.index.simple_api import Wheel
    from tests.resolution.conftest import DecisionBench

NEWEST = "2.15.0"
NOT_ON_EVERY_GPU = (
    "no wheel in range runs on every GPU of this machine; the chosen one does not run on"
)


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
        ("gtx-1080-and-rtx-5090", "cu126"),
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
    ("machine", "requirement", "torch", "left_out"),
    [
        (nvidia("580.95.05", "sm_120", "sm_61"), "torch==2.5.1", "2.5.1+cu124", "sm_120"),
        (nvidia("550.54.15", "sm_120", "sm_61", "sm_61"), "torch<2.6", "2.5.1+cu124", "sm_120"),
        (nvidia("580.95.05", "sm_120", "sm_90", "sm_61"), "torch==2.5.1", "2.5.1+cu124", "sm_120"),
        (amd(None, "gfx1030", "gfx1101"), "torch<2.5", "2.4.1+rocm6.1", "gfx1101"),
        (amd(None, "gfx1101", "gfx1030"), "torch==2.9.1", "2.9.1+rocm6.4", ""),
        (amd("6.3.1", "gfx906"), "torch>=2.4", "2.9.1+rocm6.3", ""),
        (amd("6.4.1", "gfx906"), "torch==2.9.1", "2.9.1+rocm6.3", ""),
        (amd(None, "gfx906", "gfx908"), "torch==2.12.0", "2.12.0+rocm7.2", "gfx906"),
        (amd(None, "gfx900"), "torch==2.11.0", "2.11.0+rocm7.1", ""),
    ],
)
def test_best_usable_subset(
    bench: DecisionBench, machine: Hardware, requirement: str, torch: str, left_out: str
) -> None:
    """A GPU without a wheel in range does not take down the others; who is left out is named."""
    decision = bench.decide(machine, requirement)
    assert str(decision.pins[0].version) == torch
    named = "".join(decision.warnings).partition("does not run on ")[2]
    assert left_out in named
    assert bool(left_out) == bool(named)


def test_pin_without_kernels(bench: DecisionBench) -> None:
    """A release that is pinned is no better where rocBLAS has no kernels: the CPU's, and why."""
    decision = bench.decide(amd("6.3.1", "gfx906"), "torch==2.12.0")
    assert str(decision.backend) == "cpu"
    assert decision.warnings == ("no wheel in range runs on the accelerator of this machine",)
    reasons = {str(one.backend): one.reason for one in decision.verdicts}
    assert reasons["rocm7.2"] == "its rocBLAS has no kernels for Radeon gfx906 (gfx906)"


@pytest.mark.parametrize(
    ("requirement", "torch"), [("torch", "2.15.0+cu126"), ("torch==2.7.1", "2.7.1+cu118")]
)
def test_unknown_driver(bench: DecisionBench, requirement: str, torch: str) -> None:
    """Of a driver that nobody could read the least is asked, and a warning says so."""
    machine = Hardware(accelerators=(Accelerator("nvidia", "RTX 4090", "sm_89"),))
    decision = bench.decide(machine, requirement)
    assert str(decision.pins[0].version) == torch
    (warning,) = decision.warnings
    assert warning.startswith("the version of NVIDIA's driver is unknown")


def test_unverified_after_verified(bench: DecisionBench) -> None:
    """A backend that nobody verified comes last, with a warning, but before the CPU's wheel."""
    warning = "no one has verified that the machine code of the chosen wheel runs on this GPU"
    machine = amd("7.14", "gfx1100")
    assert str(bench.decide(machine, "torch").backend) == "rocm7.2"
    alone = bench.decide(amd(None, "gfx1010"), "torch")
    assert (str(alone.backend), alone.warnings) == ("rocm7.14", (warning,))
    config = bench.make_config("rocm714", "rocm70", "cpu")
    last = bench.decide(machine, "torch>=2.14", config=config)
    assert (str(last.backend), last.warnings) == ("rocm7.14", (warning,))


class _IndexWithoutVision:
    """The index as if only the CPU had torchvision."""

    def __init__(self, index: PyTorchIndex) -> None:
        self._index = index

    def __getattr__(self, name: str) -> object:
        return getattr(self._index, name)

    def get_wheels(self, backend: Backend, name: str) -> tuple[Wheel, ...]:
        """Return the wheels of a page, none for torchvision of an accelerator."""
        lacks = name == "torchvision" and backend.family != "cpu"
        return () if lacks else self._index.get_wheels(backend, name)


@pytest.mark.parametrize(
    ("requirements", "warning"),
    [
        (
            ["torch", "torchvision>=0.20"],
            (
                "no wheel of torch that runs on the accelerator of this machine comes with "
                "torchvision>=0.20"
            ),
        ),
        (
            ["torch<2.5", "torchvision"],
            "no wheel in range runs on the accelerator of this machine",
        ),
    ],
)
def test_cpu_for_want_of_a_member(
    bench: DecisionBench, requirements: list[str], warning: str
) -> None:
    """Where a torch runs and only a member of the family is missing, the warning names it."""
    index: Any = _IndexWithoutVision(bench.shared_index())
    decision = bench.decide("rtx-5090-on-580", *requirements, index=index)
    assert str(decision.backend) == "cpu"
    assert decision.warnings == (warning,)


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
