"""NVIDIA: the driver and machine code."""

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
    gpus = tuple(Accelerator("nvidia", f"GPU {name}", name) for name in architectures)
    return Hardware(accelerators=gpus, nvidia=Nvidia(driver, cuda))


def _incompatibility(
    backend: str, release: str, hardware: Hardware, platform: str = "linux_x86_64"
) -> str | None:
    target = Target("3.12", platform, {}, {})
    return incompatibility(Backend.parse(backend), Version(release), hardware, target)


class TestGenerations:
    """The generations of GPUs."""

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
        """The wheel has code for the GPU, or for a lower minor of its major."""
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
        """The reason names the GPU, and what the wheel has instead."""
        expected = f"no machine code for GPU {architecture} ({architecture}); {extent}"
        assert _incompatibility(backend, release, _machine(architecture)) == expected

    def test_every_gpu_counts(self) -> None:
        """One GPU without code is enough, and only that one is named."""
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
        """Code for sm_80 does not run on sm_87 before CUDA 13.2."""
        reason = _incompatibility(backend, "2.14.0", _machine("sm_87"), "linux_aarch64")
        assert str(reason).startswith("no machine code for GPU sm_87 (sm_87); has sm_80, sm_90")

    def test_jetson_by_its_hint(self) -> None:
        """The environment hint identifies a Jetson with an unknown GPU."""
        jetson = Hardware(
            accelerators=(Accelerator("nvidia"),),
            nvidia=Nvidia("580.0"),
            environment_hints=("jetson",),
        )
        expected = "wheels for servers run on a Jetson only from CUDA 13.2 on"
        assert _incompatibility("cu130", "2.15.0", jetson, "linux_aarch64") == expected
        assert _incompatibility("cu132", "2.15.0", jetson, "linux_aarch64") is None


class TestDriver:
    """Which CUDA releases the driver runs."""

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
        """A driver older than the minimum of a CUDA major can't run it."""
        reason = _incompatibility(backend, "2.7.0", _machine("sm_80", driver=driver), platform)
        assert reason == f"driver {driver} is older than {expected}"

    @pytest.mark.parametrize(
        ("driver", "backend"),
        [("525.60.13", "cu129"), ("580", "cu132"), ("470.82", "cu118"), ("615.1", "cu118")],
    )
    def test_runs_its_majors(self, driver: str, backend: str) -> None:
        """A driver runs all releases of its CUDA major, and all older majors."""
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
        """If the driver's version is unknown, the CUDA release that it supports decides."""
        machine = _machine("sm_80", driver=None, cuda=cuda)
        assert _incompatibility(backend, "2.9.0", machine) == expected

    def test_new_major(self) -> None:
        """For a future CUDA major only the CUDA release that the driver supports decides."""
        expected = "the minimum driver for CUDA 14 is unknown"
        assert _incompatibility("cu140", "2.16.0", _machine("sm_90")) == expected
        assert _incompatibility("cu140", "2.16.0", _machine("sm_90", cuda="14.1")) is None

    def test_unknown_gpu(self) -> None:
        """If the GPU's architecture is unknown, the driver alone decides."""
        assert _incompatibility("cu130", "2.15.0", _machine(None)) is None

    @pytest.mark.parametrize("nvidia", [None, Nvidia()])
    def test_nothing_known(self, nvidia: Nvidia | None) -> None:
        """Without a known driver only a known architecture counts as compatible."""
        bare = Hardware(accelerators=(Accelerator("nvidia"),), nvidia=nvidia)
        known = Hardware(accelerators=(Accelerator("nvidia", "X", "sm_90"),), nvidia=nvidia)
        assert _incompatibility("cu130", "2.15.0", bare) == "no NVIDIA driver with a known version"
        assert _incompatibility("cu130", "2.15.0", known) is None

    def test_unreadable_version(self) -> None:
        """A driver with an unreadable version counts as compatible."""
        assert _incompatibility("cu130", "2.15.0", _machine("sm_90", driver="N/A")) is None

    def test_no_gpu(self) -> None:
        """A driver without a GPU is not enough."""
        assert (
            _incompatibility("cu130", "2.15.0", Hardware(nvidia=Nvidia("580.0"))) == "no NVIDIA GPU"
        )
