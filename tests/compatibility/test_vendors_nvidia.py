"""NVIDIA: driver and machine code."""

from __future__ import annotations

import pytest
from packaging.version import Version

from hatch_torch.catalog.backend import Backend
from hatch_torch.catalog.target import Target
from hatch_torch.compatibility.support import incompatibility
from hatch_torch.hardware.model import Accelerator, Hardware, Nvidia


def _machine(
    *architectures: str | None, driver: str | None = "580.159.03", cuda: str | None = None
) -> Hardware:
    gpus = tuple(Accelerator("nvidia", f"GPU {one}", one) for one in architectures)
    return Hardware(accelerators=gpus, nvidia=Nvidia(driver, cuda))


def _incompatibility(
    backend: str, release: str, hardware: Hardware, platform: str = "linux_x86_64"
) -> str | None:
    target = Target("3.12", platform, {}, {})
    return incompatibility(Backend.parse(backend), Version(release), hardware, target)


class TestGenerations:
    """What each generation of GPUs gets."""

    @pytest.mark.parametrize(
        ("architecture", "backend", "release"),
        [
            ("sm_37", "cu118", "2.7.1"),
            ("sm_61", "cu126", "2.15.0"),
            ("sm_61", "cu118", "2.7.1"),
            ("sm_70", "cu126", "2.11.0"),
            ("sm_70", "cu128", "2.10.0"),
            ("sm_75", "cu130", "2.15.0"),
            ("sm_89", "cu130", "2.15.0"),
            ("sm_90a", "cu121", "2.1.0"),
            ("sm_103", "cu130", "2.12.0"),
            ("sm_120", "cu128", "2.7.0"),
            ("sm_130", "cu128", "2.7.0"),
        ],
    )
    def test_runs(self, architecture: str, backend: str, release: str) -> None:
        """The wheel holds code for it, or for an older one of its major."""
        assert _incompatibility(backend, release, _machine(architecture)) is None

    @pytest.mark.parametrize(
        ("architecture", "backend", "release", "extent"),
        [
            ("sm_61", "cu130", "2.15.0", "starts at sm_75"),
            ("sm_37", "cu121", "2.1.0", "starts at sm_50"),
            ("sm_70", "cu128", "2.7.1", "starts at sm_75"),
            ("sm_70", "cu128", "2.11.0", "starts at sm_75"),
            ("sm_120", "cu126", "2.15.0", "ends at sm_90"),
            ("sm_110", "cu130", "2.15.0", "has sm_75, sm_80, sm_86, sm_90, sm_100, sm_120"),
        ],
    )
    def test_has_no_code(self, architecture: str, backend: str, release: str, extent: str) -> None:
        """The reason says which GPU it is, and what the wheel has instead."""
        expected = f"no machine code for GPU {architecture} ({architecture}); {extent}"
        assert _incompatibility(backend, release, _machine(architecture)) == expected

    def test_every_gpu_counts(self) -> None:
        """One GPU without code is enough; the reason names it alone."""
        expected = "no machine code for GPU sm_61 (sm_61); starts at sm_75"
        assert _incompatibility("cu130", "2.15.0", _machine("sm_61", "sm_90", "sm_61")) == expected


class TestArm:
    """Servers, workstations and Jetsons on aarch64."""

    @pytest.mark.parametrize(
        ("architecture", "backend", "release"),
        [
            ("sm_90", "cu126", "2.6.0"),
            ("sm_121", "cu130", "2.9.0"),
            ("sm_110", "cu130", "2.15.0"),
            ("sm_101", "cu130", "2.15.0"),
            ("sm_87", "cu132", "2.15.0"),
        ],
    )
    def test_runs(self, architecture: str, backend: str, release: str) -> None:
        """GB10 and Thor run the wheels of servers, and Orin those from CUDA 13.2 on."""
        assert _incompatibility(backend, release, _machine(architecture), "linux_aarch64") is None

    @pytest.mark.parametrize("backend", ["cu126", "cu130"])
    def test_orin_stands_alone(self, backend: str) -> None:
        """The code for sm_80 does not run on sm_87 before CUDA 13.2."""
        reason = _incompatibility(backend, "2.14.0", _machine("sm_87"), "linux_aarch64")
        assert str(reason).startswith("no machine code for GPU sm_87 (sm_87); has sm_80, sm_90")

    def test_jetson_by_its_sign(self) -> None:
        """A Jetson whose GPU is unknown is one all the same."""
        sign = Hardware(
            accelerators=(Accelerator("nvidia"),),
            nvidia=Nvidia("580.0"),
            environment_hints=("jetson",),
        )
        expected = "wheels for servers run on a Jetson only from CUDA 13.2 on"
        assert _incompatibility("cu130", "2.15.0", sign, "linux_aarch64") == expected
        assert _incompatibility("cu132", "2.15.0", sign, "linux_aarch64") is None


class TestDriver:
    """What the driver runs."""

    @pytest.mark.parametrize(
        ("driver", "backend", "platform", "expected"),
        [
            ("470.82", "cu126", "linux_x86_64", "525.60.13, the minimum for CUDA 12"),
            ("525.60.11", "cu126", "linux_x86_64", "525.60.13, the minimum for CUDA 12"),
            ("579.99", "cu130", "linux_x86_64", "580, the minimum for CUDA 13"),
            ("527.41", "cu126", "win_amd64", "528.33, the minimum for CUDA 12"),
            ("440.33", "cu118", "linux_x86_64", "450.80.02, the minimum for CUDA 11"),
        ],
    )
    def test_too_old(self, driver: str, backend: str, platform: str, expected: str) -> None:
        """A driver older than the least of a CUDA major does not run it."""
        reason = _incompatibility(backend, "2.7.0", _machine("sm_80", driver=driver), platform)
        assert reason == f"driver {driver} is older than {expected}"

    @pytest.mark.parametrize(
        ("driver", "backend"),
        [("525.60.13", "cu129"), ("580", "cu132"), ("470.82", "cu118"), ("615.1", "cu118")],
    )
    def test_runs_its_majors(self, driver: str, backend: str) -> None:
        """By minor-version compatibility a driver runs its CUDA major, and all older ones."""
        assert _incompatibility(backend, "2.8.0", _machine("sm_80", driver=driver)) is None

    @pytest.mark.parametrize(
        ("cuda", "backend", "expected"),
        [
            ("12.1", "cu128", None),
            ("13.0", "cu118", None),
            ("12.4", "cu130", "the driver supports CUDA 12.4, not 13"),
        ],
    )
    def test_only_its_cuda_is_known(self, cuda: str, backend: str, expected: str | None) -> None:
        """Where the driver's version is unknown, the CUDA that it speaks decides."""
        machine = _machine("sm_80", driver=None, cuda=cuda)
        assert _incompatibility(backend, "2.9.0", machine) == expected

    def test_new_major(self) -> None:
        """Nobody knows the least driver for a CUDA major to come; the CUDA it speaks tells."""
        expected = "the minimum driver for CUDA 14 is unknown"
        assert _incompatibility("cu140", "2.16.0", _machine("sm_90")) == expected
        assert _incompatibility("cu140", "2.16.0", _machine("sm_90", cuda="14.1")) is None

    def test_unknown_gpu(self) -> None:
        """Where the GPU's architecture is unknown, the driver alone decides."""
        assert _incompatibility("cu130", "2.15.0", _machine(None)) is None

    @pytest.mark.parametrize("nvidia", [None, Nvidia()])
    def test_nothing_known(self, nvidia: Nvidia | None) -> None:
        """A GPU without a driver computes nothing, unless a profile tells its architecture."""
        bare = Hardware(accelerators=(Accelerator("nvidia"),), nvidia=nvidia)
        told = Hardware(accelerators=(Accelerator("nvidia", "X", "sm_90"),), nvidia=nvidia)
        assert _incompatibility("cu130", "2.15.0", bare) == "no NVIDIA driver with a known version"
        assert _incompatibility("cu130", "2.15.0", told) is None

    def test_unreadable_version(self) -> None:
        """A driver whose version nobody can read does not speak against a known GPU."""
        assert _incompatibility("cu130", "2.15.0", _machine("sm_90", driver="N/A")) is None

    def test_no_gpu(self) -> None:
        """A driver without a GPU is no accelerator."""
        assert (
            _incompatibility("cu130", "2.15.0", Hardware(nvidia=Nvidia("580.0"))) == "no NVIDIA GPU"
        )
