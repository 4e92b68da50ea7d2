"""NVIDIA: the driver's files, NVML, libcuda, nvidia-smi, and what is left without all of them."""

from __future__ import annotations

import re
from pathlib import PureWindowsPath
from typing import TYPE_CHECKING

from hatch_torch.hardware import reading
from hatch_torch.hardware.chain import Answer, noted, nothing
from hatch_torch.hardware.displays import displays
from hatch_torch.hardware.facts import Accelerator, Hardware, Nvidia, Source
from hatch_torch.hardware.host import in_container
from hatch_torch.hardware.nvidia_library import ask_library
from hatch_torch.hardware.nvidia_smi import ask_nvidia_smi

if TYPE_CHECKING:
    from hatch_torch.hardware.machine import Machine

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
