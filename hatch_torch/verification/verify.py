"""What the installed torch holds and what it does: by the tables, and by its own answer."""

from __future__ import annotations

import json
import os
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

from packaging.version import Version

from hatch_torch.catalog.releases import TORCH
from hatch_torch.compatibility.wheel_builds import build
from hatch_torch.verification.checks import SYNC, Finding, described, runs_not

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from hatch_torch.environment.packages import Installed
    from hatch_torch.verification.snapshot import Situation

SCHEMA = 1
SCRIPT = Path(__file__).with_name("verify_script.py")
"""What the environment's interpreter runs; its docstring is the protocol."""

_TOLERANCE = 1e-2
"""Of the product's largest number; TF32 and bf16 kernels stay far below."""
# What CUDA, HIP, ROCm's runtime and Level Zero obey.
_VEILS = (
    *("CUDA_VISIBLE_DEVICES", "HIP_VISIBLE_DEVICES", "ROCR_VISIBLE_DEVICES"),
    *("GPU_DEVICE_ORDINAL", "HSA_OVERRIDE_GFX_VERSION", "ZE_AFFINITY_MASK"),
)
# As CUDA, HIP and SYCL say that a wheel has no machine code for a device.
_NO_KERNEL = r"no kernel image|invalid device function|NoBinaryForGpu|no device code"


def by_tables(now: Situation) -> tuple[Finding, ...]:
    """Judge the installed torch without running it."""
    torch = now.member(TORCH)
    if torch is None:
        return (Finding("torch is not installed"),)
    reason = runs_not(now, torch)
    return (Finding(f"{described(torch)} is not for this machine: {reason}"),) if reason else ()


def machine_code(torch: Installed, platform: str) -> tuple[str, ...]:
    """Return what a PyTorch wheel holds machine code for, by the tables: ``sm_90``, ``gfx942``."""
    backend = torch.backend
    if backend is None or backend.family not in {"cuda", "rocm"} or torch.builder != "pytorch":
        return ()
    row = build(backend.family, backend, Version(torch.version.public), platform)
    return tuple(row.get("gfx", ())) or tuple(f"sm_{one}" for one in row.get("sm", ()))


def read_answer(output: str) -> dict[str, Any]:
    """Return the object of the last line that holds one; what torch said beside it is passed over.

    Where there is none, the interpreter itself broke down: `error` is the last that it said.
    """
    lines = output.strip().splitlines()
    for line in reversed(lines):
        try:
            told = json.loads(line)
        except ValueError:
            continue
        if isinstance(told, dict) and "torch" in told:
            return told
    return {"torch": None, "error": lines[-1] if lines else "it said nothing"}


def hidden(environ: Mapping[str, str], kfd: Path = Path("/dev/kfd")) -> tuple[str, ...]:
    """Return what may hide devices from torch: variables that are set, a device without access."""
    told = tuple(f"{name}={environ[name]}" for name in _VEILS if name in environ)
    closed = kfd.exists() and not os.access(kfd, os.R_OK | os.W_OK)
    return (*told, f"no access to {kfd} (groups render and video)") if closed else told


def by_answer(
    told: Mapping[str, Any], now: Situation, hides: Iterable[str] = ()
) -> tuple[Finding, ...]:
    """Judge what torch answered on this machine; `hides` is what may hide devices there."""
    return tuple(_judged(told, now, hides))


def answered(
    now: Situation, told: Mapping[str, Any] | None, found: Iterable[Finding]
) -> dict[str, Any]:
    """Return what `verify --json` prints: `computed` is the check's answer, null without one."""
    torch = now.member(TORCH)
    return {
        "schema": SCHEMA,
        "torch": str(torch.version) if torch else None,
        "backend": torch.backend.name if torch and torch.backend else None,
        "built_for": [*machine_code(torch, now.target.platform)] if torch else [],
        "computed": dict(told) if told is not None else None,
        "findings": [{"why": one.why, "mend": one.mend} for one in found],
    }


def _judged(told: Mapping[str, Any], now: Situation, hides: Iterable[str]) -> Iterator[Finding]:
    name, error = f"torch {told['torch']}", told.get("error")
    if told["torch"] is None:
        yield Finding(f"torch does not load: {error}")
    elif error and re.search(_NO_KERNEL, error):
        code = ", ".join(told.get("code") or ()) or "other devices"
        yield Finding(f"{name} has no kernels for {told['name']}; it was built for {code}")
    elif error:
        yield Finding(f"{name} fails on {told.get('device') or 'this machine'}: {error}", _LOOK)
    elif told["device"] == "cpu" and told.get("built_for") and now.hardware.accelerators:
        names = ", ".join(one.name for one in now.hardware.accelerators)
        yield Finding("; ".join((f"{name} does not see {names}", *hides)), _LOOK)
    elif told["difference"] > _TOLERANCE:
        yield Finding(f"{name} computes wrongly on {told['name']}: {told['difference']:.1%} off")


_LOOK = f"hatch-torch detect, for the driver and what hides devices; then {SYNC}"
