"""What Windows knows of the hardware: DLLs, programs and the registry, by real calls."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from tests.windows.conftest import ROOT
from tests.windows.wine import compile_for_windows

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tests.windows.wine import Windows

    Detect = Callable[..., Any]

pytestmark = [pytest.mark.end_to_end, pytest.mark.windows]

NVML = ROOT / "tests" / "hardware" / "nvml.c"
SMI = ROOT / "tests" / "windows" / "nvidia_smi.c"
DISPLAYS = r"HKLM\SYSTEM\CurrentControlSet\Control\Class\{4d36e968-e325-11ce-bfc1-08002be10318}"


@pytest.fixture
def detect(windows: Windows, scripts: Path) -> Detect:
    """Return a function that runs `hatch-torch detect --json`."""

    def run(**environ: str) -> Any:  # noqa: ANN401 (it is JSON)
        program = scripts / "hatch-torch.exe"
        return json.loads(windows.check(program, "detect", "--json", environ=environ))

    return run


@pytest.fixture
def system32(windows: Windows) -> Iterator[Path]:
    """Return the folder of the system's DLLs; NVIDIA's are removed from it afterwards."""
    folder = windows.drive / "windows" / "system32"
    yield folder
    for name in ("nvml.dll", "nvidia-smi.exe"):
        (folder / name).unlink(missing_ok=True)


@pytest.fixture
def register(windows: Windows) -> Iterator[Callable[..., None]]:
    """Return a function that adds a display adapter to the registry until the test ends."""
    key = rf"{DISPLAYS}\0777"

    def add(name: str, driver: str, memory: str, device: str) -> None:
        for value, kind, data in (
            ("DriverDesc", "REG_SZ", name),
            ("DriverVersion", "REG_SZ", driver),
            ("HardwareInformation.qwMemorySize", "REG_QWORD", memory),
            ("MatchingDeviceId", "REG_SZ", device),
        ):
            windows.check("reg.exe", "add", key, "/v", value, "/t", kind, "/d", data, "/f")

    yield add
    windows.run("reg.exe", "delete", key, "/f")


def test_bare(detect: Detect) -> None:
    """Without a driver nothing is found, and files of Linux in a drive's root are none."""
    found = detect()

    assert found["accelerators"] == []
    assert (found["system"], found["machine"], found["libc"]) == ("Windows", "AMD64", None)
    assert found["signs"] == []


def test_nvml(detect: Detect, system32: Path) -> None:
    """`nvml.dll`, compiled for Windows from the test library of Linux, names GPUs and driver."""
    compile_for_windows(NVML, system32 / "nvml.dll")

    found = detect()

    assert [gpu["architecture"] for gpu in found["accelerators"]] == ["sm_80", "sm_80"]
    assert found["nvidia"] == {"driver": "570.124.06", "cuda": "12.8"}


def test_library_crashes(detect: Detect, system32: Path) -> None:
    """A library that ends its process costs nothing but its answer: nvidia-smi.exe has one."""
    compile_for_windows(NVML, system32 / "nvml.dll")
    compile_for_windows(SMI, system32 / "nvidia-smi.exe")

    found = detect(NVML_CASE="crashes")

    (gpu,) = found["accelerators"]
    assert (gpu["name"], gpu["architecture"]) == ("NVIDIA GeForce RTX 4070", "sm_89")
    assert found["nvidia"] == {"driver": "566.36", "cuda": "12.7"}
    results = {source["probe"]: source["result"] for source in found["sources"]}
    assert (results["nvml"], results["nvidia-smi"]) == ("broken", "found")


def test_amd_in_the_registry(detect: Detect, register: Callable[..., None]) -> None:
    """An AMD card is known by the device number that its driver has in the registry."""
    device = r"PCI\VEN_1002&DEV_744C&REV_C8"
    register("AMD Radeon RX 7900 XTX", "32.0.12019.1028", "25753026560", device)

    (gpu,) = detect()["accelerators"]

    assert (gpu["vendor"], gpu["name"]) == ("amd", "AMD Radeon RX 7900 XTX")
    assert (gpu["architecture"], gpu["memory_mib"]) == ("gfx1100", 24560)


def test_intel_in_the_registry(detect: Detect, register: Callable[..., None]) -> None:
    """So is Intel's, by the table of PCI numbers; the letters' case does not matter."""
    register(
        "Intel(R) Arc(TM) A770 Graphics", "31.0.101.5445", "17028874240", "pci\\ven_8086&dev_56a0"
    )

    (gpu,) = detect()["accelerators"]

    assert (gpu["vendor"], gpu["architecture"]) == ("intel", "xe-hpg")
