"""Apple: every Mac with Apple silicon has a GPU; Rosetta hides it from a Python for Intel.

The machine without its devices: system, Python, and the signs of what it is for.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from hatch_torch._env import is_on
from hatch_torch.catalog import rows
from hatch_torch.hardware import parsers as reading
from hatch_torch.hardware.model import Accelerator, Hardware
from hatch_torch.hardware.probe import found, nothing

if TYPE_CHECKING:
    from collections.abc import Mapping

    from hatch_torch.hardware.machine import Machine
    from hatch_torch.hardware.probe import Answer


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


def ask_host(machine: Machine) -> Answer:
    """Return what is known of a machine without its devices."""
    seen = signs(machine)
    facts = Hardware(machine.system, machine.machine, machine.libc, machine.python, signs=seen)
    return found("signs", ", ".join(seen) or "none", facts)


def signs(machine: Machine) -> tuple[str, ...]:
    """Return the signs that are seen, in the order of the table."""
    return tuple(row["sign"] for row in rows("signs") if _is_seen(machine, row))


def in_container(machine: Machine) -> bool:
    """Say whether sysfs and /proc may show devices that were not given to this process."""
    return not {"container", "image-build"}.isdisjoint(signs(machine))


def _is_seen(machine: Machine, row: Mapping[str, Any]) -> bool:
    """Say whether anything shows a sign and nothing denies it."""
    shown = (
        _any_set(machine, row.get("variables", ()))
        or any(map(machine.exists, row.get("files", ())))
        or any(_holds(machine, one) for one in row.get("contents", ()))
        or any(map(machine.which, row.get("programs", ())))
    )
    return shown and not (
        _any_set(machine, row.get("not_variables", ()))
        or any(map(machine.exists, row.get("not_files", ())))
    )


def _any_set(machine: Machine, names: list[str]) -> bool:
    return any(is_on(machine.environ.get(name)) for name in names)


def _holds(machine: Machine, content: Mapping[str, str]) -> bool:
    return content["text"].lower() in (machine.read(content["file"]) or "").lower()
