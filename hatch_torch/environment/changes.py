"""What changed on a machine since the project's torch was chosen for it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from hatch_torch.hardware.facts import Hardware
from hatch_torch.project.wish import DETECTION

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from hatch_torch.environment.situation import Situation
    from hatch_torch.hardware.facts import Accelerator, Nvidia


def changes(now: Situation) -> tuple[str, ...]:
    """Return what is another than at the install: drivers, ROCm, devices; each as a sentence.

    Only what was looked at then is compared: a backend that is asked for by name needs no probe.
    """
    then = hardware_then(now)
    return () if then is None else tuple(_changes(now, then))


def is_same_machine(now: Situation) -> bool:
    """Say whether the record was made on a machine that has the same devices and drivers."""
    then = hardware_then(now)
    return then is not None and _compared(then) == _compared(now.hardware)


def hardware_then(now: Situation) -> Hardware | None:
    """Return the machine that the record was made on; None where no record tells it."""
    record = now.project.record if now.project else None
    try:
        return Hardware.from_json(json.dumps((record or {})["hardware"]))
    except (KeyError, TypeError, ValueError):
        return None


def _changes(now: Situation, then: Hardware) -> Iterator[str]:
    here = now.hardware
    if then.nvidia and here.nvidia and then.nvidia != here.nvidia:
        yield f"NVIDIA's driver changed from {_driver(then.nvidia)} to {_driver(here.nvidia)}"
    if then.rocm and here.rocm and then.rocm != here.rocm:
        yield f"ROCm changed from {then.rocm.version} to {here.rocm.version}"
    record = (now.project.record if now.project else None) or {}
    vendors = {one.vendor for one in then.accelerators}
    if record.get("decided_by") == DETECTION:
        vendors |= {one.vendor for one in here.accelerators}
    before, after = (_of(vendors, one.accelerators) for one in (then, here))
    if sorted(before) != sorted(after):
        yield f"the accelerators changed from {_listed(before)} to {_listed(after)}"


def _driver(nvidia: Nvidia) -> str:
    return f"{nvidia.driver or 'unknown'} (CUDA {nvidia.cuda or 'unknown'})"


def _of(vendors: Iterable[str], accelerators: Iterable[Accelerator]) -> list[str]:
    return [one.name for one in accelerators if one.vendor in vendors]


def _listed(names: list[str]) -> str:
    return ", ".join(names) or "none"


def _compared(hardware: Hardware) -> tuple[object, ...]:
    seen = [(one.vendor, one.name, one.architecture) for one in hardware.accelerators]
    return sorted(map(str, seen)), hardware.nvidia, hardware.rocm
