"""AMD's GPUs, from the kernel's compute nodes (KFD), ROCm's tools or PCI; the installed ROCm."""

from __future__ import annotations

import json
import re
from functools import cache
from typing import TYPE_CHECKING, Any

from hatch_torch.catalog import load_table
from hatch_torch.hardware import parsers
from hatch_torch.hardware.host import is_in_container
from hatch_torch.hardware.model import Accelerator, Hardware, Rocm
from hatch_torch.hardware.pci import GraphicsDevice, find_graphics_devices
from hatch_torch.hardware.probe import ProbeResult

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from hatch_torch.hardware.machine import Machine
    from hatch_torch.hardware.process import CompletedProcess


_PCI_VENDOR = "1002"
_KFD = "/dev/kfd"
_KFD_NODES = "/sys/class/kfd/kfd/topology/nodes/*/properties"
_DRIVER_FILES = (_KFD, "/sys/class/kfd/kfd/topology", "/sys/module/amdgpu")
_PRODUCTS = "/usr/share/libdrm/amdgpu.ids"
_GFX_OVERRIDE = "HSA_OVERRIDE_GFX_VERSION"

_TOOL_SECONDS = 2.0
_TOOL_FOLDER = "/opt/rocm/bin"
_AGENT = r"(?m)^\s*(Name|Marketing Name):[ \t]*(.*?)\s*$"
_SMI_GFX_KEYS = ("target_graphics_version", "gfx version")
_SMI_NAME_KEYS = ("market_name", "card series")
_MAX_SMI_DEPTH = 6

_VERSION_FILE = ".info/version"
_VERSION = r"(\d{1,2}(?:\.\d{1,2}){1,2})(?:[-.+~]\S*)?"
# `AMDSMI Tool: 26.2.0+021c61fc | AMDSMI Library version: 26.2.0 | ROCm version: 7.1.1 | …`
_ROCM = re.compile(r"ROCm version:\s*(\d{1,2}(?:\.\d{1,2}){1,2})\b")


def ask_gfx_override(machine: Machine) -> ProbeResult | None:
    """Report the variable that makes ROCm claim another architecture; the choice ignores it."""
    value = machine.environ.get(_GFX_OVERRIDE)
    if not value:
        return None
    return ProbeResult.note(_GFX_OVERRIDE, f"{parsers.sanitize(value)}; not applied")


def ask_files(machine: Machine) -> ProbeResult:
    """Look for the kernel's driver; without it no tool is run."""
    probe = "amd driver"
    if machine.system == "Windows":
        devices = find_graphics_devices(machine, _PCI_VENDOR)
        if devices:
            return ProbeResult.note(probe, devices[0].driver)
        return ProbeResult.no_hardware(probe, "none in the registry")
    path = next(filter(machine.exists, _DRIVER_FILES), None)
    is_wsl = machine.exists("/dev/dxg") and bool(_rocm_folders(machine))
    if path is None and not is_wsl:
        return ProbeResult.no_hardware(probe, f"none of {', '.join(_DRIVER_FILES)}")
    if is_in_container(machine) and not is_wsl and not machine.exists(_KFD):
        return ProbeResult.no_hardware(probe, f"the host has one, but this container has no {_KFD}")
    version = parsers.sanitize(machine.read("/sys/module/amdgpu/version") or "part of the kernel")
    return ProbeResult.note(probe, f"{version} ({path or 'WSL'})")


def ask_kfd(machine: Machine) -> ProbeResult:
    """Read the topology of KFD: the architectures of all GPUs, without a tool or privileges."""
    nodes = [parse_properties(machine.read(path) or "") for path in machine.glob(_KFD_NODES)]
    gpus = tuple(gpu for gpu in (_find_gpu(machine, node) for node in nodes) if gpu)
    if not gpus:
        detail = f"{len(nodes)} nodes, none of them a GPU" if nodes else "no topology"
        return ProbeResult.absent("kfd", detail)
    return ProbeResult.found("kfd", _list_architectures(gpus), Hardware(accelerators=gpus))


def ask_rocm_agent_enumerator(machine: Machine) -> ProbeResult:
    """Run rocm_agent_enumerator, which prints one architecture per line."""
    return _ask_tool(machine, "rocm_agent_enumerator", (), parse_enumerator)


def ask_rocminfo(machine: Machine) -> ProbeResult:
    """Run rocminfo, which prints architectures and names."""
    return _ask_tool(machine, "rocminfo", (), parse_rocminfo)


def ask_amd_smi(machine: Machine) -> ProbeResult:
    """Run amd-smi, the newer tool of the driver."""
    return _ask_tool(machine, "amd-smi", ("static", "--asic", "--json"), parse_smi)


def ask_rocm_smi(machine: Machine) -> ProbeResult:
    """Run rocm-smi, the older tool of the driver."""
    return _ask_tool(machine, "rocm-smi", ("--showproductname", "--json"), parse_smi)


def ask_pci(machine: Machine) -> ProbeResult:
    """Look for AMD's graphics devices, whose architecture a table tells by their PCI numbers."""
    devices = find_graphics_devices(machine, _PCI_VENDOR)
    if not devices:
        return ProbeResult.no_hardware("amd pci", "no graphics device of AMD")
    gfx_of = _gfx_by_number()
    gpus = tuple(_describe_device(machine, one, gfx_of.get(one.device)) for one in devices)
    detail = ", ".join(gpu.architecture or "unknown architecture" for gpu in gpus)
    return ProbeResult.found("amd pci", detail, Hardware(accelerators=gpus))


@cache
def _gfx_by_number() -> dict[str, str]:
    """Return the architecture for each PCI device number."""
    return {number: row["architecture"] for row in load_table("amd") for number in row["pci"]}


PROBES = (
    ask_gfx_override,
    ask_files,
    ask_kfd,
    ask_rocm_agent_enumerator,
    ask_rocminfo,
    ask_amd_smi,
    ask_rocm_smi,
    ask_pci,
)
"""The probes for GPUs, the cheapest first."""


def ask_rocm_files(machine: Machine) -> ProbeResult:
    """Return the newest ROCm release that has a version file."""
    texts = {folder: machine.read(f"{folder}/{_VERSION_FILE}") for folder in _rocm_folders(machine)}
    folders = {
        version: folder for folder, text in texts.items() if (version := parse_version(text or ""))
    }
    if not folders:
        detail = f"no {_VERSION_FILE} in /opt/rocm*, $ROCM_PATH or $ROCM_HOME"
        return ProbeResult.absent("rocm", detail)
    newest = max(folders, key=lambda version: [int(part) for part in version.split(".")])
    return ProbeResult.found("rocm", f"{newest} in {folders[newest]}", Hardware(rocm=Rocm(newest)))


def ask_rocm_of_amd_smi(machine: Machine) -> ProbeResult | None:
    """Return the ROCm release that amd-smi names, if there is a driver.

    A distribution's own packages have no version file. rocm-smi and rocminfo print only their own
    versions, and that of HSA's interface.
    """
    if not machine.exists(_KFD):
        return None
    probe = "amd-smi version"
    path, completed = _run_tool(machine, "amd-smi", "version")
    if completed is None:
        return _missing(probe, "amd-smi")
    version = parse_rocm_of_amd_smi(completed.output)
    if version is None:
        return ProbeResult.broken(probe, parsers.describe_exit(completed))
    return ProbeResult.found(probe, f"{path}: {version}", Hardware(rocm=Rocm(version)))


ROCM_PROBES = (ask_rocm_files, ask_rocm_of_amd_smi)
"""The probes for the installed ROCm release."""


def parse_properties(text: str) -> dict[str, int]:
    """Parse the properties of a KFD node, lines of a name and a number."""
    pairs = (line.split() for line in text.splitlines())
    return {
        pair[0]: int(pair[1])
        for pair in pairs
        if len(pair) == 2 and pair[1].isascii() and pair[1].isdigit()  # noqa: PLR2004 - name, number
    }


def parse_version(text: str) -> str | None:
    """Parse the release in `.info/version`: ``6.4.1-83`` is 6.4.1."""
    match = re.fullmatch(_VERSION, text.strip())
    return match[1] if match else None


def parse_rocm_of_amd_smi(text: str) -> str | None:
    """Parse the ROCm release in the output of `amd-smi version`; ``N/A`` is None."""
    match = _ROCM.search(text)
    return match[1] if match else None


def parse_product(text: str, device: str, revision: str) -> str | None:
    """Find the name of a device in libdrm's table of ``device, revision, name``."""
    for line in text.splitlines():
        number, *rest = (cell.strip() for cell in line.split(",", 2))
        if [number.lower(), *(cell.lower() for cell in rest[:1])] == [device, revision]:
            return parsers.parse_name(rest[1]) if rest[1:] else None
    return None


def parse_enumerator(text: str) -> list[Accelerator]:
    """Parse architectures, one per line; gfx000 is a processor."""
    return [
        Accelerator("amd", architecture=gfx) for gfx in map(parsers.parse_gfx, text.split()) if gfx
    ]


def parse_rocminfo(text: str) -> list[Accelerator]:
    """Parse the agents that are GPUs, not the instruction sets (``amdgcn-amd-amdhsa--gfx1100``)."""
    gpus: list[Accelerator] = []
    for key, value in re.findall(_AGENT, text):
        if key == "Name" and (gfx := parsers.parse_gfx(value)):
            gpus.append(Accelerator("amd", architecture=gfx))
        elif key == "Marketing Name" and gpus and gpus[-1].name == parsers.UNKNOWN:
            gpus[-1] = gpus[-1]._replace(name=parsers.parse_name(value))
    return gpus


def parse_smi(text: str) -> list[Accelerator]:
    """Parse the JSON of amd-smi or rocm-smi; [] if it is not JSON."""
    try:
        return list(_iter_smi_gpus(json.loads(text), _MAX_SMI_DEPTH))
    except (ValueError, RecursionError):
        return []


def _iter_smi_gpus(node: Any, depth: int) -> Iterator[Accelerator]:  # noqa: ANN401 - JSON
    """Yield each object with an architecture, at any depth: the layout changed often."""
    if depth and isinstance(node, dict):
        values = {str(key).lower(): str(value) for key, value in node.items()}
        texts = (values.get(key, "") for key in _SMI_GFX_KEYS)
        if gfx := next(filter(None, map(parsers.parse_gfx, texts)), None):
            name = next((values[key] for key in _SMI_NAME_KEYS if key in values), "")
            yield Accelerator("amd", parsers.parse_name(name), gfx)
            return
        node = list(node.values())
    for child in node if depth and isinstance(node, list) else ():
        yield from _iter_smi_gpus(child, depth - 1)


def _ask_tool(
    machine: Machine,
    tool: str,
    arguments: tuple[str, ...],
    parse: Callable[[str], list[Accelerator]],
) -> ProbeResult:
    path, completed = _run_tool(machine, tool, *arguments)
    if completed is None:
        return _missing(tool, tool)
    gpus = tuple(parse(completed.output))
    if not gpus:
        return ProbeResult.broken(tool, parsers.describe_exit(completed))
    detail = f"{path}: {_list_architectures(gpus)}"
    return ProbeResult.found(tool, detail, Hardware(accelerators=gpus))


def _run_tool(
    machine: Machine, tool: str, *arguments: str
) -> tuple[str | None, CompletedProcess | None]:
    """Run a tool of ROCm; return its path, and None for what does not exist or start."""
    path = next(filter(machine.which, _tool_paths(tool)), None)
    return path, machine.run(path, *arguments, seconds=_TOOL_SECONDS) if path else None


def _missing(probe: str, tool: str) -> ProbeResult:
    return ProbeResult.absent(probe, f"none of {', '.join(_tool_paths(tool))}")


def _tool_paths(tool: str) -> tuple[str, str]:
    return tool, f"{_TOOL_FOLDER}/{tool}"


def _find_gpu(machine: Machine, node: Mapping[str, int]) -> Accelerator | None:
    """Return the GPU of a KFD node; None for a processor, whose version is 0."""
    gfx = parsers.format_gfx(node.get("gfx_target_version", 0))
    if gfx is None:
        return None
    render = f"renderD{node.get('drm_render_minor', 0)}"
    devices = find_graphics_devices(machine, _PCI_VENDOR)
    device = next((device for device in devices if render in device.folder), None)
    return (
        _describe_device(machine, device, gfx) if device else Accelerator("amd", architecture=gfx)
    )


def _describe_device(machine: Machine, device: GraphicsDevice, gfx: str | None) -> Accelerator:
    return Accelerator("amd", _find_name(machine, device), gfx, device.memory_mib)


def _find_name(machine: Machine, device: GraphicsDevice) -> str:
    """Return the name of a device: the board's own, the driver's, or the one in libdrm's table."""
    name = parsers.parse_name(machine.read(f"{device.folder}/product_name") or device.name)
    if name != parsers.UNKNOWN or not device.folder:
        return name
    revision = (machine.read(f"{device.folder}/revision") or "").strip().lower().removeprefix("0x")
    product = parse_product(machine.read(_PRODUCTS) or "", device.device, revision)
    return product or parsers.UNKNOWN


def _list_architectures(gpus: tuple[Accelerator, ...]) -> str:
    return ", ".join(str(gpu.architecture) for gpu in gpus)


def _rocm_folders(machine: Machine) -> tuple[str, ...]:
    """Return the folders with a version file of ROCm."""
    named = (machine.environ.get(variable, "") for variable in ("ROCM_PATH", "ROCM_HOME"))
    folders = (*(folder.rstrip("/") for folder in named if folder), *machine.glob("/opt/rocm*"))
    unique = dict.fromkeys(folders)
    return tuple(folder for folder in unique if machine.exists(f"{folder}/{_VERSION_FILE}"))
