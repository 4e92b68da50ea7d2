"""NVIDIA's GPUs: the driver's files, NVML, libcuda, nvidia-smi, and what is known without these.

The libraries are queried in a child process (`driver_probe`), since a broken driver can hang or
crash its caller.
"""

from __future__ import annotations

import json
import re
from pathlib import PureWindowsPath
from typing import TYPE_CHECKING, Any

from hatch_torch.hardware import parsers
from hatch_torch.hardware.host import is_in_container
from hatch_torch.hardware.model import Accelerator, Hardware, Nvidia
from hatch_torch.hardware.pci import find_graphics_devices
from hatch_torch.hardware.probe import ProbeResult
from hatch_torch.hardware.process import CompletedProcess

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from hatch_torch.hardware.machine import Machine


_PCI_VENDOR = "10de"
_MODULE, _PROC = "/sys/module/nvidia/version", "/proc/driver/nvidia/version"
_DEVICES = ("/dev/nvidiactl", "/dev/nvhost-ctrl-gpu", "/dev/nvgpu")
_DRIVER_FILES = (_MODULE, _PROC, *_DEVICES, "/usr/lib/wsl/lib/libnvidia-ml.so.1")
_GPU_FILES = "/proc/driver/nvidia/gpus/*/information"
_NVRM = r"NVRM version:.*?\s(\d{3}\.\d{1,3}(?:\.\d{1,3})?)\s"
_MODEL = r"(?m)^Model:\s*(.+)$"
_WINDOWS_DRIVER = r"\d+\.\d+\.\d*(\d)\.(\d{2})(\d{2})"
_LIBRARY_SECONDS = {"nvml": 5.0, "libcuda": 2.0}

_SMI_PATHS = (
    "nvidia-smi",
    "/usr/bin/nvidia-smi",
    "/usr/lib/wsl/lib/nvidia-smi",
    "/usr/local/nvidia/bin/nvidia-smi",
    "/run/current-system/sw/bin/nvidia-smi",
)
SMI_FIELDS = ("driver_version", "compute_cap", "name", "memory.total")
"""The fields that nvidia-smi is asked for, of each GPU."""
OLD_SMI_FIELDS = tuple(field for field in SMI_FIELDS if field != "compute_cap")
"""Those that tools older than driver 510 know."""
_SMI_SECONDS = 2.5
_NO_DEVICES = "no devices were found"
_CAPABILITY = r"(\d{1,2})\.(\d)"
_MEMORY = r"(\d{1,8})(?: MiB)?"
# The first box of nvidia-smi; newer tools call the driver "KMD" and CUDA's interface "CUDA UMD".
_HEADER_DRIVER = r"(?:Driver|KMD) Version:\s*(\d{3}\.[\d.]+)"
_HEADER_CUDA = r"CUDA (?:UMD )?Version:\s*(\d+\.\d+)"


def ask_files(machine: Machine) -> ProbeResult:
    """Look for the files of a driver; without them no process is started."""
    probe, paths = "nvidia driver", _driver_files(machine)
    path = next(filter(machine.exists, paths), None)
    if path is None and machine.exists("/sys/module/nouveau"):
        detail = "the GPU uses the driver nouveau, which can't run CUDA"
        return ProbeResult.no_hardware(probe, detail)
    if path is None:
        return ProbeResult.no_hardware(probe, f"none of {', '.join(paths)}")
    version = _read_driver(machine) or "unknown version"
    # /proc and /sys show the host's driver; in /dev are the devices that a container was given.
    if is_in_container(machine) and not any(map(machine.exists, (*_DEVICES, "/dev/dxg"))):
        detail = f"the host has driver {version}, but this container was given no GPU"
        return ProbeResult.no_hardware(probe, detail)
    return ProbeResult.note(probe, f"{version} ({path})")


def ask_nvml(machine: Machine) -> ProbeResult:
    """Query NVML, NVIDIA's management library, which also answers while the GPUs are in use."""
    return _ask_library(machine, "nvml")


def ask_libcuda(machine: Machine) -> ProbeResult:
    """Query libcuda, which Jetsons and some containers have where NVML is missing."""
    return _ask_library(machine, "libcuda")


def ask_nvidia_smi(machine: Machine) -> ProbeResult:
    """Query nvidia-smi, in a second try without the field that old ones don't know."""
    probe, paths = "nvidia-smi", _smi_paths(machine)
    path = next(filter(machine.which, paths), None)
    if path is None:
        return ProbeResult.absent(probe, f"none of {', '.join(paths)}")
    completed = _query_smi(machine, path, SMI_FIELDS)
    if _NO_DEVICES in completed.output.lower():
        return ProbeResult.no_hardware(probe, _NO_DEVICES)
    rows = parse_smi_rows(completed.output, SMI_FIELDS)
    if not rows and completed.exit_code is not None:
        retried = _query_smi(machine, path, OLD_SMI_FIELDS)
        rows = parse_smi_rows(retried.output, OLD_SMI_FIELDS)
    header = Nvidia() if completed.exit_code is None else _read_smi_header(machine, path)
    if not rows and header == Nvidia():
        return ProbeResult.broken(probe, parsers.describe_exit(completed))
    if not rows:
        facts = Hardware(accelerators=_name_gpus(machine), nvidia=header)
        return ProbeResult.broken(probe, f"{path}: {_describe(header)}, but no GPU", facts)
    driver = next(filter(None, (driver for driver, _ in rows)), header.driver)
    nvidia, gpus = Nvidia(driver, header.cuda), tuple(gpu for _, gpu in rows)
    facts = Hardware(accelerators=gpus, nvidia=nvidia)
    return ProbeResult.found(probe, f"{path}: {_describe(nvidia)}", facts)


def ask_remains(machine: Machine) -> ProbeResult:
    """Return what files tell of a driver that does not answer: its version, names of GPUs."""
    detail = "a driver is installed, but does not answer; the architecture is unknown"
    facts = Hardware(accelerators=_name_gpus(machine), nvidia=Nvidia(_read_driver(machine)))
    return ProbeResult.broken("nvidia", detail, facts)


def _name_gpus(machine: Machine) -> tuple[Accelerator, ...]:
    """Return the GPUs that files or the registry name; one of which nothing is known if none."""
    names = [parse_information(machine.read(path) or "") for path in machine.glob(_GPU_FILES)]
    if machine.system == "Windows":
        names += [device.name for device in find_graphics_devices(machine, _PCI_VENDOR)]
    return tuple(Accelerator("nvidia", name) for name in names or [parsers.UNKNOWN])


def _read_smi_header(machine: Machine, path: str) -> Nvidia:
    return parse_smi_header(_run_smi(machine, path).output)


PROBES = (ask_files, ask_nvml, ask_libcuda, ask_nvidia_smi, ask_remains)
"""The cheapest first."""


def _driver_files(machine: Machine) -> tuple[str, ...]:
    """Return the files of which an installed driver has at least one."""
    if machine.system != "Windows":
        return _DRIVER_FILES
    return tuple(str(folder / "nvml.dll") for folder in _windows_folders(machine))


def _windows_folders(machine: Machine) -> tuple[PureWindowsPath, PureWindowsPath]:
    """Return the folders of NVIDIA's tools on Windows, that of older drivers last."""
    windows = machine.environ.get("SYSTEMROOT") or r"C:\Windows"
    programs = machine.environ.get("PROGRAMFILES") or r"C:\Program Files"
    older = PureWindowsPath(programs, "NVIDIA Corporation", "NVSMI")
    return PureWindowsPath(windows, "System32"), older


def _read_driver(machine: Machine) -> str | None:
    """Return the driver's version from files or the registry."""
    if machine.system == "Windows":
        devices = find_graphics_devices(machine, _PCI_VENDOR)
        return next(filter(None, (parse_windows_driver(one.driver) for one in devices)), None)
    return parsers.parse_driver(machine.read(_MODULE)) or parse_nvrm(machine.read(_PROC) or "")


def parse_nvrm(text: str) -> str | None:
    """Parse the version in `/proc/driver/nvidia/version`, of the closed or the open module."""
    match = re.search(_NVRM, text)
    return match[1] if match else None


def parse_information(text: str) -> str:
    """Parse the name of a GPU in `/proc/driver/nvidia/gpus/<address>/information`."""
    match = re.search(_MODEL, text)
    return parsers.parse_name(match[1]) if match else parsers.UNKNOWN


def parse_windows_driver(version: str) -> str | None:
    """Return NVIDIA's version for the one in Windows' registry: 32.0.15.6094 is 560.94."""
    match = re.fullmatch(_WINDOWS_DRIVER, version)
    return parsers.parse_driver(f"{match[1]}{match[2]}.{match[3]}") if match else None


def _ask_library(machine: Machine, library: str) -> ProbeResult:
    completed = machine.ask_library(library, _LIBRARY_SECONDS[library])
    if completed is None:
        return ProbeResult.absent(library, "Python could not be started")
    try:
        answer = parse_answer(completed.output)
    except (ValueError, RecursionError):
        return ProbeResult.broken(library, parsers.describe_exit(completed))
    if "fault" in answer:
        fault = parsers.sanitize(str(answer["fault"]))
        report = ProbeResult.absent if answer.get("missing") else ProbeResult.broken
        return report(library, fault)
    nvidia, gpus = parse_versions(answer, _read_driver(machine)), parse_gpus(answer)
    partitioned = sum(1 for gpu in answer["gpus"] if isinstance(gpu, dict) and gpu.get("mig"))
    detail = _describe(nvidia) + (f", {partitioned} partitioned (MIG)" if partitioned else "")
    if not gpus:
        return ProbeResult.no_hardware(library, f"{detail}: no GPU")
    return ProbeResult.found(library, detail, Hardware(accelerators=gpus, nvidia=nvidia))


def _describe(nvidia: Nvidia) -> str:
    return f"driver {nvidia.driver or 'unknown'}, CUDA {nvidia.cuda or 'unknown'}"


def parse_answer(text: str) -> dict[str, Any]:
    """Parse the output of `driver_probe`. Raises ValueError if it is not such an output."""
    answer = json.loads(text)
    if isinstance(answer, dict) and ("fault" in answer or isinstance(answer.get("gpus"), list)):
        return answer
    raise ValueError("not an answer of driver_probe")


def parse_versions(answer: Mapping[str, Any], driver: str | None) -> Nvidia:
    """Parse the versions of the driver and of CUDA; `driver` is for a library without the first."""
    number = answer.get("cuda")
    return Nvidia(
        driver=parsers.parse_driver(str(answer.get("driver"))) or driver,
        cuda=parsers.format_cuda(number) if isinstance(number, int) else None,
    )


def parse_gpus(answer: Mapping[str, Any]) -> tuple[Accelerator, ...]:
    """Parse the GPUs; an implausible value counts as unknown."""
    return tuple(_parse_gpu(gpu) for gpu in answer["gpus"] if isinstance(gpu, dict))


def _parse_gpu(gpu: Mapping[str, Any]) -> Accelerator:
    match gpu.get("capability"):
        case [int(major), int(minor)]:
            architecture = parsers.format_sm(major, minor)
        case _:
            architecture = None
    memory = gpu.get("memory")
    return Accelerator(
        vendor="nvidia",
        name=parsers.parse_name(str(gpu.get("name") or "")),
        architecture=architecture,
        memory_mib=parsers.to_mebibytes(memory) if isinstance(memory, int) else None,
    )


def _smi_paths(machine: Machine) -> tuple[str, ...]:
    if machine.system != "Windows":
        return _SMI_PATHS
    folders = _windows_folders(machine)
    return (*(str(folder / "nvidia-smi.exe") for folder in folders), "nvidia-smi")


def _query_smi(machine: Machine, path: str, fields: tuple[str, ...]) -> CompletedProcess:
    return _run_smi(machine, path, f"--query-gpu={','.join(fields)}", "--format=csv,noheader")


def _run_smi(machine: Machine, path: str, *arguments: str) -> CompletedProcess:
    completed = machine.run(path, *arguments, seconds=_SMI_SECONDS)
    return completed or CompletedProcess(exit_code=None)


def parse_smi_rows(text: str, fields: tuple[str, ...]) -> list[tuple[str | None, Accelerator]]:
    """Parse the driver and the GPU of each line; a line that has neither is skipped."""
    return list(_iter_smi_rows(text, fields))


def _iter_smi_rows(text: str, fields: tuple[str, ...]) -> Iterator[tuple[str | None, Accelerator]]:
    for line in text.splitlines():
        cells = _split_smi_row(line, fields)
        driver, gpu = parsers.parse_driver(cells.get("driver_version")), _parse_smi_gpu(cells)
        if driver or gpu.architecture:
            yield driver, gpu


def _split_smi_row(line: str, fields: tuple[str, ...]) -> dict[str, str]:
    """Return the cells of a line by field; a comma too many belongs to the name."""
    cells = [cell.strip() for cell in line.split(",")]
    if len(cells) < len(fields):
        return {}
    before = fields.index("name")
    after = len(fields) - before - 1
    cells[before:-after] = [", ".join(cells[before:-after])]
    return dict(zip(fields, cells, strict=True))


def _parse_smi_gpu(cells: Mapping[str, str]) -> Accelerator:
    capability = re.fullmatch(_CAPABILITY, cells.get("compute_cap", ""))
    memory = re.fullmatch(_MEMORY, cells.get("memory.total", ""))
    return Accelerator(
        vendor="nvidia",
        name=parsers.parse_name(cells.get("name", "")),
        architecture=parsers.format_sm(int(capability[1]), int(capability[2]))
        if capability
        else None,
        memory_mib=parsers.to_mebibytes(int(memory[1]) * 2**20) if memory else None,
    )


def parse_smi_header(text: str) -> Nvidia:
    """Parse the versions in the first box of nvidia-smi."""
    driver, cuda = re.search(_HEADER_DRIVER, text), re.search(_HEADER_CUDA, text)
    return Nvidia(
        parsers.parse_driver(driver[1]) if driver else None,
        parsers.parse_cuda(cuda[1]) if cuda else None,
    )
