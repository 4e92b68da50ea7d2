"""Query a driver's library in a child process, because the library may hang or crash.

Run as ``python -I driver_probe.py LIBRARY PATHS``. LIBRARY is ``nvml``, ``libcuda`` or
``level_zero``; PATHS is the parent's ``sys.path`` as JSON. Prints one JSON object:

* NVML and libcuda: ``{"driver": "570.124.06", "cuda": 12080, "gpus": [{"name": "…",
  "capability": [9, 0], "memory": 150754820096, "mig": false}]}``. The memory is in bytes, and
  null is what the library does not tell.
* Level Zero: ``{"gpus": [{"vendor": 32902, "device": 22176}]}``, with PCI numbers.
* An error: ``{"fault": "…", "missing": true}``; `missing` says that there is no library.

Imports nothing but the standard library and nvidia-ml-py.
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
_MAX_GPUS = 64
_WINDOWS = sys.platform == "win32"
_LIBCUDA = "nvcuda.dll" if _WINDOWS else "libcuda.so.1"
_LEVEL_ZERO = "ze_loader.dll" if _WINDOWS else "libze_loader.so.1"


def ask_nvml(load: Callable[[str], Any] = import_module) -> dict[str, Any]:
    """Query NVIDIA's management library through nvidia-ml-py."""
    try:
        nvml = load("pynvml")
    except ImportError as error:
        return {"fault": f"nvidia-ml-py: {error}", "missing": True}
    try:
        nvml.nvmlInit()
        count = nvml.nvmlDeviceGetCount()
    except nvml.NVMLError as error:
        return {"fault": str(error), "missing": isinstance(error, nvml.NVMLError_LibraryNotFound)}
    newest_cuda = _call_nvml(nvml, "nvmlSystemGetCudaDriverVersion_v2")
    return {
        "driver": _call_nvml(nvml, "nvmlSystemGetDriverVersion"),
        "cuda": newest_cuda or _call_nvml(nvml, "nvmlSystemGetCudaDriverVersion"),
        "gpus": [_describe_nvml_gpu(nvml, index) for index in range(min(count, _MAX_GPUS))],
    }


def _describe_nvml_gpu(nvml: Any, index: int) -> dict[str, Any]:  # noqa: ANN401 - an untyped module
    """Describe a whole GPU, also one that is partitioned (MIG)."""
    handle = _call_nvml(nvml, "nvmlDeviceGetHandleByIndex", index)
    return {
        "name": _call_nvml(nvml, "nvmlDeviceGetName", handle),
        "capability": _call_nvml(nvml, "nvmlDeviceGetCudaComputeCapability", handle),
        "memory": getattr(_call_nvml(nvml, "nvmlDeviceGetMemoryInfo", handle), "total", None),
        "mig": bool((_call_nvml(nvml, "nvmlDeviceGetMigMode", handle) or [0])[0]),
    }


def _call_nvml(nvml: Any, function: str, *arguments: object) -> Any:  # noqa: ANN401 - an untyped module
    """Call a function that an old library may lack, and that may fail for a single GPU."""
    with suppress(nvml.NVMLError, AttributeError, UnicodeDecodeError):
        answer = getattr(nvml, function)(*arguments)
        return answer.decode("utf-8", "replace") if isinstance(answer, bytes) else answer
    return None


def ask_libcuda(load: Callable[[str], Any] = ctypes.CDLL) -> dict[str, Any]:
    """Query CUDA's driver interface, without creating a context on a GPU."""
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
    gpus = [_describe_cuda_gpu(library, index) for index in range(min(count.value, _MAX_GPUS))]
    return {"driver": None, "cuda": version.value, "gpus": gpus}


def _describe_cuda_gpu(library: Any, index: int) -> dict[str, Any]:  # noqa: ANN401 - a library
    device = ctypes.c_int(0)
    library.cuDeviceGet(ctypes.byref(device), index)
    name, memory = ctypes.create_string_buffer(_NAME_BYTES), ctypes.c_size_t(0)
    library.cuDeviceGetName(name, _NAME_BYTES, device)
    library.cuDeviceTotalMem_v2(ctypes.byref(memory), device)
    return {
        "name": name.value.decode("utf-8", "replace"),
        "capability": [_cuda_attribute(library, which, device) for which in (_MAJOR, _MINOR)],
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
    """Query Intel's driver interface."""
    try:
        library = load(_LEVEL_ZERO)
    except OSError as error:
        return {"fault": str(error), "missing": True}
    if status := library.zeInit(0):
        return {"fault": f"zeInit fails with error {status:#x}"}
    drivers = _list_handles(library.zeDriverGet)
    devices = [
        device for driver in drivers for device in _list_handles(library.zeDeviceGet, driver)
    ]
    properties = [_get_properties(library, device) for device in devices]
    gpus = [
        {"vendor": one.vendor, "device": one.device} for one in properties if one.kind == _ZE_GPU
    ]
    return {"gpus": gpus}


def _list_handles(function: Any, *parent: ctypes.c_void_p) -> list[ctypes.c_void_p]:  # noqa: ANN401 - of a library
    """Call a function of Level Zero twice: for the number of handles, then for the handles."""
    count = ctypes.c_uint32(0)
    function(*parent, ctypes.byref(count), None)
    count.value = min(count.value, _MAX_GPUS)
    handles = (ctypes.c_void_p * count.value)()
    function(*parent, ctypes.byref(count), handles)
    return [ctypes.c_void_p(handle) for handle in handles]


def _get_properties(library: Any, device: ctypes.c_void_p) -> _Properties:  # noqa: ANN401 - a library
    properties = _Properties(stype=_ZE_DEVICE_PROPERTIES)
    library.zeDeviceGetProperties(device, ctypes.byref(properties))
    return properties


_LIBRARIES = {"nvml": ask_nvml, "libcuda": ask_libcuda, "level_zero": ask_level_zero}


def main(
    arguments: Sequence[str], libraries: Mapping[str, Callable[[], object]] = _LIBRARIES
) -> None:
    """Print what one library answers. Raises KeyError for an unknown library."""
    library, paths = arguments
    sys.path[:] = json.loads(paths)
    sys.stdout.write(json.dumps(libraries[library]()))


if __name__ == "__main__":  # pragma: no cover - only in the child process
    main(sys.argv[1:])
