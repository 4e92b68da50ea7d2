"""The queries of the child process, called directly."""

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


class NvmlError(Exception):
    """The error of the bindings."""


class NvmlNotFoundError(NvmlError):
    """Their error for a missing library."""


def load_bindings(**functions: object) -> Callable[[str], Any]:
    """Return a loader of bindings that have only these functions."""
    errors = {"NVMLError": NvmlError, "NVMLError_LibraryNotFound": NvmlNotFoundError}
    return lambda _: SimpleNamespace(**errors, **functions)


def raising(error: Exception) -> Callable[..., None]:
    """Return a function that raises an error."""

    def fail(*_: object) -> None:
        raise error

    return fail


class TestNvml:
    """NVIDIA's management library."""

    def test_no_library(self) -> None:
        """Only a library that is not found is missing."""
        missing = {"fault": "none", "missing": True}
        assert missing == ask_nvml(load_bindings(nvmlInit=raising(NvmlNotFoundError("none"))))
        assert {**missing, "missing": False} == ask_nvml(
            load_bindings(nvmlInit=raising(NvmlError("none")))
        )

    def test_old_bindings(self) -> None:
        """Bytes are decoded, and functions that old bindings lack give null."""
        old = load_bindings(
            nvmlInit=lambda: None,
            nvmlDeviceGetCount=lambda: 1,
            nvmlSystemGetDriverVersion=lambda: b"470.82.01",
            nvmlDeviceGetMigMode=lambda _: [1, 1],
        )
        gpu = {"name": None, "capability": None, "memory": None, "mig": True}
        assert {"driver": "470.82.01", "cuda": None, "gpus": [gpu]} == ask_nvml(old)

    def test_real_bindings(self) -> None:
        """The installed bindings are found by their name."""
        assert {"fault", "driver"} & set(ask_nvml())

    def test_no_bindings(self) -> None:
        """Without the bindings the library counts as missing."""
        assert ask_nvml(raising(ImportError("none")))["missing"] is True


def dereference(reference: Any) -> Any:  # noqa: ANN401 - both are of ctypes
    """Return the object that a ctypes reference points to."""
    return reference._obj  # noqa: SLF001 - ctypes has no other way


class FakeCuda:
    """A fake of CUDA's driver interface."""

    def __init__(self, status: int = 0, count: int = 1) -> None:
        """Take the status that cuInit returns, and the number of GPUs."""
        self.status, self.count = status, count

    def cuInit(self, flags: int) -> int:  # noqa: N802 - CUDA's name
        """Return the status."""
        return self.status + flags

    def cuDriverGetVersion(self, version: Any) -> None:  # noqa: ANN401, N802 - CUDA's name
        """Set the version."""
        dereference(version).value = 12060

    def cuDeviceGetCount(self, count: Any) -> None:  # noqa: ANN401, N802 - CUDA's name
        """Set the number of GPUs."""
        dereference(count).value = self.count

    def cuDeviceGet(self, device: Any, index: int) -> None:  # noqa: ANN401, N802 - CUDA's name
        """Set the device."""
        dereference(device).value = index

    def cuDeviceGetName(self, name: Any, size: int, device: Any) -> None:  # noqa: ANN401, N802 - CUDA's name
        """Set the name."""
        name.value = f"Orin {size} {device.value}".encode()

    def cuDeviceTotalMem_v2(self, memory: Any, device: Any) -> None:  # noqa: ANN401, N802 - CUDA's name
        """Set the memory."""
        dereference(memory).value = 2**30 + device.value

    def cuDeviceGetAttribute(self, value: Any, which: int, device: Any) -> None:  # noqa: ANN401, N802 - CUDA's name
        """Set a part of the compute capability."""
        dereference(value).value = {75: 8, 76: 7}[which] + device.value


class TestLibcuda:
    """CUDA's driver interface."""

    def test_gpu(self) -> None:
        """A GPU is described."""
        gpu = {"name": "Orin 256 0", "capability": [8, 7], "memory": 2**30}
        expected = {"driver": None, "cuda": 12060, "gpus": [gpu]}
        assert expected == ask_libcuda(lambda _: FakeCuda())

    def test_no_device(self) -> None:
        """The status for no device means no GPUs."""
        assert ask_libcuda(lambda _: FakeCuda(100, 0))["gpus"] == []

    def test_fault(self) -> None:
        """Any other status is an error."""
        assert ask_libcuda(lambda _: FakeCuda(803)) == {"fault": "cuInit fails with error 803"}

    def test_no_library(self) -> None:
        """A library that can't be loaded is missing."""
        assert ask_libcuda(raising(OSError("none")))["missing"] is True


class TestLevelZero:
    """Level Zero, Intel's driver interface."""

    def test_gpu(self, library: Callable[..., Path]) -> None:
        """The GPUs of all drivers are listed by their PCI numbers."""
        folder = library(source="ze_loader.c", name="libze_loader.so.1")
        answer = ask_level_zero(lambda name: ctypes.CDLL(str(folder / name)))
        assert answer == {"gpus": [{"vendor": 0x8086, "device": 0x56A0}]}

    def test_fault(self) -> None:
        """A failing zeInit is an error."""
        answer = ask_level_zero(lambda _: SimpleNamespace(zeInit=lambda _: 0x78000001))
        assert answer == {"fault": "zeInit fails with error 0x78000001"}

    def test_no_library(self) -> None:
        """A library that can't be loaded is missing."""
        assert ask_level_zero(raising(OSError("none")))["missing"] is True


def test_main(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """The output is one JSON object, found with the parent's module path."""
    monkeypatch.setattr(sys, "path", [])
    main(["nvml", '["/site"]'], {"nvml": lambda: {"path": sys.path}})
    assert json.loads(capsys.readouterr().out) == {"path": ["/site"]}
