"""NVIDIA's libraries, asked in a process of their own: the question, and reading its answer."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from hatch_torch.hardware import reading
from hatch_torch.hardware.chain import absent, broken, found, nothing
from hatch_torch.hardware.facts import Accelerator, Hardware, Nvidia

if TYPE_CHECKING:
    from collections.abc import Mapping

    from hatch_torch.hardware.chain import Answer
    from hatch_torch.hardware.machine import Machine

_SECONDS = {"nvml": 5.0, "libcuda": 2.0}


def ask_library(machine: Machine, library: str, driver: str | None) -> Answer:
    """Ask a library (``nvml``, ``libcuda``); `driver` is its version where the library is mute."""
    ran = machine.ask_library(library, _SECONDS[library])
    if ran is None:
        return absent(library, "Python could not be started")
    try:
        told = parse_answer(ran.out)
    except (ValueError, RecursionError):
        return broken(library, reading.ending(ran))
    if "fault" in told:
        said = reading.clean(str(told["fault"]))
        return absent(library, said) if told.get("missing") else broken(library, said)
    nvidia, gpus = parse_driver(told, driver), parse_gpus(told)
    detail = _detail(nvidia, told)
    if not gpus:
        return nothing(library, f"{detail}: no GPU")
    return found(library, detail, Hardware(accelerators=gpus, nvidia=nvidia))


def parse_answer(text: str) -> dict[str, Any]:
    """Read what the child process wrote. Raises ValueError where it is no answer."""
    told = json.loads(text)
    if isinstance(told, dict) and ("fault" in told or isinstance(told.get("gpus"), list)):
        return told
    raise ValueError("not an answer")


def parse_driver(told: Mapping[str, Any], driver: str | None) -> Nvidia:
    """Read the versions, and take `driver` where the library does not tell it."""
    number = told.get("cuda")
    return Nvidia(
        driver=reading.driver(str(told.get("driver"))) or driver,
        cuda=reading.cuda_of_number(number) if isinstance(number, int) else None,
    )


def parse_gpus(told: Mapping[str, Any]) -> tuple[Accelerator, ...]:
    """Read the GPUs; a value that cannot be is one that nobody knows."""
    return tuple(_gpu(one) for one in told["gpus"] if isinstance(one, dict))


def _gpu(told: Mapping[str, Any]) -> Accelerator:
    match told.get("capability"):
        case [int(major), int(minor)]:
            architecture = reading.sm(major, minor)
        case _:
            architecture = None
    memory = told.get("memory")
    return Accelerator(
        vendor="nvidia",
        name=reading.name(str(told.get("name") or "")),
        architecture=architecture,
        memory_mib=reading.mebibytes(memory) if isinstance(memory, int) else None,
    )


def _detail(nvidia: Nvidia, told: Mapping[str, Any]) -> str:
    divided = sum(1 for one in told["gpus"] if isinstance(one, dict) and one.get("mig"))
    known = f"driver {nvidia.driver or 'unknown'}, CUDA {nvidia.cuda or 'unknown'}"
    return f"{known}, {divided} divided (MIG)" if divided else known
