"""Facts about the machine that no accelerator's vendor tells, and Apple's GPUs.

Environment hints say what the machine is used for: CI, a container, a cluster's login node …
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from hatch_torch._env import is_on
from hatch_torch.catalog import load_table
from hatch_torch.hardware import parsers
from hatch_torch.hardware.model import Accelerator, Hardware
from hatch_torch.hardware.probe import ProbeResult

if TYPE_CHECKING:
    from collections.abc import Mapping

    from hatch_torch.hardware.machine import Machine


_SYSCTL = "/usr/sbin/sysctl"
_ROSETTA = "/Library/Apple/usr/share/rosetta"
_SYSCTL_SECONDS = 2.0


def ask_host(machine: Machine) -> ProbeResult:
    """Return the system, the processor, the C library, Python and the environment hints."""
    hints = find_environment_hints(machine)
    facts = Hardware(
        system=machine.system,
        machine=machine.machine,
        libc=machine.libc,
        python=machine.python,
        environment_hints=hints,
    )
    return ProbeResult.found("environment", ", ".join(hints) or "none", facts)


def find_environment_hints(machine: Machine) -> tuple[str, ...]:
    """Return the environment hints of this machine, in the order of the table."""
    return tuple(row["hint"] for row in load_table("environment_hints") if _applies(machine, row))


def is_in_container(machine: Machine) -> bool:
    """Return whether sysfs and /proc may show devices that this process was not given."""
    return not {"container", "image-build"}.isdisjoint(find_environment_hints(machine))


def _applies(machine: Machine, row: Mapping[str, Any]) -> bool:
    """Return whether anything speaks for a hint and nothing against it."""
    has_evidence = (
        _is_any_set(machine, row.get("variables", ()))
        or any(map(machine.exists, row.get("files", ())))
        or any(_contains(machine, content) for content in row.get("contents", ()))
        or any(map(machine.which, row.get("programs", ())))
    )
    return has_evidence and not (
        _is_any_set(machine, row.get("not_variables", ()))
        or any(map(machine.exists, row.get("not_files", ())))
    )


def _is_any_set(machine: Machine, variables: list[str]) -> bool:
    return any(is_on(machine.environ.get(variable)) for variable in variables)


def _contains(machine: Machine, content: Mapping[str, str]) -> bool:
    return content["text"].lower() in (machine.read(content["file"]) or "").lower()


def ask_silicon(machine: Machine) -> ProbeResult:
    """Return the GPU of a Mac with Apple silicon: every one of them has one."""
    if (machine.system, machine.machine) != ("Darwin", "arm64"):
        here = f"{machine.machine} {machine.system}"
        return ProbeResult.no_hardware("apple", f"not a Mac with Apple silicon: {here}")
    names = ("machdep.cpu.brand_string", "hw.memsize")
    completed = machine.run(_SYSCTL, "-n", *names, seconds=_SYSCTL_SECONDS)
    gpu = parse_sysctl(completed.output if completed else "")
    return ProbeResult.found("apple", gpu.name, Hardware(accelerators=(gpu,)))


def ask_rosetta(machine: Machine) -> ProbeResult | None:
    """Return the hint ``rosetta`` if Rosetta translates this Python, which hides the GPU.

    Such a Python accepts only wheels for Intel.
    """
    if machine.system != "Darwin" or machine.machine == "arm64" or not machine.exists(_ROSETTA):
        return None
    completed = machine.run(_SYSCTL, "-in", "sysctl.proc_translated", seconds=_SYSCTL_SECONDS)
    if completed is None or completed.output.strip() != "1":
        return None
    detail = "a Python for Intel on Apple silicon; one for arm64 could use the GPU"
    return ProbeResult.found("rosetta", detail, Hardware(environment_hints=("rosetta",)))


APPLE_PROBES = (ask_rosetta, ask_silicon)


def parse_sysctl(text: str) -> Accelerator:
    """Parse the name of the chip, and its memory in bytes, which the GPU shares, one per line."""
    lines = [*text.splitlines(), "", ""]
    name, size = parsers.parse_name(lines[0]), lines[1].strip()
    memory = parsers.to_mebibytes(int(size)) if size.isascii() and size.isdigit() else None
    return Accelerator("apple", name, "apple-m", memory)
