"""NVML in the real child process: a library that is built here, asked by the real bindings."""

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
def newer(library: Callable[..., Path]) -> Path:
    """Return the folder of a library with every function."""
    return library()


def found(folder: Path, case: str, seconds: float = 20) -> Hardware:
    """Ask the real child process, which loads the library from a folder."""
    environ = {**os.environ, "LD_LIBRARY_PATH": str(folder), "NVML_CASE": case}
    return run_probes(Machine(environ, seconds), [ask_nvml])


class TestLibrary:
    """The real bindings and a library that answers as it is told."""

    def test_two_gpus(self, newer: Path) -> None:
        """Both are look_up_gpu, also where one is divided and where they are hidden from CUDA."""
        hardware = found(newer, "")
        assert hardware.accelerators == (GPU, OTHER)
        assert Nvidia("570.124.06", "12.8") == hardware.nvidia
        assert (
            hardware.probe_reports[0].detail == "driver 570.124.06, CUDA 12.8, 1 partitioned (MIG)"
        )

    def test_old(self, library: Callable[..., Path]) -> None:
        """A library without newer functions answers with what it has."""
        hardware = found(library("-DOLD"), "")
        assert hardware.accelerators == (GPU, OTHER)
        assert Nvidia("570.124.06", "11.4") == hardware.nvidia

    def test_one_is_lost(self, newer: Path) -> None:
        """A GPU that fell off the bus is there without an architecture."""
        assert (GPU, Accelerator("nvidia")) == found(newer, "one is lost").accelerators

    def test_lies(self, newer: Path) -> None:
        """Wild numbers are unknown, and control characters do not come through."""
        hardware = found(newer, "lies")
        expected = (Accelerator("nvidia", "GPU 1"), Accelerator("nvidia", "GPU 2"))
        assert expected == hardware.accelerators
        assert hardware.nvidia == Nvidia()

    def test_no_gpu(self, newer: Path) -> None:
        """A driver without a GPU settles the matter."""
        hardware = found(newer, "no GPU")
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
    def test_broken(self, newer: Path, case: str, words: str) -> None:
        """An error and a crash are told, and the next way may be asked."""
        hardware = found(newer, case)
        assert [("nvml", "broken", words)] == [
            (one.probe, one.result, one.detail) for one in hardware.probe_reports
        ]

    def test_hangs(self, newer: Path) -> None:
        """A library that never returns costs its time and no more."""
        start = time.monotonic()
        hardware = found(newer, "hangs", seconds=1)
        assert time.monotonic() - start < 3
        assert hardware.probe_reports[0].detail == "timed out"

    def test_no_library(self, tmp_path: Path) -> None:
        """Without a library the way is absent."""
        if Path("/dev/nvidiactl").exists():
            pytest.skip("this machine has NVIDIA's driver")
        assert found(tmp_path, "").probe_reports[0].result == "absent"
