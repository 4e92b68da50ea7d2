"""Graphics devices as the operating system lists them, without a vendor's tool."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from hatch_torch.hardware import parsers

if TYPE_CHECKING:
    from collections.abc import Iterator

    from hatch_torch.hardware.machine import Machine

DISPLAY_CLASS_KEY = r"SYSTEM\CurrentControlSet\Control\Class\{4d36e968-e325-11ce-bfc1-08002be10318}"
"""Windows: the setup class of display adapters (Microsoft, system-defined device classes)."""
_PCI_ID = r"(?i)pci\\ven_([0-9a-f]{4})&dev_([0-9a-f]{4})"


class GraphicsDevice(NamedTuple):
    """A graphics device that has a driver."""

    vendor: str
    """The PCI number, four hexadecimal digits in lower case."""
    device: str
    """Likewise."""
    folder: str = ""
    """Linux: its folder in sysfs."""
    name: str = parsers.UNKNOWN
    """Windows: the name that its driver gives it."""
    driver: str = ""
    """Windows: the version of its driver, four numbers."""
    memory_mib: int | None = None


def find_graphics_devices(machine: Machine, vendor: str) -> tuple[GraphicsDevice, ...]:
    """Return the devices of a PCI vendor (``8086``) that programs on this machine may open."""
    devices = _find_on_windows(machine) if machine.system == "Windows" else _find_on_linux(machine)
    return tuple(device for device in devices if device.vendor == vendor)


def _find_on_linux(machine: Machine) -> Iterator[GraphicsDevice]:
    for node in machine.glob("/sys/class/drm/renderD*"):
        # A container sees all of sysfs; in /dev are the devices that it was given.
        if machine.exists("/dev/dri/" + node.rpartition("/")[2]):
            folder = f"{node}/device"
            yield GraphicsDevice(
                vendor=_read_hex(machine, f"{folder}/vendor"),
                device=_read_hex(machine, f"{folder}/device"),
                folder=folder,
                memory_mib=_parse_memory(machine.read(f"{folder}/mem_info_vram_total") or ""),
            )


def _find_on_windows(machine: Machine) -> Iterator[GraphicsDevice]:
    for values in machine.registry(DISPLAY_CLASS_KEY):
        if match := re.match(_PCI_ID, values.get("MatchingDeviceId", "")):
            yield GraphicsDevice(
                vendor=match[1].lower(),
                device=match[2].lower(),
                name=parsers.parse_name(values.get("DriverDesc", "")),
                driver=values.get("DriverVersion", ""),
                memory_mib=_parse_memory(values.get("HardwareInformation.qwMemorySize", "")),
            )


def _read_hex(machine: Machine, path: str) -> str:
    return (machine.read(path) or "").strip().lower().removeprefix("0x")


def _parse_memory(text: str) -> int | None:
    """Read a size in bytes as mebibytes."""
    size = text.strip()
    return parsers.to_mebibytes(int(size)) if size.isascii() and size.isdigit() else None
