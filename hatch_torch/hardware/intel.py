"""Intel's GPUs: PCI numbers, looked up in a table, since nearly every processor has graphics."""

from __future__ import annotations

import json
from functools import cache
from typing import TYPE_CHECKING

from hatch_torch.catalog import load_table
from hatch_torch.hardware import parsers
from hatch_torch.hardware.model import Accelerator, Hardware
from hatch_torch.hardware.pci import GraphicsDevice, find_graphics_devices
from hatch_torch.hardware.probe import ProbeResult

if TYPE_CHECKING:
    from collections.abc import Iterable

    from hatch_torch.hardware.machine import Machine

_PCI_VENDOR = "8086"
_LOADERS = tuple(
    f"/usr/{folder}/libze_loader.so.1" for folder in ("lib/x86_64-linux-gnu", "lib64", "local/lib")
)
_SECONDS = 2.0


def ask_pci(machine: Machine) -> ProbeResult:
    """Look for Intel's graphics devices that have a driver."""
    probe = "intel pci"
    if devices := find_graphics_devices(machine, _PCI_VENDOR):
        return _found(probe, devices)
    if machine.exists("/dev/dxg") and any(map(machine.exists, _LOADERS)):
        return ProbeResult.absent(probe, "WSL hides the devices")
    return ProbeResult.no_hardware(probe, "no graphics device of Intel with a driver")


def ask_level_zero(machine: Machine) -> ProbeResult:
    """Query Level Zero, Intel's driver interface, where PCI shows nothing."""
    probe = "level_zero"
    completed = machine.ask_library(probe, _SECONDS)
    if completed is None:
        return ProbeResult.absent(probe, "Python could not be started")
    try:
        devices = parse_level_zero(completed.output)
    except (ValueError, RecursionError):
        return ProbeResult.broken(probe, parsers.describe_exit(completed))
    return _found(probe, devices) if devices else ProbeResult.no_hardware(probe, "no GPU of Intel")


PROBES = (ask_pci, ask_level_zero)
"""The cheapest first."""


def parse_level_zero(text: str) -> tuple[GraphicsDevice, ...]:
    """Parse the output of `driver_probe`; no library means no device.

    Raises ValueError if it is not such an output.
    """
    answer = json.loads(text)
    if not isinstance(answer, dict) or not (answer.get("missing") or "gpus" in answer):
        raise ValueError("not an answer of driver_probe")
    gpus = answer.get("gpus")
    devices = map(_parse_device, gpus if isinstance(gpus, list) else ())
    return tuple(device for device in devices if device and device.vendor == _PCI_VENDOR)


def _parse_device(gpu: object) -> GraphicsDevice | None:
    match gpu:
        case {"vendor": int(vendor), "device": int(device)}:
            return GraphicsDevice(f"{vendor:04x}", f"{device:04x}")
    return None


def _found(probe: str, devices: Iterable[GraphicsDevice]) -> ProbeResult:
    gpus = tuple(map(look_up_gpu, devices))
    detail = ", ".join(f"{gpu.name} ({gpu.architecture or 'not in the table'})" for gpu in gpus)
    return ProbeResult.found(probe, detail, Hardware(accelerators=gpus))


def look_up_gpu(device: GraphicsDevice) -> Accelerator:
    """Return the GPU of a device; without an architecture if the table doesn't have it."""
    unlisted = (f"Intel graphics {device.device}", None)
    name, architecture = _gpus_by_number().get(device.device, unlisted)
    name = name if device.name == parsers.UNKNOWN else device.name
    return Accelerator("intel", name, architecture, device.memory_mib)


@cache
def _gpus_by_number() -> dict[str, tuple[str, str]]:
    """Return the name and the architecture for each PCI device number."""
    return {
        number: (row["name"], row["architecture"])
        for row in load_table("intel")
        for number in row["pci"]
    }
