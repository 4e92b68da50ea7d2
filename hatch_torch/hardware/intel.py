"""Intel: PCI numbers against a table, for nearly every processor has some graphics."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from hatch_torch.hardware import reading
from hatch_torch.hardware.chain import found, nothing
from hatch_torch.hardware.displays import displays
from hatch_torch.hardware.facts import Accelerator, Hardware
from hatch_torch.tables import rows

if TYPE_CHECKING:
    from hatch_torch.hardware.chain import Answer
    from hatch_torch.hardware.displays import Display
    from hatch_torch.hardware.machine import Machine

_PCI_VENDOR = "8086"


def ask_pci(machine: Machine) -> Answer:
    """Look for Intel's graphics devices that have a driver."""
    gpus = tuple(map(described, displays(machine, _PCI_VENDOR)))
    if not gpus:
        return nothing("intel pci", "no graphics device of Intel with a driver")
    detail = ", ".join(f"{gpu.name} ({gpu.architecture or 'not in the table'})" for gpu in gpus)
    return found("intel pci", detail, Hardware(accelerators=gpus))


WAYS = (ask_pci,)
"""The ways to find out about Intel's GPUs."""


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
