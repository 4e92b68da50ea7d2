"""ROCm's tools: the question to each of them, and the reading of its answer.

AMD: the kernel's list of compute nodes (KFD), ROCm's tools, what is installed, PCI.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

from hatch_torch.hardware import parsers as reading
from hatch_torch.hardware.host import in_container
from hatch_torch.hardware.model import Accelerator, Hardware, Rocm, Source
from hatch_torch.hardware.pci import Display, displays
from hatch_torch.hardware.probe import Answer, absent, broken, found, noted, nothing

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

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


_KFD = "/dev/kfd"
_NODES = "/sys/class/kfd/kfd/topology/nodes/*/properties"
_PRESENCE = (_KFD, "/sys/class/kfd/kfd/topology", "/sys/module/amdgpu")
_PCI_VENDOR = "1002"
_PRODUCTS = "/usr/share/libdrm/amdgpu.ids"
_VERSION_FILE = ".info/version"
_VERSION = r"(\d{1,2}(?:\.\d{1,2}){1,2})(?:[-.+~]\S*)?"
_OVERRIDE = "HSA_OVERRIDE_GFX_VERSION"


def note_override(machine: Machine) -> Answer | None:
    """Note the variable that makes ROCm report another target; what is chosen ignores it."""
    value = machine.environ.get(_OVERRIDE)
    return noted(_OVERRIDE, f"{reading.clean(value)}; not applied") if value else None


def ask_files(machine: Machine) -> Answer:
    """Look for the kernel's driver; without one no tool is run."""
    probe = "amd driver"
    if machine.system == "Windows":
        listed = displays(machine, _PCI_VENDOR)
        return noted(probe, listed[0].driver) if listed else nothing(probe, "none in the registry")
    wsl = machine.exists("/dev/dxg") and bool(_roots(machine))
    seen = next(filter(machine.exists, _PRESENCE), None)
    if seen is None and not wsl:
        return nothing(probe, f"none of {', '.join(_PRESENCE)}")
    if in_container(machine) and not wsl and not machine.exists(_KFD):
        return nothing(probe, f"the host has one, but this container has no {_KFD}")
    version = reading.clean(machine.read("/sys/module/amdgpu/version") or "of the kernel")
    return noted(probe, f"{version} ({seen or 'WSL'})")


def ask_kfd(machine: Machine) -> Answer:
    """Read the kernel's topology: every target, without a tool and without being root."""
    nodes = [parse_properties(machine.read(path) or "") for path in machine.glob(_NODES)]
    gpus = [_of_node(machine, node) for node in nodes]
    known = tuple(gpu for gpu in gpus if gpu)
    if not known:
        return absent("kfd", f"{len(nodes)} nodes, none of them a GPU" if nodes else "no topology")
    return found("kfd", _targets(known), Hardware(accelerators=known))


def ask_pci(machine: Machine) -> Answer:
    """Look for AMD's graphics devices, whose target PCI does not tell."""
    listed = displays(machine, _PCI_VENDOR)
    if not listed:
        return nothing("amd pci", "no graphics device of AMD")
    gpus = tuple(Accelerator("amd", _name(machine, one), None, one.memory_mib) for one in listed)
    return found("amd pci", "the target is not known", Hardware(accelerators=gpus))


WAYS = (
    note_override,
    ask_files,
    ask_kfd,
    ask_rocm_agent_enumerator,
    ask_rocminfo,
    ask_amd_smi,
    ask_rocm_smi,
    ask_pci,
)
"""The ways to find out about AMD's GPUs, the cheapest first."""


def ask_installed(machine: Machine) -> Answer:
    """Return the newest ROCm release that files tell of."""
    read = {root: machine.read(f"{root}/{_VERSION_FILE}") for root in _roots(machine)}
    known = {version: root for root, text in read.items() if (version := parse_version(text or ""))}
    if not known:
        return absent("rocm", f"no {_VERSION_FILE} in /opt/rocm*, $ROCM_PATH or $ROCM_HOME")
    newest = max(known, key=lambda version: [int(part) for part in version.split(".")])
    return Answer(
        Source("rocm", "found", f"{newest} in {known[newest]}"), Hardware(rocm=Rocm(newest))
    )


def ask_release_of_tool(machine: Machine) -> Answer | None:
    """Ask the driver's tool for the ROCm release, where there is a driver."""
    return ask_release(machine) if machine.exists(_KFD) else None


INSTALLED = (ask_installed, ask_release_of_tool)
"""The ways to find out which ROCm is installed."""


def parse_properties(text: str) -> dict[str, int]:
    """Read a node's properties, lines of a name and a number."""
    pairs = (line.split() for line in text.splitlines())
    return {
        pair[0]: int(pair[1])
        for pair in pairs
        if len(pair) == 2 and pair[1].isascii() and pair[1].isdigit()  # noqa: PLR2004 - name, number
    }


def parse_version(text: str) -> str | None:
    """Read the release from `.info/version`: ``6.4.1-83`` is 6.4.1."""
    match = re.fullmatch(_VERSION, text.strip())
    return match[1] if match else None


def parse_product(text: str, device: str, revision: str) -> str | None:
    """Read a product's name from libdrm's table of ``device, revision, name``."""
    for line in text.splitlines():
        cells = [cell.strip() for cell in line.split(",", 2)]
        if [cell.lower() for cell in cells[:2]] == [device, revision]:
            return reading.name(cells[2]) if len(cells) > 2 else None  # noqa: PLR2004 - the third is the name
    return None


def _of_node(machine: Machine, node: Mapping[str, int]) -> Accelerator | None:
    """Describe a node's GPU; a processor's target is 0."""
    target = reading.gfx_of_number(node.get("gfx_target_version", 0))
    if target is None:
        return None
    render = f"renderD{node.get('drm_render_minor', 0)}"
    device = next((one for one in displays(machine, _PCI_VENDOR) if render in one.folder), None)
    if device is None:
        return Accelerator("amd", architecture=target)
    return Accelerator("amd", _name(machine, device), target, device.memory_mib)


def _name(machine: Machine, display: Display) -> str:
    """Return a device's name: the board's own, the driver's, or that of libdrm's table."""
    board = reading.name(machine.read(f"{display.folder}/product_name") or display.name)
    if board != reading.UNKNOWN or not display.folder:
        return board
    revision = (machine.read(f"{display.folder}/revision") or "").strip().lower().removeprefix("0x")
    product = parse_product(machine.read(_PRODUCTS) or "", display.device, revision)
    return product or reading.UNKNOWN


def _targets(gpus: tuple[Accelerator, ...]) -> str:
    return ", ".join(str(gpu.architecture) for gpu in gpus)


def _roots(machine: Machine) -> tuple[str, ...]:
    """Return the folders in which a ROCm may be installed."""
    named = (machine.environ.get(variable, "") for variable in ("ROCM_PATH", "ROCM_HOME"))
    roots = (*(root.rstrip("/") for root in named if root), *machine.glob("/opt/rocm*"))
    return tuple(dict.fromkeys(root for root in roots if machine.exists(f"{root}/{_VERSION_FILE}")))
