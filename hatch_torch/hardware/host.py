"""The machine without its devices: system, Python, and the signs of what it is for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from hatch_torch.hardware.chain import found
from hatch_torch.hardware.facts import Hardware
from hatch_torch.switches import is_on
from hatch_torch.tables import rows

if TYPE_CHECKING:
    from collections.abc import Mapping

    from hatch_torch.hardware.chain import Answer
    from hatch_torch.hardware.machine import Machine


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
