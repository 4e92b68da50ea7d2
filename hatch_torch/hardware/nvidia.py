"""NVIDIA's libraries, asked in a process of their own: the question, and reading its answer.

nvidia-smi, the last of NVIDIA's ways: its path, its questions, its many ways to fail.

NVIDIA: the driver's files, NVML, libcuda, nvidia-smi, and what is left without all of them.
"""

from __future__ import annotations

import json
import re
from pathlib import PureWindowsPath
from typing import TYPE_CHECKING, Any

from hatch_torch.hardware import parsers as reading
from hatch_torch.hardware.host import in_container
from hatch_torch.hardware.model import Accelerator, Hardware, Nvidia, Source
from hatch_torch.hardware.pci import displays
from hatch_torch.hardware.probe import Answer, absent, broken, found, noted, nothing
from hatch_torch.hardware.process import Ran

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from hatch_torch.hardware.machine import Machine


_SECONDS = {"nvml": 5.0, "libcuda": 2.0}


def ask_library(machine: Machine, library: str, driver: str | None) -> Answer:
    """Ask a library (``nvml``, ``libcuda``); `driver` is its version where the library is mute."""
    ran = machine.ask_library(library, _SECONDS[library])
    if ran is None:
        return absent(library, "Python could not be started")
    try:
        told = parse_answer(ran.out)
    except (ValueError, RecursionError):
        return broken(library, reading.ending(ran))
    if "fault" in told:
        said = reading.clean(str(told["fault"]))
        return absent(library, said) if told.get("missing") else broken(library, said)
    nvidia, gpus = parse_driver(told, driver), parse_gpus(told)
    detail = _detail(nvidia, told)
    if not gpus:
        return nothing(library, f"{detail}: no GPU")
    return found(library, detail, Hardware(accelerators=gpus, nvidia=nvidia))


def parse_answer(text: str) -> dict[str, Any]:
    """Read what the child process wrote. Raises ValueError where it is no answer."""
    told = json.loads(text)
    if isinstance(told, dict) and ("fault" in told or isinstance(told.get("gpus"), list)):
        return told
    raise ValueError("not an answer")


def parse_driver(told: Mapping[str, Any], driver: str | None) -> Nvidia:
    """Read the versions, and take `driver` where the library does not tell it."""
    number = told.get("cuda")
    return Nvidia(
        driver=reading.driver(str(told.get("driver"))) or driver,
        cuda=reading.cuda_of_number(number) if isinstance(number, int) else None,
    )


def parse_gpus(told: Mapping[str, Any]) -> tuple[Accelerator, ...]:
    """Read the GPUs; a value that cannot be is one that nobody knows."""
    return tuple(_gpu(one) for one in told["gpus"] if isinstance(one, dict))


def _gpu(told: Mapping[str, Any]) -> Accelerator:
    match told.get("capability"):
        case [int(major), int(minor)]:
            architecture = reading.sm(major, minor)
        case _:
            architecture = None
    memory = told.get("memory")
    return Accelerator(
        vendor="nvidia",
        name=reading.name(str(told.get("name") or "")),
        architecture=architecture,
        memory_mib=reading.mebibytes(memory) if isinstance(memory, int) else None,
    )


def _detail(nvidia: Nvidia, told: Mapping[str, Any]) -> str:
    divided = sum(1 for one in told["gpus"] if isinstance(one, dict) and one.get("mig"))
    known = f"driver {nvidia.driver or 'unknown'}, CUDA {nvidia.cuda or 'unknown'}"
    return f"{known}, {divided} divided (MIG)" if divided else known


_PATHS = (
    "nvidia-smi",
    "/usr/bin/nvidia-smi",
    "/usr/lib/wsl/lib/nvidia-smi",
    "/usr/local/nvidia/bin/nvidia-smi",
    "/run/current-system/sw/bin/nvidia-smi",
)
FIELDS = ("driver_version", "compute_cap", "name", "memory.total")
"""What is asked of each GPU; tools older than driver 510 do not know compute_cap."""
OLD_FIELDS = tuple(field for field in FIELDS if field != "compute_cap")
_SECONDS_NVIDIA_SMI = 2.5
_NO_GPU = "no devices were found"
_CAPABILITY = r"(\d{1,2})\.(\d)"
_MEMORY = r"(\d{1,8})(?: MiB)?"
# The tool's first box; newer ones call the driver "KMD" and CUDA's interface "CUDA UMD".
_HEADER_DRIVER = r"(?:Driver|KMD) Version:\s*(\d{3}\.[\d.]+)"
_HEADER_CUDA = r"CUDA (?:UMD )?Version:\s*(\d+\.\d+)"


def ask_nvidia_smi(machine: Machine) -> Answer:
    """Ask the tool about each GPU, and in its own words where it does not know the question."""
    probe = "nvidia-smi"
    path = next(filter(machine.which, _paths(machine)), None)
    if path is None:
        return absent(probe, f"none of {', '.join(_paths(machine))}")
    ran = _query(machine, path, FIELDS)
    if _NO_GPU in ran.out.lower():
        return nothing(probe, "no devices were found")
    rows = parse_rows(ran.out, FIELDS)
    if not rows and ran.code is not None:
        rows = parse_rows(_query(machine, path, OLD_FIELDS).out, OLD_FIELDS)
    if not rows:
        return broken(probe, reading.ending(ran))
    header = parse_header(_run(machine, path).out)
    nvidia = Nvidia(next(filter(None, (driver for driver, _ in rows)), header.driver), header.cuda)
    detail = f"{path}: driver {nvidia.driver or 'unknown'}, CUDA {nvidia.cuda or 'unknown'}"
    return found(probe, detail, Hardware(accelerators=tuple(gpu for _, gpu in rows), nvidia=nvidia))


def parse_rows(text: str, fields: tuple[str, ...]) -> list[tuple[str | None, Accelerator]]:
    """Read the driver and the GPU of each line; lines that tell neither are no answer."""
    return list(_rows(text, fields))


def parse_header(text: str) -> Nvidia:
    """Read the versions from the box that the tool opens with."""
    driver, cuda = re.search(_HEADER_DRIVER, text), re.search(_HEADER_CUDA, text)
    return Nvidia(
        reading.driver(driver[1]) if driver else None, reading.cuda(cuda[1]) if cuda else None
    )


def _rows(text: str, fields: tuple[str, ...]) -> Iterator[tuple[str | None, Accelerator]]:
    for line in text.splitlines():
        told = _cells(line, fields)
        driver, gpu = reading.driver(told.get("driver_version")), _gpu_nvidia_smi(told)
        if driver or gpu.architecture:
            yield driver, gpu


def _cells(line: str, fields: tuple[str, ...]) -> dict[str, str]:
    """Take a line apart; a comma too many belongs to the name."""
    cells = [cell.strip() for cell in line.split(",")]
    before = fields.index("name")
    after = len(fields) - before - 1
    if len(cells) < len(fields):
        return {}
    cells[before:-after] = [", ".join(cells[before:-after])]
    return dict(zip(fields, cells, strict=True))


def _gpu_nvidia_smi(told: Mapping[str, str]) -> Accelerator:
    capability = re.fullmatch(_CAPABILITY, told.get("compute_cap", ""))
    memory = re.fullmatch(_MEMORY, told.get("memory.total", ""))
    return Accelerator(
        vendor="nvidia",
        name=reading.name(told.get("name", "")),
        architecture=reading.sm(int(capability[1]), int(capability[2])) if capability else None,
        memory_mib=reading.mebibytes(int(memory[1]) * 2**20) if memory else None,
    )


def _paths(machine: Machine) -> tuple[str, ...]:
    if machine.system != "Windows":
        return _PATHS
    root = PureWindowsPath(machine.environ.get("SYSTEMROOT") or r"C:\Windows", "System32")
    older = PureWindowsPath(machine.environ.get("PROGRAMFILES") or r"C:\Program Files")
    folder = older / "NVIDIA Corporation" / "NVSMI"
    return (str(root / "nvidia-smi.exe"), str(folder / "nvidia-smi.exe"), "nvidia-smi")


def _query(machine: Machine, path: str, fields: tuple[str, ...]) -> Ran:
    return _run(machine, path, f"--query-gpu={','.join(fields)}", "--format=csv,noheader")


def _run(machine: Machine, path: str, *words: str) -> Ran:
    return machine.run(path, *words, seconds=_SECONDS_NVIDIA_SMI) or Ran(code=None)


_MODULE, _PROC = "/sys/module/nvidia/version", "/proc/driver/nvidia/version"
_DEVICES = ("/dev/nvidiactl", "/dev/nvhost-ctrl-gpu", "/dev/nvgpu")
_FILES = (_MODULE, _PROC, *_DEVICES, "/usr/lib/wsl/lib/libnvidia-ml.so.1")
_GPUS = "/proc/driver/nvidia/gpus/*/information"
_PCI_VENDOR = "10de"
_NVRM = r"NVRM version:.*?\s(\d{3}\.\d{1,3}(?:\.\d{1,3})?)\s"
_MODEL = r"(?m)^Model:\s*(.+)$"
_WINDOWS_DRIVER = r"\d+\.\d+\.\d*(\d)\.(\d{2})(\d{2})"


def ask_files(machine: Machine) -> Answer:
    """Look for a driver; without one nothing is run and nothing is loaded."""
    probe, looked = "nvidia driver", _files(machine)
    seen = next(filter(machine.exists, looked), None)
    if seen is None and machine.exists("/sys/module/nouveau"):
        return nothing(probe, "the GPU is driven by nouveau, which runs no CUDA")
    if seen is None:
        return nothing(probe, f"none of {', '.join(looked)}")
    version = _driver(machine) or "of an unknown version"
    if _is_the_hosts(machine):
        return nothing(probe, f"the host has driver {version}, but this container has no GPU of it")
    return noted(probe, f"{version} ({seen})")


def ask_nvml(machine: Machine) -> Answer:
    """Ask NVIDIA's management library, which needs no GPU to be free."""
    return ask_library(machine, "nvml", _driver(machine))


def ask_libcuda(machine: Machine) -> Answer:
    """Ask CUDA's driver interface, which Jetsons and containers have where NVML is missing."""
    return ask_library(machine, "libcuda", _driver(machine))


def ask_remains(machine: Machine) -> Answer:
    """Return what is known where no tool answers: the driver's version, the names of the GPUs."""
    names = [parse_information(machine.read(path) or "") for path in machine.glob(_GPUS)]
    names += [one.name for one in displays(machine, _PCI_VENDOR) if machine.system == "Windows"]
    gpus = tuple(Accelerator("nvidia", name) for name in names or [reading.UNKNOWN])
    detail = "a driver is there, but nothing of it answers: the architecture is not known"
    facts = Hardware(accelerators=gpus, nvidia=Nvidia(_driver(machine)))
    return Answer(Source("nvidia", "broken", detail), facts)


WAYS = (ask_files, ask_nvml, ask_libcuda, ask_nvidia_smi, ask_remains)
"""The ways to find out about NVIDIA's GPUs, the cheapest first."""


def parse_nvrm(text: str) -> str | None:
    """Read `/proc/driver/nvidia/version`, of the closed and of the open kernel module."""
    match = re.search(_NVRM, text)
    return match[1] if match else None


def parse_information(text: str) -> str:
    """Read a GPU's name from `/proc/driver/nvidia/gpus/<address>/information`."""
    match = re.search(_MODEL, text)
    return reading.name(match[1]) if match else reading.UNKNOWN


def parse_windows_driver(version: str) -> str | None:
    """Read NVIDIA's version from Windows': 32.0.15.6094 is 560.94."""
    match = re.fullmatch(_WINDOWS_DRIVER, version)
    return reading.driver(f"{match[1]}{match[2]}.{match[3]}") if match else None


def _files(machine: Machine) -> tuple[str, ...]:
    """Return the files of which a driver has at least one."""
    if machine.system != "Windows":
        return _FILES
    system = PureWindowsPath(machine.environ.get("SYSTEMROOT") or r"C:\Windows", "System32")
    older = PureWindowsPath(
        machine.environ.get("PROGRAMFILES") or r"C:\Program Files", "NVIDIA Corporation", "NVSMI"
    )
    return (str(system / "nvml.dll"), str(older / "nvml.dll"))


def _driver(machine: Machine) -> str | None:
    """Return the driver's version as files, or Windows' registry, say it."""
    if machine.system == "Windows":
        versions = map(parse_windows_driver, (one.driver for one in displays(machine, _PCI_VENDOR)))
        return next(filter(None, versions), None)
    return reading.driver(machine.read(_MODULE)) or parse_nvrm(machine.read(_PROC) or "")


def _is_the_hosts(machine: Machine) -> bool:
    """Say whether only /proc and /sys, which a container shares with its host, show a driver."""
    given = (*_DEVICES, "/dev/dxg")
    return in_container(machine) and not any(map(machine.exists, given))
