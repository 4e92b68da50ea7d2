"""How a machine is shown, this one or another; nothing is looked for here."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hatch_torch.cli import show

if TYPE_CHECKING:
    from collections.abc import Iterator

    from hatch_torch.hardware.facts import Accelerator, Hardware


def show_hardware(hardware: Hardware) -> None:
    """Print the machine's facts."""
    show.fields("Machine", _facts(hardware))


def accelerators(hardware: Hardware) -> Iterator[str]:
    """Yield a line for each accelerator, or one that says that there is none."""
    yield from map(_accelerator, hardware.accelerators)
    if not hardware.accelerators:
        yield "none found"


def _facts(hardware: Hardware) -> Iterator[tuple[str, str]]:
    system = filter(None, (hardware.system, hardware.machine, hardware.libc))
    yield "system", " ".join(system) or "unknown"
    yield "Python", hardware.python or "unknown"
    for accelerator in accelerators(hardware):
        yield "accelerator", accelerator
    if hardware.nvidia:
        yield "driver", f"{hardware.nvidia.driver} (CUDA {hardware.nvidia.cuda or 'unknown'})"
    if hardware.rocm:
        yield "ROCm", str(hardware.rocm.version)
    if hardware.signs:
        yield "signs", ", ".join(hardware.signs)


def _accelerator(one: Accelerator) -> str:
    memory = f", {one.memory_mib / 1024:.0f} GiB" if one.memory_mib else ""
    return f"{one.name} ({one.architecture or 'architecture unknown'}{memory})"
