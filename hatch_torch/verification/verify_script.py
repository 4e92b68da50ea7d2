"""A check of the torch in an environment, run by that environment's own interpreter.

    python verification.py

Needs the standard library and torch. It multiplies two matrices on the device that torch would
take, compares the product with the CPU's, and prints one JSON object as its last line:

    torch       its version, or null where it cannot be imported
    built_for   the CUDA, HIP or XPU release that it was built with, or null
    device      where it computed: cuda:0, xpu:0, mps or cpu; null where it did not
    name        the device's name
    devices     how many devices of its kind torch sees
    memory_mib  the device's memory, or null
    code        the architectures that the wheel holds machine code for
    difference  the largest difference from the CPU's product, divided by its largest number
    seconds     what the second product took on the device (the first one loads its kernels)
    error       what went wrong, in torch's words, or null

Its exit status is 0, also where torch fails: the object tells.
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
    """Return the object that is printed; torch's own failures are in it."""
    told: dict[str, Any] = dict.fromkeys(_KEYS)
    try:
        _import_and_compute(told)
    except Exception as error:  # noqa: BLE001 - torch raises many kinds, and each of them is news
        told["error"] = f"{type(error).__name__}: {error}"
    return told


def _import_and_compute(told: dict[str, Any]) -> None:
    torch = import_module("torch")
    version = torch.version
    told["torch"] = str(torch.__version__)
    told["built_for"] = version.cuda or version.hip or getattr(version, "xpu", None)
    told.update(_device(torch))
    told.update(_product(torch, told["device"]))


def _device(torch: Any) -> dict[str, Any]:  # noqa: ANN401 - a module without types
    if torch.cuda.is_available():
        return {**_first(torch.cuda, "cuda:0"), "code": torch.cuda.get_arch_list()}
    if hasattr(torch, "xpu") and torch.xpu.is_available():
        return _first(torch.xpu, "xpu:0")
    if hasattr(torch, "backends") and torch.backends.mps.is_available():
        return {"device": "mps", "name": "Apple GPU", "devices": 1}
    return {"device": "cpu", "name": "CPU"}


def _first(kind: Any, device: str) -> dict[str, Any]:  # noqa: ANN401 - a module without types
    found = kind.get_device_properties(0)
    memory = int(found.total_memory) // 2**20
    return {
        "device": device,
        "name": found.name,
        "devices": kind.device_count(),
        "memory_mib": memory,
    }


def _product(torch: Any, device: str) -> dict[str, float]:  # noqa: ANN401 - a module without types
    numbers = torch.Generator().manual_seed(0)
    left, right = (torch.randn(_SIZE, _SIZE, generator=numbers) for _ in range(2))
    expected = left @ right
    there = left.to(device), right.to(device)
    found = (there[0] @ there[1]).cpu()
    start = time.perf_counter()
    (there[0] @ there[1]).cpu()
    seconds = time.perf_counter() - start
    difference = ((found - expected).abs().max() / expected.abs().max()).item()
    return {"difference": difference, "seconds": seconds}


if __name__ == "__main__":
    # What lies beside this file must not stand in for a module that torch imports.
    sys.path[:] = [one for one in sys.path if Path(one).resolve() != Path(__file__).parent]
    sys.stdout.write(json.dumps(check()) + "\n")
