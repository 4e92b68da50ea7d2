"""Checks the torch of an environment; the environment's own interpreter runs this file.

    python verify_script.py

It needs the standard library and torch, and must not import hatch_torch, which the environment
need not have. It multiplies two matrices on the device that torch would use, compares the product
with the CPU's, and prints one JSON object as its last line:

    torch       its version, or null where it cannot be imported
    built_for   the CUDA, HIP or XPU release that it was built with, or null
    device      where it computed: cuda:0, xpu:0, mps or cpu; null where it did not
    name        the device's name
    devices     how many devices of its kind torch sees
    memory_mib  the device's memory, or null
    code        the architectures that the wheel has machine code for
    difference  the largest difference from the CPU's product, divided by its largest number
    seconds     how long the second product took on the device (the first one loads its kernels)
    error       what went wrong, in torch's words, or null

Its exit status is 0, also where torch fails.
"""

from __future__ import annotations

import json
import sys
import time
from importlib import import_module
from pathlib import Path
from typing import Any

_SIZE = 512
_KEYS = (
    *("torch", "built_for", "device", "name", "devices", "memory_mib"),
    *("code", "difference", "seconds", "error"),
)


def check() -> dict[str, Any]:
    """Return the object that is printed; failures of torch are in it."""
    result: dict[str, Any] = dict.fromkeys(_KEYS)
    try:
        _import_and_compute(result)
    except Exception as error:  # noqa: BLE001 (torch raises many kinds, and each is a result)
        result["error"] = f"{type(error).__name__}: {error}"
    return result


def _import_and_compute(result: dict[str, Any]) -> None:
    torch = import_module("torch")
    version = torch.version
    result["torch"] = str(torch.__version__)
    result["built_for"] = version.cuda or version.hip or getattr(version, "xpu", None)
    result.update(_describe_device(torch))
    result.update(_compute_product(torch, result["device"]))


def _describe_device(torch: Any) -> dict[str, Any]:  # noqa: ANN401 (a module without types)
    if torch.cuda.is_available():
        return {**_describe_first(torch.cuda, "cuda:0"), "code": torch.cuda.get_arch_list()}
    if hasattr(torch, "xpu") and torch.xpu.is_available():
        return _describe_first(torch.xpu, "xpu:0")
    if hasattr(torch, "backends") and torch.backends.mps.is_available():
        return {"device": "mps", "name": "Apple GPU", "devices": 1}
    return {"device": "cpu", "name": "CPU"}


def _describe_first(kind: Any, device: str) -> dict[str, Any]:  # noqa: ANN401 (as above)
    properties = kind.get_device_properties(0)
    memory = int(properties.total_memory) // 2**20
    return {
        "device": device,
        "name": properties.name,
        "devices": kind.device_count(),
        "memory_mib": memory,
    }


def _compute_product(torch: Any, device: str) -> dict[str, float]:  # noqa: ANN401 (as above)
    generator = torch.Generator().manual_seed(0)
    left, right = (torch.randn(_SIZE, _SIZE, generator=generator) for _ in range(2))
    expected = left @ right
    left, right = left.to(device), right.to(device)
    product = (left @ right).cpu()
    start = time.perf_counter()
    (left @ right).cpu()
    seconds = time.perf_counter() - start
    difference = ((product - expected).abs().max() / expected.abs().max()).item()
    return {"difference": difference, "seconds": seconds}


if __name__ == "__main__":
    # Files beside this one must not shadow modules that torch imports.
    sys.path[:] = [path for path in sys.path if Path(path).resolve() != Path(__file__).parent]
    sys.stdout.write(json.dumps(check()) + "\n")
