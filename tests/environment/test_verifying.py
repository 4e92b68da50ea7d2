"""What the installed torch holds, what it answers, and how that is judged."""

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
from hatch_torch.environment.packages import Installed
from hatch_torch.hardware.model import Accelerator, Hardware, Nvidia
from hatch_torch.hardware.process import call
from hatch_torch.verification.snapshot import Situation
from hatch_torch.verification.verify import (
    SCRIPT,
    by_answer,
    by_tables,
    hidden,
    machine_code,
    read_answer,
)
from hatch_torch.verification.verify_script import check

SMALL = Path(__file__).parents[1] / "small_torch"
"""A torch that multiplies in plain Python, on a device that FAKE_DEVICE names."""
GPU = Hardware(
    accelerators=(Accelerator("nvidia", "GTX 1080 Ti", "sm_61"),), nvidia=Nvidia("580.65.06")
)


def situation(*installed: Installed, hardware: Hardware = GPU) -> Situation:
    """Return a situation on Linux."""
    target = targets.of("3.12", "linux_x86_64")
    return Situation(config=Config(), target=target, hardware=hardware, installed=installed)


def member(version: str, backend: str, builder: Any = "pytorch") -> Installed:  # noqa: ANN401 (a literal)
    """Return an installed torch."""
    parsed = Version(version)
    return Installed("torch", parsed, Backend.parse(backend), builder, None, Path(), ())


def answer(folder: Path, **variables: str) -> dict[str, Any]:
    """Run the check in an interpreter that finds the small torch."""
    done = call(
        [sys.executable, str(SCRIPT)],
        {**os.environ, "PYTHONPATH": str(SMALL), **variables},
        folder,
    )
    assert done.code == 0, done.output
    return read_answer(done.output)


@pytest.mark.parametrize(
    ("kind", "device"),
    [
        ("cuda", ("cuda:0", "A GPU", 2, 16384)),
        ("xpu", ("xpu:0", "An Arc", 2, 16384)),
        ("mps", ("mps", "Apple GPU", 1, None)),
        ("", ("cpu", "CPU", None, None)),
    ],
)
def test_answers(tmp_path: Path, kind: str, device: tuple[object, ...]) -> None:
    """The check computes on the device that torch sees, and says what it is."""
    told = answer(tmp_path, FAKE_DEVICE=kind)
    assert told["torch"] == "2.8.0+cu128"
    assert (told["device"], told["name"], told["devices"], told["memory_mib"]) == device
    assert (told["difference"], told["error"]) == (0.0, None)
    assert told["seconds"] >= 0
    assert by_answer(told, situation(hardware=Hardware())) == ()


@pytest.mark.parametrize(
    ("variables", "why"),
    [
        (
            {"FAKE_DEVICE": "cuda", "FAKE_FAULT": "CUDA error: no kernel image is available"},
            "torch 2.8.0+cu128 has no kernels for A GPU; it was built for sm_75, sm_90",
        ),
        (
            {"FAKE_DEVICE": "cuda", "FAKE_FAULT": "out of memory"},
            "torch 2.8.0+cu128 fails on cuda:0: RuntimeError: out of memory",
        ),
        (
            {"FAKE_DEVICE": "cuda", "FAKE_OFF": "1"},
            "torch 2.8.0+cu128 computes wrongly on A GPU: 25.0% off",
        ),
        ({"FAKE_DEVICE": ""}, "torch 2.8.0+cu128 does not see GTX 1080 Ti"),
    ],
)
def test_judges(tmp_path: Path, variables: dict[str, str], why: str) -> None:
    """No kernels, a fault, a wrong product, and a device that is not seen have their words."""
    (found,) = by_answer(answer(tmp_path, **variables), situation())
    assert found.why == why


def test_what_hides_devices(tmp_path: Path) -> None:
    """Where torch sees no device, the variables that hide some are told, and a closed device."""
    absent, open_ = tmp_path / "absent", tmp_path / "kfd"
    open_.touch()
    environ = {"HIP_VISIBLE_DEVICES": "", "ROCM_PATH": "/opt/rocm"}
    assert hidden(environ, absent) == hidden(environ, open_) == ("HIP_VISIBLE_DEVICES=",)
    (found,) = by_answer(answer(tmp_path, FAKE_DEVICE=""), situation(), hidden(environ, absent))
    assert found.why == "torch 2.8.0+cu128 does not see GTX 1080 Ti; HIP_VISIBLE_DEVICES="


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may open all")
def test_a_closed_device(tmp_path: Path) -> None:
    """A device that this user can't open is told, with the groups that may."""
    (tmp_path / "kfd").touch(mode=0)
    told = f"no access to {tmp_path}/kfd (groups render and video)"
    assert hidden({}, tmp_path / "kfd") == (told,)


@pytest.mark.parametrize("kind", ["cuda", "xpu", "mps", "", None])
def test_checks_in_this_process(kind: str | None, monkeypatch: pytest.MonkeyPatch) -> None:
    """The check itself raises nothing, with torch and without."""
    if kind is None:
        monkeypatch.setitem(sys.modules, "torch", None)
    else:
        monkeypatch.setenv("FAKE_DEVICE", kind)
        monkeypatch.syspath_prepend(SMALL)
    told = check()
    sys.modules.pop("torch")
    assert (told["error"] is None) == (kind is not None)


def test_no_torch(tmp_path: Path) -> None:
    """A torch that does not load is told with its error; an interpreter that dies, likewise."""
    (tmp_path / "torch.py").write_text("raise OSError('libcudart.so is missing')")
    environ = {**os.environ, "PYTHONPATH": str(tmp_path)}
    told = read_answer(call([sys.executable, str(SCRIPT)], environ, tmp_path).output)
    (found,) = by_answer(told, situation())
    assert found.why == "torch does not load: OSError: libcudart.so is missing"


@pytest.mark.parametrize(
    ("output", "told"),
    [
        ("", "it said nothing"),
        ("Segmentation fault", "Segmentation fault"),
        ('[1]\n{"a": 2}', '{"a": 2}'),
    ],
)
def test_no_answer(output: str, told: str) -> None:
    """Where the interpreter says no object, its last line is the error."""
    assert read_answer(output) == {"torch": None, "error": told}


def test_the_last_object_counts() -> None:
    """What torch prints beside the object is passed over."""
    told = {"torch": "2.8.0"}
    assert read_answer(f"warning\n{json.dumps(told)}\nbye") == told


def test_by_tables() -> None:
    """Without running it, torch is judged by the tables."""
    assert [one.why for one in by_tables(situation())] == ["torch is not installed"]
    assert by_tables(situation(member("2.8.0+cu126", "cu126"))) == ()
    (found,) = by_tables(situation(member("2.14.1+cu130", "cu130")))
    assert "no machine code for GTX 1080 Ti (sm_61)" in found.why


def test_machine_code() -> None:
    """The tables tell what PyTorch's wheels hold; of others nobody knows."""
    assert "sm_75" in machine_code(member("2.8.0+cu126", "cu126"), "linux_x86_64")
    assert "gfx942" in machine_code(member("2.8.0+rocm6.4", "rocm6.4"), "linux_x86_64")
    assert machine_code(member("2.8.0+cpu", "cpu"), "linux_x86_64") == ()
    assert machine_code(member("2.8.0+cu126", "cu126", "vendor"), "linux_x86_64") == ()
