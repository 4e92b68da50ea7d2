"""Platforms, Intel's GPUs, and wheels of other indexes."""

from __future__ import annotations

import pytest
from packaging.version import Version

from hatch_torch.catalog.backend import Backend
from hatch_torch.catalog.target import PLATFORMS, Target
from hatch_torch.compatibility.support import incompatibility
from hatch_torch.hardware.model import Accelerator, Hardware, Nvidia, Rocm

EVERYTHING = Hardware(
    accelerators=(
        Accelerator("nvidia", "NVIDIA H200", "sm_90"),
        Accelerator("amd", "Radeon RX 7900 XTX", "gfx1100"),
        Accelerator("intel", "Intel Arc B580", "xe2"),
    ),
    nvidia=Nvidia("580.159.03", "13.0"),
)


def _incompatibility(
    backend: str,
    platform: str = "linux_x86_64",
    hardware: Hardware = EVERYTHING,
    *,
    release: str = "2.14.1",
    foreign: bool = False,
) -> str | None:
    target = Target("3.12", platform, {}, {})
    return incompatibility(
        Backend.parse(backend), Version(release), hardware, target, foreign=foreign
    )


class TestPlatforms:
    """Which platforms PyTorch publishes wheels for."""

    @pytest.mark.parametrize("platform", [*PLATFORMS, "linux_s390x"])
    def test_cpu_runs_everywhere(self, platform: str) -> None:
        """Every platform has a CPU wheel; on macOS it is the plain one."""
        assert _incompatibility("cpu", platform, Hardware()) is None

    @pytest.mark.parametrize(
        ("backend", "platform", "expected"),
        [
            ("rocm7.2", "win_amd64", "no ROCm wheel for Windows"),
            ("cu130", "macos_arm64", "no CUDA wheel for macOS"),
            ("cu118", "macos_x86_64", "no CUDA wheel for macOS on Intel"),
            ("xpu", "linux_aarch64", "no XPU wheel for Linux aarch64"),
            ("mps", "linux_x86_64", "no MPS wheel for Linux x86_64"),
            ("mps", "macos_x86_64", "no MPS wheel for macOS on Intel"),
            ("cu121", "linux_aarch64", "no cu121 wheel for Linux aarch64"),
            ("cu134", "win_amd64", "no cu134 wheel for Windows"),
            ("cu130", "linux_s390x", "no CUDA wheel for linux_s390x"),
        ],
    )
    def test_never_published(self, backend: str, platform: str, expected: str) -> None:
        """A missing wheel is reported before the hardware is looked at."""
        assert _incompatibility(backend, platform) == f"PyTorch publishes {expected}"

    @pytest.mark.parametrize(
        ("backend", "platform"),
        [("mps", "macos_arm64"), ("xpu", "win_amd64"), ("cu130", "linux_aarch64")],
    )
    def test_published(self, backend: str, platform: str) -> None:
        """If the wheel exists, the hardware decides."""
        assert _incompatibility(backend, platform) is None

    @pytest.mark.parametrize("backend", ["cpu", "cu130", "rocm7.2", "xpu"])
    def test_musl(self, backend: str) -> None:
        """On Alpine pip would install old wheels, which crash there."""
        expected = "PyTorch's wheels need glibc, and this system has musl 1.2"
        assert _incompatibility(backend, hardware=Hardware(libc="musl 1.2")) == expected

    def test_macos_has_no_libc_to_mind(self) -> None:
        """The C library matters on Linux only."""
        assert _incompatibility("mps", "macos_arm64", Hardware(libc="macos 14.5")) is None


class TestIntel:
    """Which of Intel's GPUs XPU wheels run on."""

    @pytest.mark.parametrize("architecture", ["xe-lpg", "xe-hpg", "xe-hpc", "xe2", "xe3"])
    def test_runs(self, architecture: str) -> None:
        """Arc and later run XPU wheels, also beside an old integrated GPU."""
        old = Accelerator("intel", "Intel UHD Graphics 770", "xe-lp")
        hardware = Hardware(accelerators=(old, Accelerator("intel", architecture=architecture)))
        assert _incompatibility("xpu", hardware=hardware) is None

    @pytest.mark.parametrize("architecture", ["gen9", "gen11", "xe-lp"])
    def test_too_old(self, architecture: str) -> None:
        """Old integrated graphics can't run XPU wheels."""
        hardware = Hardware(accelerators=(Accelerator("intel", "Intel UHD", architecture),))
        assert _incompatibility("xpu", hardware=hardware) == (
            f"XPU wheels do not run on Intel UHD ({architecture})"
        )

    def test_unknown(self) -> None:
        """An unknown GPU counts as incompatible."""
        hardware = Hardware(accelerators=(Accelerator("intel"),))
        assert _incompatibility("xpu", hardware=hardware) == "XPU wheels do not run on an Intel GPU"

    def test_none(self) -> None:
        """Without an Intel GPU the reason says so."""
        assert _incompatibility("xpu", hardware=Hardware()) == "no Intel GPU"


class TestForeign:
    """Wheels of the project's own index."""

    def test_machine_code_is_unknown(self) -> None:
        """A vendor's wheel may run on a Jetson where PyTorch's does not."""
        orin = Hardware(
            accelerators=(Accelerator("nvidia", "Orin", "sm_87"),), nvidia=Nvidia("540.4.0")
        )
        assert _incompatibility("cu126", "linux_aarch64", orin) is not None
        assert _incompatibility("cu126", "linux_aarch64", orin, foreign=True) is None

    def test_platform_is_unknown(self) -> None:
        """AMD's own index has wheels for Windows."""
        radeon = Hardware(accelerators=(Accelerator("amd", architecture="gfx1103"),))
        assert _incompatibility("rocm7.14", "win_amd64", radeon, foreign=True) is None

    def test_driver_and_rocm_still_count(self) -> None:
        """Driver and installed ROCm still decide."""
        old = Hardware(accelerators=(Accelerator("nvidia"),), nvidia=Nvidia("470.82"))
        assert str(_incompatibility("cu126", hardware=old, foreign=True)).startswith(
            "driver 470.82"
        )
        unknown = Hardware(accelerators=(Accelerator("amd"),), rocm=Rocm("6.4.1"))
        assert "newer than" in str(_incompatibility("rocm6.5", hardware=unknown, foreign=True))
