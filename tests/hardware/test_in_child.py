"""Asking libraries in a child process: NVML's is built here, and asked by the real bindings."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest

from hatch_torch.hardware.chain import ask
from hatch_torch.hardware.facts import Accelerator, Hardware, Nvidia
from hatch_torch.hardware.in_child import ask_libcuda, ask_nvml, main
from hatch_torch.hardware.machine import Machine
from hatch_torch.hardware.nvidia import ask_nvml as ask_nvml_way

if TYPE_CHECKING:
    from collections.abc import Callable

COMPILER = shutil.which("cc") or shutil.which("gcc")
GPU = Accelerator("nvidia", "NVIDIA A100 1", "sm_80", 40960)
OTHER = Accelerator("nvidia", "NVIDIA A100 2", "sm_80", 40960)


@pytest.fixture(scope="session")
def library(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Path]:
    """Return a function that builds the library and returns its folder."""
    if sys.platform != "linux" or COMPILER is None:
        pytest.skip("needs Linux and a C compiler")

    def build(*options: str) -> Path:
        folder = tmp_path_factory.mktemp("nvml")
        source = Path(__file__).with_name("nvml.c")
        words = ["-shared", "-fPIC", *options, "-o", "libnvidia-ml.so.1", str(source)]
        subprocess.run([COMPILER, *words], cwd=folder, check=True)
        return folder

    return build


@pytest.fixture(scope="session")
def newer(library: Callable[..., Path]) -> Path:
    """Return the folder of a library with every function."""
    return library()


def found(folder: Path, case: str, seconds: float = 20) -> Hardware:
    """Ask the real child process, which loads the library from a folder."""
    environ = {**os.environ, "LD_LIBRARY_PATH": str(folder), "NVML_CASE": case}
    return ask(Machine(environ, seconds), [ask_nvml_way])


class TestLibrary:
    """The real bindings and a library that answers as it is told."""

    def test_two_gpus(self, newer: Path) -> None:
        """Both are described, also where one is divided and where they are hidden from CUDA."""
        hardware = found(newer, "")
        assert hardware.accelerators == (GPU, OTHER)
        assert Nvidia("570.124.06", "12.8") == hardware.nvidia
        assert hardware.sources[0].detail == "driver 570.124.06, CUDA 12.8, 1 divided (MIG)"

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
        assert hardware.sources[0].result == "absent"

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
            (one.probe, one.result, one.detail) for one in hardware.sources
        ]

    def test_hangs(self, newer: Path) -> None:
        """A library that never returns costs its time and no more."""
        start = time.monotonic()
        hardware = found(newer, "hangs", seconds=1)
        assert time.monotonic() - start < 3
        assert hardware.sources[0].detail == "hangs"

    def test_no_library(self, tmp_path: Path) -> None:
        """Without a library the way is absent."""
        if Path("/dev/nvidiactl").exists():
            pytest.skip("this machine has NVIDIA's driver")
        assert found(tmp_path, "").sources[0].result == "absent"


class NvmlFault(Exception):  # noqa: N818 - NVML's own errors are named in its way
    """What the bindings raise."""


class NotFound(NvmlFault):
    """What they raise without a library."""


def bindings(**functions: object) -> Callable[[str], Any]:
    """Return what loads bindings with these functions and no others."""
    faults = {"NVMLError": NvmlFault, "NVMLError_LibraryNotFound": NotFound}
    return lambda _: SimpleNamespace(**faults, **functions)


def raising(fault: Exception) -> Callable[..., None]:
    """Return a function that fails."""

    def fail(*_: object) -> None:
        raise fault

    return fail


class TestNvml:
    """What the child answers, without a process."""

    def test_no_library(self) -> None:
        """A library that is not found is missing; any other fault is not."""
        missing = {"fault": "none", "missing": True}
        assert missing == ask_nvml(bindings(nvmlInit=raising(NotFound("none"))))
        assert {**missing, "missing": False} == ask_nvml(
            bindings(nvmlInit=raising(NvmlFault("none")))
        )

    def test_old_bindings(self) -> None:
        """Bytes are text, and functions that old bindings lack tell nothing."""
        old = bindings(
            nvmlInit=lambda: None,
            nvmlDeviceGetCount=lambda: 1,
            nvmlSystemGetDriverVersion=lambda: b"470.82.01",
            nvmlDeviceGetMigMode=lambda _: [1, 1],
        )
        gpu = {"name": None, "capability": None, "memory": None, "mig": True}
        assert {"driver": "470.82.01", "cuda": None, "gpus": [gpu]} == ask_nvml(old)

    def test_real_bindings(self) -> None:
        """The bindings that are installed are found by their name."""
        assert {"fault", "driver"} & set(ask_nvml())

    def test_no_bindings(self) -> None:
        """Without the bindings there is nothing to ask with."""
        assert ask_nvml(raising(ImportError("none")))["missing"] is True


def behind(reference: Any) -> Any:  # noqa: ANN401 - both are of ctypes
    """Return what a reference points to."""
    return reference._obj  # noqa: SLF001 - ctypes has no other way


class Cuda:
    """A library with the functions of CUDA's driver interface that are called."""

    def __init__(self, status: int = 0, count: int = 1) -> None:
        """Take the status of its start, and the GPUs it has."""
        self.status, self.count = status, count

    def cuInit(self, flags: int) -> int:  # noqa: N802 - CUDA's name
        """Start."""
        return self.status + flags

    def cuDriverGetVersion(self, version: Any) -> None:  # noqa: ANN401, N802 - CUDA's name
        """Tell the version."""
        behind(version).value = 12060

    def cuDeviceGetCount(self, count: Any) -> None:  # noqa: ANN401, N802 - CUDA's name
        """Tell how many GPUs there are."""
        behind(count).value = self.count

    def cuDeviceGet(self, device: Any, index: int) -> None:  # noqa: ANN401, N802 - CUDA's name
        """Return a device."""
        behind(device).value = index

    def cuDeviceGetName(self, name: Any, size: int, device: Any) -> None:  # noqa: ANN401, N802 - CUDA's name
        """Tell a name."""
        name.value = f"Orin {size} {device.value}".encode()

    def cuDeviceTotalMem_v2(self, memory: Any, device: Any) -> None:  # noqa: ANN401, N802 - CUDA's name
        """Tell the memory."""
        behind(memory).value = 2**30 + device.value

    def cuDeviceGetAttribute(self, value: Any, which: int, device: Any) -> None:  # noqa: ANN401, N802 - CUDA's name
        """Tell the compute capability."""
        behind(value).value = {75: 8, 76: 7}[which] + device.value


class TestLibcuda:
    """What the child answers about CUDA's driver interface."""

    def test_gpu(self) -> None:
        """A GPU is described."""
        gpu = {"name": "Orin 256 0", "capability": [8, 7], "memory": 2**30}
        expected = {"driver": None, "cuda": 12060, "gpus": [gpu]}
        assert expected == ask_libcuda(lambda _: Cuda())

    def test_no_device(self) -> None:
        """The error for no device is an answer."""
        assert ask_libcuda(lambda _: Cuda(100, 0))["gpus"] == []

    def test_fault(self) -> None:
        """Any other error is a fault."""
        assert ask_libcuda(lambda _: Cuda(803)) == {"fault": "cuInit fails with error 803"}

    def test_no_library(self) -> None:
        """A library that cannot be loaded is missing."""
        assert ask_libcuda(raising(OSError("none")))["missing"] is True


def test_main(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """The answer is one JSON object, found with the asker's path."""
    monkeypatch.setattr(sys, "path", [])
    main(["nvml", '["/site"]'], {"nvml": lambda: {"path": sys.path}})
    assert json.loads(capsys.readouterr().out) == {"path": ["/site"]}
