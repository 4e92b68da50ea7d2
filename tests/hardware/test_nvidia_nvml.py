"""NVML in the real child process: the real bindings, with a library that is built here."""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from hatch_torch.hardware.machine import Machine
from hatch_torch.hardware.model import Accelerator, Hardware, Nvidia
from hatch_torch.hardware.nvidia import ask_nvml
from hatch_torch.hardware.probe import run_probes

if TYPE_CHECKING:
    from collections.abc import Callable

GPU = Accelerator("nvidia", "NVIDIA A100 1", "sm_80", 40960)
OTHER = Accelerator("nvidia", "NVIDIA A100 2", "sm_80", 40960)


@pytest.fixture(scope="session")
def new_library(library: Callable[..., Path]) -> Path:
    """Return the folder of a library with every function."""
    return library()


def detect_with(folder: Path, case: str, seconds: float = 20) -> Hardware:
    """Return what the child process detects with the library in a folder."""
    environ = {**os.environ, "LD_LIBRARY_PATH": str(folder), "NVML_CASE": case}
    return run_probes(Machine(environ, seconds), [ask_nvml])


class TestLibrary:
    """The real bindings, with a library whose behaviour `case` selects."""

    def test_two_gpus(self, new_library: Path) -> None:
        """Both GPUs are described, also a partitioned one and those hidden from CUDA."""
        hardware = detect_with(new_library, "")
        assert hardware.accelerators == (GPU, OTHER)
        assert Nvidia("570.124.06", "12.8") == hardware.nvidia
        assert (
            hardware.probe_reports[0].detail == "driver 570.124.06, CUDA 12.8, 1 partitioned (MIG)"
        )

    def test_old(self, library: Callable[..., Path]) -> None:
        """A library without newer functions is queried with the old ones."""
        hardware = detect_with(library("-DOLD"), "")
        assert hardware.accelerators == (GPU, OTHER)
        assert Nvidia("570.124.06", "11.4") == hardware.nvidia

    def test_one_is_lost(self, new_library: Path) -> None:
        """A GPU that fell off the bus has no architecture."""
        assert (GPU, Accelerator("nvidia")) == detect_with(new_library, "one is lost").accelerators

    def test_lies(self, new_library: Path) -> None:
        """Implausible numbers count as unknown, and control characters are removed."""
        hardware = detect_with(new_library, "lies")
        expected = (Accelerator("nvidia", "GPU 1"), Accelerator("nvidia", "GPU 2"))
        assert expected == hardware.accelerators
        assert hardware.nvidia == Nvidia()

    def test_no_gpu(self, new_library: Path) -> None:
        """A driver without a GPU is a conclusive result."""
        hardware = detect_with(new_library, "no GPU")
        assert (hardware.accelerators, hardware.nvidia) == ((), None)
        assert hardware.probe_reports[0].result == "absent"

    @pytest.mark.parametrize(
        ("case", "words"),
        [
            ("mismatch", "RM has detected an NVML/RM version mismatch."),
            ("no driver", "Driver Not Loaded"),
            ("crashes", "exit code -6"),
        ],
    )
    def test_broken(self, new_library: Path, case: str, words: str) -> None:
        """An error or a crash is reported."""
        hardware = detect_with(new_library, case)
        assert [("nvml", "broken", words)] == [
            (report.probe, report.result, report.detail) for report in hardware.probe_reports
        ]

    def test_hangs(self, new_library: Path) -> None:
        """A library that never returns is killed after its time limit."""
        start = time.monotonic()
        hardware = detect_with(new_library, "hangs", seconds=1)
        assert time.monotonic() - start < 3
        assert hardware.probe_reports[0].detail == "timed out"

    def test_no_library(self, tmp_path: Path) -> None:
        """Without a library the result is absent."""
        if Path("/dev/nvidiactl").exists():
            pytest.skip("this machine has NVIDIA's driver")
        assert detect_with(tmp_path, "").probe_reports[0].result == "absent"
