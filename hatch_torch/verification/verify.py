"""The checks of `hatch-torch verify`: torch by the catalog, and by a computation on the device."""

from __future__ import annotations

import json
import os
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

from packaging.version import Version

from hatch_torch.catalog.releases import TORCH
from hatch_torch.compatibility.wheel_builds import get_wheel_build
from hatch_torch.hardware.machine import DEVICE_VISIBILITY_VARS
from hatch_torch.verification.checks import (
    SYNC,
    Finding,
    describe_package,
    installed_incompatibility,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from hatch_torch.environment.packages import FamilyPackage
    from hatch_torch.verification.snapshot import Snapshot

SCHEMA = 1
SCRIPT = Path(__file__).with_name("verify_script.py")
"""What the environment's interpreter runs; its docstring is the protocol."""

# Relative to the largest number of the product; TF32 and bf16 kernels stay far below.
_TOLERANCE = 1e-2
# How CUDA, HIP and SYCL say that a wheel has no machine code for a device.
_NO_KERNEL = r"no kernel image|invalid device function|NoBinaryForGpu|no device code"
_DETECT = f"run `hatch-torch detect` to see the driver and what hides devices, then {SYNC}"


def check_statically(snapshot: Snapshot) -> tuple[Finding, ...]:
    """Return what is wrong with the installed torch by the catalog, without running it."""
    torch = snapshot.find_package(TORCH)
    if torch is None:
        return (Finding("torch is not installed"),)
    if reason := installed_incompatibility(snapshot, torch):
        return (Finding(f"{describe_package(torch)} cannot run on this machine: {reason}"),)
    return ()


def check_run_result(
    result: Mapping[str, Any], snapshot: Snapshot, restrictions: Iterable[str] = ()
) -> tuple[Finding, ...]:
    """Return what is wrong by the script's result on this machine.

    `restrictions` may explain why torch sees no device.
    """
    return tuple(_check_result(result, snapshot, restrictions))


def list_architectures(torch: FamilyPackage, platform: str) -> tuple[str, ...]:
    """Return what a PyTorch wheel has machine code for, by the catalog: ``sm_90``, ``gfx942``."""
    backend = torch.backend
    if backend is None or backend.family not in {"cuda", "rocm"} or torch.built_by != "pytorch":
        return ()
    row = get_wheel_build(backend.family, backend, Version(torch.version.public), platform)
    return tuple(row.get("gfx", ())) or tuple(f"sm_{number}" for number in row.get("sm", ()))


def parse_script_output(output: str) -> dict[str, Any]:
    """Return the script's result: the last line that is such an object; torch may print others.

    Without one the interpreter itself crashed: `error` is the last line that it printed.
    """
    lines = output.strip().splitlines()
    for line in reversed(lines):
        try:
            result = json.loads(line)
        except ValueError:
            continue
        if isinstance(result, dict) and "torch" in result:
            return result
    return {"torch": None, "error": lines[-1] if lines else "no output"}


def find_device_restrictions(
    environ: Mapping[str, str], kfd: Path = Path("/dev/kfd")
) -> tuple[str, ...]:
    """Return what may hide devices from torch: variables that are set, a device without access."""
    variables = tuple(
        f"{name}={environ[name]}" for name in DEVICE_VISIBILITY_VARS if name in environ
    )
    if kfd.exists() and not os.access(kfd, os.R_OK | os.W_OK):
        return (*variables, f"no access to {kfd} (groups render and video)")
    return variables


def to_json(
    snapshot: Snapshot, result: Mapping[str, Any] | None, findings: Iterable[Finding]
) -> dict[str, Any]:
    """Return what `verify --json` prints: `computed` is the script's result, null without one."""
    torch = snapshot.find_package(TORCH)
    return {
        "schema": SCHEMA,
        "torch": str(torch.version) if torch else None,
        "backend": torch.backend.name if torch and torch.backend else None,
        "built_for": [*list_architectures(torch, snapshot.target.platform)] if torch else [],
        "computed": dict(result) if result is not None else None,
        "findings": [finding.to_json() for finding in findings],
    }


def _check_result(
    result: Mapping[str, Any], snapshot: Snapshot, restrictions: Iterable[str]
) -> Iterator[Finding]:
    name, error = f"torch {result['torch']}", result.get("error")
    accelerators = snapshot.hardware.accelerators
    if result["torch"] is None:
        yield Finding(f"torch cannot be imported: {error}")
    elif error and re.search(_NO_KERNEL, error):
        architectures = ", ".join(result.get("code") or ()) or "other devices"
        yield Finding(
            f"{name} has no kernels for {result['name']}; it is built for {architectures}"
        )
    elif error:
        device = result.get("device") or "this machine"
        yield Finding(f"{name} fails on {device}: {error}", _DETECT)
    elif result["device"] == "cpu" and result.get("built_for") and accelerators:
        names = ", ".join(accelerator.name for accelerator in accelerators)
        yield Finding("; ".join((f"{name} does not see {names}", *restrictions)), _DETECT)
    elif result["difference"] > _TOLERANCE:
        device, difference = result["name"], result["difference"]
        yield Finding(f"{name} computes wrong results on {device} (off by {difference:.1%})")
