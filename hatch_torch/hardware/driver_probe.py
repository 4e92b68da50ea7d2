"""Ask a driver's library, in a process of its own, because it may hang or crash there.

The protocol: ``python -I in_child.py QUESTION PATHS``. QUESTION is ``nvml``, ``libcuda`` or
``level_zero``, PATHS is the asker's ``sys.path`` as JSON. One JSON object comes on the standard
output: ``{"driver": "570.124.06", "cuda": 12080, "gpus": [{"name": "…", "capability": [9, 0],
"memory": 150754820096, "mig": false}]}``, the memory in bytes, null for what the library does not
tell, and for Level Zero ``{"gpus": [{"vendor": 32902, "device": 22176}]}``, PCI's numbers; or
``{"fault": "…", "missing": true}`` where there is no answer, `missing` where there is no library.
Nothing but the standard library and nvidia-ml-py is imported here.
"""

from __future__ import annotations

import ctypes
import json
import sys
from contextlib import suppress
from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

_NO_DEVICE = 100  # CUDA_ERROR_NO_DEVICE
_MAJOR, _MINOR = 75, 76  # CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_*
_ZE_DEVICE_PROPERTIES, _ZE_GPU = 3, 1  # ZE_STRUCTURE_TYPE_*, ZE_DEVICE_TYPE_GPU
_NAME_BYTES = 256
_MOST_GPUS = 64
_WINDOWS = sys.platform == "win32"
_LIBCUDA = "nvcuda.dll" if _WINDOWS else "libcuda.so.1"
_LEVEL_ZERO = "ze_loader.dll" if _WINDOWS else "libze_loader.so.1"


def ask_nvml(load: Callable[[str], Any] = import_module) -> dict[str, Any]:
    """Ask NVIDIA's management library, through nvidia-ml-py."""
    try:
        nvml = load("pynvml")
    except ImportError as error:
        return {"fault": f"nvidia-ml-py: {error}", "missing": True}
    try:
        nvml.nvmlInit()
        count = nvml.nvmlDeviceGetCount()
    except nvml.NVMLError as error:
        return {"fault": str(error), "missing": isinstance(error, nvml.NVMLError_LibraryNotFound)}
    newest = _told(nvml, "nvmlSystemGetCudaDriverVersion_v2")
    return {
        "driver": _told(nvml, "nvmlSystemGetDriverVersion"),
        "cuda": newest or _told(nvml, "nvmlSystemGetCudaDriverVersion"),
        "gpus": [_nvml_gpu(nvml, index) for index in range(min(count, _MOST_GPUS))],
    }


def _nvml_gpu(nvml: Any, index: int) -> dict[str, Any]:  # noqa: ANN401 - a module without types
    """Describe a whole GPU: one that is divided (MIG) is asked itself, not its parts."""
    handle = _told(nvml, "nvmlDeviceGetHandleByIndex", index)
    return {
        "name": _told(nvml, "nvmlDeviceGetName", handle),
        "capability": _told(nvml, "nvmlDeviceGetCudaComputeCapability", handle),
        "memory": getattr(_told(nvml, "nvmlDeviceGetMemoryInfo", handle), "total", None),
        "mig": bool((_told(nvml, "nvmlDeviceGetMigMode", handle) or [0])[0]),
    }


def _told(nvml: Any, function: str, *arguments: object) -> Any:  # noqa: ANN401 - what NVML says
    """Call a function that an old library may lack, and that may fail for one GPU alone."""
    with suppress(nvml.NVMLError, AttributeError, UnicodeDecodeError):
        answer = getattr(nvml, function)(*arguments)
        return answer.decode("utf-8", "replace") if isinstance(answer, bytes) else answer
    return None


def ask_libcuda(load: Callable[[str], Any] = ctypes.CDLL) -> dict[str, Any]:
    """Ask CUDA's driver interface, which makes no context on a GPU for this."""
    try:
        library = load(_LIBCUDA)
    except OSError as error:
        return {"fault": str(error), "missing": True}
    status = library.cuInit(0)
    if status not in (0, _NO_DEVICE):
        return {"fault": f"cuInit fails with error {status}"}
    version, count = ctypes.c_int(0), ctypes.c_int(0)
    library.cuDriverGetVersion(ctypes.byref(version))
    library.cuDeviceGetCount(ctypes.byref(count))
    gpus = [_cuda_gpu(library, index) for index in range(min(count.value, _MOST_GPUS))]
    return {"driver": None, "cuda": version.value, "gpus": gpus}


def _cuda_gpu(library: Any, index: int) -> dict[str, Any]:  # noqa: ANN401 - a library
    device = ctypes.c_int(0)
    library.cuDeviceGet(ctypes.byref(device), index)
    name, memory = ctypes.create_string_buffer(_NAME_BYTES), ctypes.c_size_t(0)
    library.cuDeviceGetName(name, _NAME_BYTES, device)
    library.cuDeviceTotalMem_v2(ctypes.byref(memory), device)
    capability = [_cuda_attribute(library, which, device) for which in (_MAJOR, _MINOR)]
    return {
        "name": name.value.decode("utf-8", "replace"),
        "capability": capability,
        "memory": memory.value,
    }


def _cuda_attribute(library: Any, which: int, device: ctypes.c_int) -> int:  # noqa: ANN401 - a library
    value = ctypes.c_int(0)
    library.cuDeviceGetAttribute(ctypes.byref(value), which, device)
    return value.value


class _Properties(ctypes.Structure):
    """The beginning of `ze_device_properties_t` (Level Zero 1.0), and room for its rest."""

    _fields_ = (
        ("stype", ctypes.c_uint32),
        ("next", ctypes.c_void_p),
        ("kind", ctypes.c_uint32),
        ("vendor", ctypes.c_uint32),
        ("device", ctypes.c_uint32),
        ("rest", ctypes.c_char * 1024),
    )


def ask_level_zero(load: Callable[[str], Any] = ctypes.CDLL) -> dict[str, Any]:
    """Ask Intel's driver interface."""
    try:
        library = load(_LEVEL_ZERO)
    except OSError as error:
        return {"fault": str(error), "missing": True}
    if status := library.zeInit(0):
        return {"fault": f"zeInit fails with error {status:#x}"}
    drivers = _handles(library.zeDriverGet)
    devices = [one for driver in drivers for one in _handles(library.zeDeviceGet, driver)]
    told = [_properties(library, device) for device in devices]
    gpus = [{"vendor": one.vendor, "device": one.device} for one in told if one.kind == _ZE_GPU]
    return {"gpus": gpus}


def _handles(function: Any, *of: ctypes.c_void_p) -> list[ctypes.c_void_p]:  # noqa: ANN401 - of a library
    """Ask how many there are, and then for them."""
    count = ctypes.c_uint32(0)
    function(*of, ctypes.byref(count), None)
    count.value = min(count.value, _MOST_GPUS)
    handles = (ctypes.c_void_p * count.value)()
    function(*of, ctypes.byref(count), handles)
    return [ctypes.c_void_p(one) for one in handles]


def _properties(library: Any, device: ctypes.c_void_p) -> _Properties:  # noqa: ANN401 - a library
    properties = _Properties(stype=_ZE_DEVICE_PROPERTIES)
    library.zeDeviceGetProperties(device, ctypes.byref(properties))
    return properties


_QUESTIONS = {"nvml": ask_nvml, "libcuda": ask_libcuda, "level_zero": ask_level_zero}


def main(
    arguments: Sequence[str], questions: Mapping[str, Callable[[], object]] = _QUESTIONS
) -> None:
    """Answer one question. Raises KeyError for another one."""
    question, paths = arguments
    sys.path[:] = json.loads(paths)
    sys.stdout.write(json.dumps(questions[question]()))


if __name__ == "__main__":  # pragma: no cover - only in the child process
    main(sys.argv[1:])
