"""Graphics devices as the operating system lists them, without any vendor's tool."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from hatch_torch.hardware import parsers as reading

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from hatch_torch.hardware.machine import Machine

CLASS_KEY = r"SYSTEM\CurrentControlSet\Control\Class\{4d36e968-e325-11ce-bfc1-08002be10318}"
"""Windows: the setup class of display adapters (Microsoft, system-defined device classes)."""
_PCI = r"(?i)pci\\ven_([0-9a-f]{4})&dev_([0-9a-f]{4})"


class Display(NamedTuple):
    """A graphics device with a driver: PCI numbers as four hexadecimal digits, lower case."""

    vendor: str
    device: str
    folder: str = ""
    """Linux: its folder in sysfs."""
    name: str = reading.UNKNOWN
    """Windows: what its driver calls it."""
    driver: str = ""
    """Windows: its driver's version, four numbers."""
    memory_mib: int | None = None


def displays(machine: Machine, vendor: str) -> tuple[Display, ...]:
    """Return the devices of a PCI vendor (``8086``) that programs here may open."""
    listed = _of_windows(machine) if machine.system == "Windows" else _of_linux(machine)
    return tuple(one for one in listed if one.vendor == vendor)


def _of_linux(machine: Machine) -> Iterator[Display]:
    """Yield what has a render node, in sysfs and in /dev: a container sees all of sysfs."""
    for folder in machine.glob("/sys/class/drm/renderD*"):
        if machine.exists("/dev/dri/" + folder.rpartition("/")[2]):
            device = f"{folder}/device"
            memory = machine.read(f"{device}/mem_info_vram_total") or ""
            yield Display(
                vendor=_hex(machine.read(f"{device}/vendor")),
                device=_hex(machine.read(f"{device}/device")),
                folder=device,
                memory_mib=reading.mebibytes(int(memory)) if memory.strip().isdigit() else None,
            )


def _hex(text: str | None) -> str:
    return (text or "").strip().lower().removeprefix("0x")


def _of_windows(machine: Machine) -> Iterator[Display]:
    for values in machine.registry(CLASS_KEY):
        if match := re.match(_PCI, values.get("MatchingDeviceId", "")):
            yield Display(
                vendor=match[1].lower(),
                device=match[2].lower(),
                name=reading.name(values.get("DriverDesc", "")),
                driver=values.get("DriverVersion", ""),
                memory_mib=_memory(values),
            )


def _memory(values: Mapping[str, str]) -> int | None:
    size = values.get("HardwareInformation.qwMemorySize", "")
    return reading.mebibytes(int(size)) if size.isdigit() else None
