"""ROCm's tools: the question to each of them, and the reading of its answer."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

from hatch_torch.hardware import reading
from hatch_torch.hardware.chain import absent, broken, found
from hatch_torch.hardware.facts import Accelerator, Hardware, Rocm

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from hatch_torch.hardware.chain import Answer
    from hatch_torch.hardware.machine import Machine

_SECONDS = 2.0
_FOLDER = "/opt/rocm/bin"
_AGENT = r"(?m)^\s*(Name|Marketing Name):[ \t]*(.*?)\s*$"
_TARGET_KEYS = {"target_graphics_version", "gfx version"}
_NAME_KEYS = ("market_name", "card series")
_DEEPEST = 6
# `AMDSMI Tool: 26.2.0+021c61fc | AMDSMI Library version: 26.2.0 | ROCm version: 7.1.1 | …`
_ROCM = re.compile(r"ROCm version:\s*(\d{1,2}(?:\.\d{1,2}){1,2})\b")


def ask_rocm_agent_enumerator(machine: Machine) -> Answer:
    """Ask for the targets, one a line."""
    return _ask(machine, "rocm_agent_enumerator", (), parse_enumerator)


def ask_rocminfo(machine: Machine) -> Answer:
    """Ask for the agents: targets and names."""
    return _ask(machine, "rocminfo", (), parse_rocminfo)


def ask_amd_smi(machine: Machine) -> Answer:
    """Ask the newer tool of the drivers."""
    return _ask(machine, "amd-smi", ("static", "--asic", "--json"), parse_smi)


def ask_rocm_smi(machine: Machine) -> Answer:
    """Ask the older tool of the drivers."""
    return _ask(machine, "rocm-smi", ("--showproductname", "--json"), parse_smi)


def ask_release(machine: Machine) -> Answer:
    """Ask which ROCm is installed: a system's own packages keep it where no file tells.

    rocm-smi and rocminfo tell versions too: their own, and that of HSA's interface.
    """
    probe, paths = "amd-smi version", ("amd-smi", f"{_FOLDER}/amd-smi")
    path = next(filter(machine.which, paths), None)
    ran = machine.run(path, "version", seconds=_SECONDS) if path else None
    if ran is None:
        return absent(probe, f"none of {', '.join(paths)}")
    version = parse_release(ran.out)
    if version is None:
        return broken(probe, reading.ending(ran))
    return found(probe, f"{path}: {version}", Hardware(rocm=Rocm(version)))


def parse_release(text: str) -> str | None:
    """Read the release of ROCm from `amd-smi version`; ``N/A`` is none."""
    match = _ROCM.search(text)
    return match[1] if match else None


def parse_enumerator(text: str) -> list[Accelerator]:
    """Read targets, one a line; gfx000 is a processor."""
    return [Accelerator("amd", architecture=one) for one in map(reading.gfx, text.split()) if one]


def parse_rocminfo(text: str) -> list[Accelerator]:
    """Read the agents that are GPUs; the names of their instruction sets are no targets."""
    gpus: list[Accelerator] = []
    for key, value in re.findall(_AGENT, text):
        if key == "Name" and (target := reading.gfx(value)):
            gpus.append(Accelerator("amd", architecture=target))
        elif key == "Marketing Name" and gpus and gpus[-1].name == reading.UNKNOWN:
            gpus[-1] = Accelerator("amd", reading.name(value), gpus[-1].architecture)
    return gpus


def parse_smi(text: str) -> list[Accelerator]:
    """Read the JSON of amd-smi or rocm-smi, whose shape changed often; bad JSON is no GPU."""
    try:
        return list(_cards(json.loads(text), _DEEPEST))
    except (ValueError, RecursionError):
        return []


def _cards(node: Any, depth: int) -> Iterator[Accelerator]:  # noqa: ANN401 - JSON
    """Yield each object, however deep, that says which target it is."""
    if depth and isinstance(node, dict):
        told = {str(key).lower(): value for key, value in node.items()}
        target = next(filter(None, (reading.gfx(str(told.get(key))) for key in _TARGET_KEYS)), None)
        if target:
            name = next((str(told[key]) for key in _NAME_KEYS if key in told), "")
            yield Accelerator("amd", reading.name(name), target)
            return
        node = list(node.values())
    for inner in node if depth and isinstance(node, list) else ():
        yield from _cards(inner, depth - 1)


def _ask(
    machine: Machine,
    tool: str,
    words: tuple[str, ...],
    parse: Callable[[str], list[Accelerator]],
) -> Answer:
    paths = (tool, f"{_FOLDER}/{tool}")
    path = next(filter(machine.which, paths), None)
    ran = machine.run(path, *words, seconds=_SECONDS) if path else None
    if ran is None:
        return absent(tool, f"none of {', '.join(paths)}")
    gpus = tuple(parse(ran.out))
    if not gpus:
        return broken(tool, reading.ending(ran))
    targets = ", ".join(str(gpu.architecture) for gpu in gpus)
    return found(tool, f"{path}: {targets}", Hardware(accelerators=gpus))
