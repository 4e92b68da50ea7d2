"""The order of the verdicts, and their reasons."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from hatch_torch.catalog.backend import Backend
from hatch_torch.catalog.target import Target
from hatch_torch.compatibility.ranking import rank_backends
from hatch_torch.hardware.model import Accelerator, Hardware, Nvidia, Rocm

if TYPE_CHECKING:
    from hatch_torch.compatibility.support import Verdict


def _rank(
    hardware: Hardware,
    *allowed: str,
    platform: str = "linux_x86_64",
    foreign: tuple[str, ...] = (),
) -> tuple[Verdict, ...]:
    return rank_backends(
        hardware,
        Target("3.12", platform, {}, {}),
        [Backend.parse(name) for name in allowed] or None,
        foreign=[Backend.parse(name) for name in foreign],
    )


def _compatible(verdicts: tuple[Verdict, ...]) -> list[str]:
    return [verdict.backend.name for verdict in verdicts if verdict.is_compatible]


def _reason(verdicts: tuple[Verdict, ...], backend: str) -> str:
    (reason,) = (verdict.reason for verdict in verdicts if verdict.backend.name == backend)
    return reason


def _nvidia(architecture: str, cuda: str | None = "13.0", driver: str | None = None) -> Hardware:
    gpu = Accelerator("nvidia", "GeForce", architecture)
    return Hardware(accelerators=(gpu,), nvidia=Nvidia(driver, cuda))


class TestOrder:
    """Which backend is preferred."""

    def test_vendors(self) -> None:
        """NVIDIA comes first, then AMD, Intel and the CPU."""
        mixed = Hardware(
            accelerators=(
                Accelerator("intel", architecture="xe-hpg"),
                Accelerator("amd", architecture="gfx1100"),
                Accelerator("nvidia", architecture="sm_90"),
            ),
            nvidia=Nvidia(cuda="13.0"),
        )
        backends = _compatible(_rank(mixed, "cpu", "xpu", "rocm7.2", "cu130"))
        assert backends == ["cu130", "rocm7.2", "xpu", "cpu"]

    def test_what_the_driver_was_made_for(self) -> None:
        """First come fully supported CUDA releases, then the driver's major, then older majors."""
        backends = _compatible(_rank(_nvidia("sm_80", "12.6")))
        expected = ["cu126", "cu124", "cu121", "cu129", "cu128", "cu118", "cu117", "cu116", "cpu"]
        assert backends == expected

    @pytest.mark.parametrize(
        ("platform", "driver", "expected"),
        [
            ("linux_x86_64", "560.28.03", "cu126"),
            ("win_amd64", "560.28.03", "cu124"),
            ("linux_x86_64", "525.60.13", "cu118"),
            ("linux_x86_64", "595.45.04", "cu132"),
        ],
    )
    def test_driver_alone(self, platform: str, driver: str, expected: str) -> None:
        """If the driver's CUDA is unknown, its version is looked up in NVIDIA's table."""
        assert _compatible(_rank(_nvidia("sm_80", None, driver), platform=platform))[0] == expected

    def test_incompatible_ones_follow(self) -> None:
        """Each family ends with the incompatible backends, the newest first."""
        verdicts = [
            verdict for verdict in _rank(_nvidia("sm_61")) if verdict.backend.family == "cuda"
        ]
        assert [verdict.is_compatible for verdict in verdicts] == [True] * 6 + [False] * 5
        assert [verdict.backend.name for verdict in verdicts[6:8]] == ["cu134", "cu132"]

    @pytest.mark.parametrize(
        ("platform", "expected"),
        [("macos_arm64", ["mps", "cpu"]), ("macos_x86_64", ["cpu"]), ("linux_s390x", ["cpu"])],
    )
    def test_plain(self, platform: str, expected: list[str]) -> None:
        """On Apple silicon both names mean the same wheel."""
        assert _compatible(_rank(Hardware(), platform=platform)) == expected


class TestReasons:
    """The reason of each verdict."""

    @pytest.mark.parametrize(
        ("backend", "expected"),
        [
            ("cu130", "no machine code for GeForce (sm_70); starts at sm_75"),
            ("cu128", "runs on GeForce (sm_70) with torch 2.8.0 to 2.10.0"),
            ("cu126", "runs on GeForce (sm_70)"),
            ("rocm7.2", "no AMD GPU"),
            ("xpu", "no Intel GPU"),
            ("cpu", "runs everywhere"),
        ],
    )
    def test_known(self, backend: str, expected: str) -> None:
        """The reason names the GPU, and the releases if not all run."""
        assert _reason(_rank(_nvidia("sm_70")), backend) == expected

    def test_one_release(self) -> None:
        """A single release is named alone."""
        radeon = Hardware(accelerators=(Accelerator("amd", "Radeon", "gfx1101"),))
        assert _reason(_rank(radeon), "rocm6.1") == "runs on Radeon (gfx1101) with torch 2.6.0"

    def test_apple(self) -> None:
        """The wheel for macOS runs on Apple silicon."""
        verdicts = _rank(Hardware(), platform="macos_arm64")
        assert _reason(verdicts, "mps") == "runs on Apple silicon"


class TestAllowed:
    """The backends that the project supports."""

    def test_others_are_passed_over(self) -> None:
        """Backends that are not allowed have a verdict too."""
        verdicts = _rank(_nvidia("sm_90"), "cu124", "cpu")
        assert _compatible(verdicts) == ["cu124", "cpu"]
        assert _reason(verdicts, "cu130") == "not one of this project's extras"

    def test_newer_than_the_table(self) -> None:
        """A future backend is treated like its nearest neighbour, and the reason says so."""
        verdicts = _rank(_nvidia("sm_90"), "cu136")
        note = "newer than the tables: treated like cu134"
        assert _reason(verdicts, "cu136") == f"runs on GeForce (sm_90); {note}"
        old = _rank(_nvidia("sm_61"), "cu136")
        code = "no machine code for GeForce (sm_61); starts at sm_75"
        assert _reason(old, "cu136") == f"{code}; {note}"

    def test_between_the_rows_of_the_table(self) -> None:
        """An unknown backend between known ones is treated like the next older one."""
        verdicts = _rank(_nvidia("sm_90"), "cu127")
        note = "not in the tables: treated like cu126"
        assert _reason(verdicts, "cu127") == f"runs on GeForce (sm_90); {note}"

    def test_without_the_vendor_there_is_no_note(self) -> None:
        """Without a GPU the reason does not name the neighbour."""
        assert _reason(_rank(Hardware(), "cu136"), "cu136") == "no NVIDIA GPU"

    def test_foreign(self) -> None:
        """For wheels of the project's own index only the driver decides."""
        verdicts = _rank(_nvidia("sm_61"), "cu130", foreign=("cu130",))
        assert _reason(verdicts, "cu130") == "runs on GeForce (sm_61)"

    def test_foreign_rocm_is_not_doubted(self) -> None:
        """A ROCm backend of the project's own index counts as verified."""
        radeon = Hardware(accelerators=(Accelerator("amd", architecture="gfx1100"),))
        verdicts = _rank(radeon, "rocm7.14", "rocm7.2", foreign=("rocm7.14",))
        assert _compatible(verdicts) == ["rocm7.14", "rocm7.2"]


class TestMappings:
    """Mappings that projects used to write by hand."""

    @pytest.mark.parametrize(
        ("cuda", "expected"),
        [
            ("13.0", "cu124"),
            ("12.8", "cu124"),
            ("12.4", "cu124"),
            ("12.3", "cu121"),
            ("12.1", "cu121"),
            ("12.0", "cu118"),
            ("11.8", "cu118"),
        ],
    )
    def test_cuda(self, cuda: str, expected: str) -> None:
        """CUDA 12.4 and later take cu124, 12.1 and later cu121, 11.8 and later cu118."""
        verdicts = _rank(_nvidia("sm_86", cuda), "cu124", "cu121", "cu118", "cpu")
        assert _compatible(verdicts)[0] == expected

    @pytest.mark.parametrize(
        ("rocm", "expected"), [("7.0", "rocm7.0"), ("6.5", "rocm6.4"), ("5.7", "rocm5.7")]
    )
    def test_rocm(self, rocm: str, expected: str) -> None:
        """The installed ROCm decides if the GPU's architecture is unknown."""
        radeon = Hardware(accelerators=(Accelerator("amd"),), rocm=Rocm(rocm))
        verdicts = _rank(radeon, "rocm7.0", "rocm6.4", "rocm5.7", "cpu")
        assert _compatible(verdicts)[0] == expected
