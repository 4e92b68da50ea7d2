"""A check of the torch in an environment, run by that environment's own interpreter.

    python verification.py

Needs the standard library and torch. It multiplies two matrices on the device that torch would
take, compares the product with the CPU's, and prints one JSON object as its last line:

    torch       its version, or null where it cannot be imported
    built_for   the CUDA, HIP or XPU release that it was built with, or null
    device      where it computed: cuda:0, xpu:0, mps or cpu; null where it did not
    name        the device's name
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


def check() -> dict[str, Any]:
    """Return the object that is printed; torch's own failures are in it."""
    told: dict[str, Any] = dict.fromkeys(
        ("torch", "built_for", "device", "name", "code", "difference", "seconds", "error")
    )
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
    device, name, code = _device(torch)
    told.update(device=device, name=name, code=code)
    told.update(_product(torch, device))


def _device(torch: Any) -> tuple[str, str, list[str]]:  # noqa: ANN401 - a module without types
    if torch.cuda.is_available():
        return "cuda:0", torch.cuda.get_device_name(0), torch.cuda.get_arch_list()
    if hasattr(torch, "xpu") and torch.xpu.is_available():
        return "xpu:0", torch.xpu.get_device_name(0), []
    if hasattr(torch, "backends") and torch.backends.mps.is_available():
        return "mps", "Apple GPU", []
    return "cpu", "CPU", []


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
