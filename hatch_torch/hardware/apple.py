"""Apple: every Mac with Apple silicon has a GPU; Rosetta hides it from a Python for Intel."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hatch_torch.hardware import reading
from hatch_torch.hardware.chain import found, nothing
from hatch_torch.hardware.facts import Accelerator, Hardware

if TYPE_CHECKING:
    from hatch_torch.hardware.chain import Answer
    from hatch_torch.hardware.machine import Machine

_SYSCTL = "/usr/sbin/sysctl"
_ROSETTA = "/Library/Apple/usr/share/rosetta"
_SECONDS = 2.0


def ask_silicon(machine: Machine) -> Answer:
    """Say whether this Python runs on Apple silicon, and on which."""
    if (machine.system, machine.machine) != ("Darwin", "arm64"):
        where = f"{machine.machine} {machine.system}"
        return nothing("apple", f"no Mac with Apple silicon: {where}")
    words = ("-n", "machdep.cpu.brand_string", "hw.memsize")
    ran = machine.run(_SYSCTL, *words, seconds=_SECONDS)
    gpu = parse_sysctl(ran.out if ran else "")
    return found("apple", gpu.name, Hardware(accelerators=(gpu,)))


def ask_rosetta(machine: Machine) -> Answer | None:
    """Say whether Rosetta translates this Python: then it takes only wheels for Intel."""
    if machine.system != "Darwin" or machine.machine == "arm64" or not machine.exists(_ROSETTA):
        return None
    ran = machine.run(_SYSCTL, "-in", "sysctl.proc_translated", seconds=_SECONDS)
    if ran is None or ran.out.strip() != "1":
        return None
    detail = "a Python for Intel on Apple silicon; one for arm64 could use the GPU"
    return found("rosetta", detail, Hardware(signs=("rosetta",)))


WAYS = (ask_rosetta, ask_silicon)
"""The ways to find out about Apple's GPUs."""


def parse_sysctl(text: str) -> Accelerator:
    """Read the chip's name and the bytes of memory, which the GPU shares, one a line."""
    lines = [*text.splitlines(), "", ""]
    name, size = reading.name(lines[0]), lines[1].strip()
    memory = reading.mebibytes(int(size)) if size.isascii() and size.isdigit() else None
    return Accelerator("apple", name, "apple-m", memory)
