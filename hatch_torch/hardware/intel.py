"""Intel: PCI numbers against a table, for nearly every processor has some graphics."""

from __future__ import annotations

import json
from functools import cache
from typing import TYPE_CHECKING

from hatch_torch.catalog import rows
from hatch_torch.hardware import parsers as reading
from hatch_torch.hardware.model import Accelerator, Hardware
from hatch_torch.hardware.pci import Display, displays
from hatch_torch.hardware.probe import absent, broken, found, nothing

if TYPE_CHECKING:
    from collections.abc import Iterable

    from hatch_torch.hardware.machine import Machine
    from hatch_torch.hardware.probe import Answer

_PCI_VENDOR = "8086"
_LOADERS = tuple(
    f"/usr/{folder}/libze_loader.so.1" for folder in ("lib/x86_64-linux-gnu", "lib64", "local/lib")
)
_SECONDS = 2.0


def ask_pci(machine: Machine) -> Answer:
    """Look for Intel's graphics devices that have a driver."""
    probe = "intel pci"
    if listed := displays(machine, _PCI_VENDOR):
        return _found(probe, listed)
    if machine.exists("/dev/dxg") and any(map(machine.exists, _LOADERS)):
        return absent(probe, "WSL hides the devices")
    return nothing(probe, "no graphics device of Intel with a driver")


def ask_level_zero(machine: Machine) -> Answer:
    """Ask Intel's driver interface, where PCI cannot be asked."""
    probe = "level_zero"
    ran = machine.ask_library(probe, _SECONDS)
    if ran is None:
        return absent(probe, "Python could not be started")
    try:
        listed = parse_level_zero(ran.out)
    except (ValueError, RecursionError):
        return broken(probe, reading.ending(ran))
    return _found(probe, listed) if listed else nothing(probe, "no GPU of Intel")


WAYS = (ask_pci, ask_level_zero)
"""The ways to find out about Intel's GPUs, the cheapest first."""


def parse_level_zero(text: str) -> tuple[Display, ...]:
    """Read what the child process wrote; without a library there is no device.

    Raises ValueError where it is no answer.
    """
    told = json.loads(text)
    if not isinstance(told, dict) or not (told.get("missing") or "gpus" in told):
        raise ValueError("not an answer")
    gpus = told.get("gpus")
    listed = map(_display, gpus if isinstance(gpus, list) else ())
    return tuple(one for one in listed if one and one.vendor == _PCI_VENDOR)


def _display(told: object) -> Display | None:
    match told:
        case {"vendor": int(vendor), "device": int(device)}:
            return Display(f"{vendor:04x}", f"{device:04x}")
    return None


def _found(probe: str, listed: Iterable[Display]) -> Answer:
    gpus = tuple(map(described, listed))
    detail = ", ".join(f"{gpu.name} ({gpu.architecture or 'not in the table'})" for gpu in gpus)
    return found(probe, detail, Hardware(accelerators=gpus))


def described(display: Display) -> Accelerator:
    """Return a device as the table knows it; one that it does not know has no architecture."""
    name, architecture = _table().get(display.device, (f"Intel graphics {display.device}", None))
    name = name if display.name == reading.UNKNOWN else display.name
    return Accelerator("intel", name, architecture, display.memory_mib)


@cache
def _table() -> dict[str, tuple[str, str]]:
    """Return the name and the architecture for each device number of PCI."""
    return {
        number: (row["name"], row["architecture"]) for row in rows("intel") for number in row["pci"]
    }
