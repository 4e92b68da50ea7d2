"""What the child process answers, asked without a process."""

from __future__ import annotations

import ctypes
import json
import sys
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

from hatch_torch.hardware.driver_probe import ask_level_zero, ask_libcuda, ask_nvml, main

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    import pytest


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
        """A GPU is look_up_gpu."""
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


class TestLevelZero:
    """What the child answers about Intel's driver interface."""

    def test_gpu(self, library: Callable[..., Path]) -> None:
        """Of each driver's devices the GPUs are listed by PCI's numbers."""
        folder = library(source="ze_loader.c", name="libze_loader.so.1")
        told = ask_level_zero(lambda name: ctypes.CDLL(str(folder / name)))
        assert told == {"gpus": [{"vendor": 0x8086, "device": 0x56A0}]}

    def test_fault(self) -> None:
        """An error at the start is a fault."""
        told = ask_level_zero(lambda _: SimpleNamespace(zeInit=lambda _: 0x78000001))
        assert told == {"fault": "zeInit fails with error 0x78000001"}

    def test_no_library(self) -> None:
        """A library that cannot be loaded is missing."""
        assert ask_level_zero(raising(OSError("none")))["missing"] is True


def test_main(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """The answer is one JSON object, found with the asker's path."""
    monkeypatch.setattr(sys, "path", [])
    main(["nvml", '["/site"]'], {"nvml": lambda: {"path": sys.path}})
    assert json.loads(capsys.readouterr().out) == {"path": ["/site"]}
