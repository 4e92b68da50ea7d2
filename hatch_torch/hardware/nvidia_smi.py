"""nvidia-smi, the last of NVIDIA's ways: its path, its questions, its many ways to fail."""

from __future__ import annotations

import re
from pathlib import PureWindowsPath
from typing import TYPE_CHECKING

from hatch_torch.hardware import reading
from hatch_torch.hardware.chain import absent, broken, found, nothing
from hatch_torch.hardware.commands import Ran
from hatch_torch.hardware.facts import Accelerator, Hardware, Nvidia

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from hatch_torch.hardware.chain import Answer
    from hatch_torch.hardware.machine import Machine

_PATHS = (
    "nvidia-smi",
    "/usr/bin/nvidia-smi",
    "/usr/lib/wsl/lib/nvidia-smi",
    "/usr/local/nvidia/bin/nvidia-smi",
    "/run/current-system/sw/bin/nvidia-smi",
)
FIELDS = ("driver_version", "compute_cap", "name", "memory.total")
"""What is asked of each GPU; tools older than driver 510 do not know compute_cap."""
OLD_FIELDS = tuple(field for field in FIELDS if field != "compute_cap")
_SECONDS = 2.5
_NO_GPU = "no devices were found"
_CAPABILITY = r"(\d{1,2})\.(\d)"
_MEMORY = r"(\d{1,8})(?: MiB)?"
# The tool's first box; newer ones call the driver "KMD" and CUDA's interface "CUDA UMD".
_HEADER_DRIVER = r"(?:Driver|KMD) Version:\s*(\d{3}\.[\d.]+)"
_HEADER_CUDA = r"CUDA (?:UMD )?Version:\s*(\d+\.\d+)"


def ask_nvidia_smi(machine: Machine) -> Answer:
    """Ask the tool about each GPU, and in its own words where it does not know the question."""
    probe = "nvidia-smi"
    path = next(filter(machine.which, _paths(machine)), None)
    if path is None:
        return absent(probe, f"none of {', '.join(_paths(machine))}")
    ran = _query(machine, path, FIELDS)
    if _NO_GPU in ran.out.lower():
        return nothing(probe, "no devices were found")
    rows = parse_rows(ran.out, FIELDS)
    if not rows and ran.code is not None:
        rows = parse_rows(_query(machine, path, OLD_FIELDS).out, OLD_FIELDS)
    if not rows:
        return broken(probe, reading.ending(ran))
    header = parse_header(_run(machine, path).out)
    nvidia = Nvidia(next(filter(None, (driver for driver, _ in rows)), header.driver), header.cuda)
    detail = f"{path}: driver {nvidia.driver or 'unknown'}, CUDA {nvidia.cuda or 'unknown'}"
    return found(probe, detail, Hardware(accelerators=tuple(gpu for _, gpu in rows), nvidia=nvidia))


def parse_rows(text: str, fields: tuple[str, ...]) -> list[tuple[str | None, Accelerator]]:
    """Read the driver and the GPU of each line; lines that tell neither are no answer."""
    return list(_rows(text, fields))


def parse_header(text: str) -> Nvidia:
    """Read the versions from the box that the tool opens with."""
    driver, cuda = re.search(_HEADER_DRIVER, text), re.search(_HEADER_CUDA, text)
    return Nvidia(
        reading.driver(driver[1]) if driver else None, reading.cuda(cuda[1]) if cuda else None
    )


def _rows(text: str, fields: tuple[str, ...]) -> Iterator[tuple[str | None, Accelerator]]:
    for line in text.splitlines():
        told = _cells(line, fields)
        driver, gpu = reading.driver(told.get("driver_version")), _gpu(told)
        if driver or gpu.architecture:
            yield driver, gpu


def _cells(line: str, fields: tuple[str, ...]) -> dict[str, str]:
    """Take a line apart; a comma too many belongs to the name."""
    cells = [cell.strip() for cell in line.split(",")]
    before = fields.index("name")
    after = len(fields) - before - 1
    if len(cells) < len(fields):
        return {}
    cells[before:-after] = [", ".join(cells[before:-after])]
    return dict(zip(fields, cells, strict=True))


def _gpu(told: Mapping[str, str]) -> Accelerator:
    capability = re.fullmatch(_CAPABILITY, told.get("compute_cap", ""))
    memory = re.fullmatch(_MEMORY, told.get("memory.total", ""))
    return Accelerator(
        vendor="nvidia",
        name=reading.name(told.get("name", "")),
        architecture=reading.sm(int(capability[1]), int(capability[2])) if capability else None,
        memory_mib=reading.mebibytes(int(memory[1]) * 2**20) if memory else None,
    )


def _paths(machine: Machine) -> tuple[str, ...]:
    if machine.system != "Windows":
        return _PATHS
    root = PureWindowsPath(machine.environ.get("SYSTEMROOT") or r"C:\Windows", "System32")
    older = PureWindowsPath(machine.environ.get("PROGRAMFILES") or r"C:\Program Files")
    folder = older / "NVIDIA Corporation" / "NVSMI"
    return (str(root / "nvidia-smi.exe"), str(folder / "nvidia-smi.exe"), "nvidia-smi")


def _query(machine: Machine, path: str, fields: tuple[str, ...]) -> Ran:
    return _run(machine, path, f"--query-gpu={','.join(fields)}", "--format=csv,noheader")


def _run(machine: Machine, path: str, *words: str) -> Ran:
    return machine.run(path, *words, seconds=_SECONDS) or Ran(code=None)
