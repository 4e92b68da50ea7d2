"""torch checked by the catalog, and by a computation in its own interpreter."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Any

import pytest
from packaging.version import Version

from hatch_torch.catalog import target as targets
from hatch_torch.catalog.backend import Backend
from hatch_torch.config.config import Config
from hatch_torch.environment.packages import FamilyPackage
from hatch_torch.hardware.model import Accelerator, Hardware, Nvidia
from hatch_torch.hardware.process import run_captured
from hatch_torch.verification.snapshot import Snapshot
from hatch_torch.verification.verify import (
    SCRIPT,
    check_run_result,
    check_statically,
    find_device_restrictions,
    list_architectures,
    parse_script_output,
)
from hatch_torch.verification.verify_script import check

SMALL_TORCH = Path(__file__).parents[1] / "small_torch"
"""A torch that multiplies in plain Python, on the device that FAKE_DEVICE names."""
GPU = Hardware(
    accelerators=(Accelerator("nvidia", "GTX 1080 Ti", "sm_61"),), nvidia=Nvidia("580.65.06")
)


def make_snapshot(*installed: FamilyPackage, hardware: Hardware = GPU) -> Snapshot:
    """Return a snapshot on Linux."""
    target = targets.foreign_interpreter("3.12", "linux_x86_64")
    return Snapshot(config=Config(), target=target, hardware=hardware, installed=installed)


def torch(version: str, backend: str, built_by: Any = "pytorch") -> FamilyPackage:  # noqa: ANN401 (a literal)
    """Return an installed torch."""
    parsed = Version(version)
    return FamilyPackage("torch", parsed, Backend.parse(backend), built_by, None, Path(), ())


def run_script(folder: Path, **variables: str) -> dict[str, Any]:
    """Run the script in an interpreter that finds the small torch; return its result."""
    process = run_captured(
        [sys.executable, str(SCRIPT)],
        {**os.environ, "PYTHONPATH": str(SMALL_TORCH), **variables},
        folder,
    )
    assert process.exit_code == 0, process.output
    return parse_script_output(process.output)


@pytest.mark.parametrize(
    ("kind", "device"),
    [
        ("cuda", ("cuda:0", "A GPU", 2, 16384)),
        ("xpu", ("xpu:0", "An Arc", 2, 16384)),
        ("mps", ("mps", "Apple GPU", 1, None)),
        ("", ("cpu", "CPU", None, None)),
    ],
)
def test_devices(tmp_path: Path, kind: str, device: tuple[object, ...]) -> None:
    """The script computes on the device that torch sees, and describes it."""
    result = run_script(tmp_path, FAKE_DEVICE=kind)
    assert result["torch"] == "2.8.0+cu128"
    assert (result["device"], result["name"], result["devices"], result["memory_mib"]) == device
    assert (result["difference"], result["error"]) == (0.0, None)
    assert result["seconds"] >= 0
    assert check_run_result(result, make_snapshot(hardware=Hardware())) == ()


@pytest.mark.parametrize(
    ("variables", "reason"),
    [
        (
            {"FAKE_DEVICE": "cuda", "FAKE_FAULT": "CUDA error: no kernel image is available"},
            "torch 2.8.0+cu128 has no kernels for A GPU; it is built for sm_75, sm_90",
        ),
        (
            {"FAKE_DEVICE": "cuda", "FAKE_FAULT": "out of memory"},
            "torch 2.8.0+cu128 fails on cuda:0: RuntimeError: out of memory",
        ),
        (
            {"FAKE_DEVICE": "cuda", "FAKE_OFF": "1"},
            "torch 2.8.0+cu128 computes wrong results on A GPU (off by 25.0%)",
        ),
        ({"FAKE_DEVICE": ""}, "torch 2.8.0+cu128 does not see GTX 1080 Ti"),
    ],
)
def test_failures(tmp_path: Path, variables: dict[str, str], reason: str) -> None:
    """Missing kernels, an error, a wrong product and an invisible device are described."""
    (finding,) = check_run_result(run_script(tmp_path, **variables), make_snapshot())
    assert finding.reason == reason


def test_device_restrictions(tmp_path: Path) -> None:
    """Where torch sees no device, the variables that may hide some are named."""
    absent, open_ = tmp_path / "absent", tmp_path / "kfd"
    open_.touch()
    environ = {"HIP_VISIBLE_DEVICES": "", "ROCM_PATH": "/opt/rocm"}
    assert (
        find_device_restrictions(environ, absent)
        == find_device_restrictions(environ, open_)
        == ("HIP_VISIBLE_DEVICES=",)
    )
    (finding,) = check_run_result(
        run_script(tmp_path, FAKE_DEVICE=""),
        make_snapshot(),
        find_device_restrictions(environ, absent),
    )
    assert finding.reason == "torch 2.8.0+cu128 does not see GTX 1080 Ti; HIP_VISIBLE_DEVICES="


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may open all")
def test_device_without_access(tmp_path: Path) -> None:
    """A device that this user cannot open is named, with the groups that can."""
    (tmp_path / "kfd").touch(mode=0)
    restriction = f"no access to {tmp_path}/kfd (groups render and video)"
    assert find_device_restrictions({}, tmp_path / "kfd") == (restriction,)


@pytest.mark.parametrize("kind", ["cuda", "xpu", "mps", "", None])
def test_in_this_process(kind: str | None, monkeypatch: pytest.MonkeyPatch) -> None:
    """The script raises nothing, with torch and without."""
    if kind is None:
        monkeypatch.setitem(sys.modules, "torch", None)
    else:
        monkeypatch.setenv("FAKE_DEVICE", kind)
        monkeypatch.syspath_prepend(SMALL_TORCH)
    result = check()
    sys.modules.pop("torch")
    assert (result["error"] is None) == (kind is not None)


def test_import_error(tmp_path: Path) -> None:
    """A torch that cannot be imported is reported with its error."""
    (tmp_path / "torch.py").write_text("raise OSError('libcudart.so is missing')")
    environ = {**os.environ, "PYTHONPATH": str(tmp_path)}
    result = parse_script_output(
        run_captured([sys.executable, str(SCRIPT)], environ, tmp_path).output
    )
    (finding,) = check_run_result(result, make_snapshot())
    assert finding.reason == "torch cannot be imported: OSError: libcudart.so is missing"


@pytest.mark.parametrize(
    ("output", "error"),
    [
        ("", "no output"),
        ("Segmentation fault", "Segmentation fault"),
        ('[1]\n{"a": 2}', '{"a": 2}'),
    ],
)
def test_no_result(output: str, error: str) -> None:
    """Without a result, the interpreter's last line is the error."""
    assert parse_script_output(output) == {"torch": None, "error": error}


def test_last_result_counts() -> None:
    """What torch prints around the result is ignored."""
    result = {"torch": "2.8.0"}
    assert parse_script_output(f"warning\n{json.dumps(result)}\nbye") == result


def test_check_statically() -> None:
    """Without running it, torch is checked by the catalog."""
    assert [finding.reason for finding in check_statically(make_snapshot())] == [
        "torch is not installed"
    ]
    assert check_statically(make_snapshot(torch("2.8.0+cu126", "cu126"))) == ()
    (finding,) = check_statically(make_snapshot(torch("2.14.1+cu130", "cu130")))
    assert "no machine code for GTX 1080 Ti (sm_61)" in finding.reason


def test_architectures() -> None:
    """The catalog knows the machine code of PyTorch's wheels, and of no others."""
    assert "sm_75" in list_architectures(torch("2.8.0+cu126", "cu126"), "linux_x86_64")
    assert "gfx942" in list_architectures(torch("2.8.0+rocm6.4", "rocm6.4"), "linux_x86_64")
    assert list_architectures(torch("2.8.0+cpu", "cpu"), "linux_x86_64") == ()
    assert list_architectures(torch("2.8.0+cu126", "cu126", "vendor"), "linux_x86_64") == ()
