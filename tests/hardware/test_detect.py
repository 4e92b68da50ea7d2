"""Detection, on every recorded machine."""

from __future__ import annotations

import json
import os
import stat
import time
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

import pytest

from hatch_torch.hardware.detect import PROBES, detect
from hatch_torch.hardware.machine import Machine
from hatch_torch.hardware.model import Accelerator, Hardware
from tests.support.recorded_machine import RecordedMachine

if TYPE_CHECKING:
    from hatch_torch.hardware.process import CompletedProcess

MACHINES = Path(__file__).parents[2] / "fixtures" / "machines"
NAMES = sorted(path.parent.name for path in MACHINES.glob("*/machine.toml"))
WITHOUT_DRIVER = [name for name in NAMES if name.startswith("linux-intel") or "plain" in name]
WITHOUT_DRIVER += [
    name for name in NAMES if name.startswith(("linux-image-build", "linux-container-on"))
]
WITHOUT_DRIVER += ["linux-nvidia-nouveau", "wsl2-without-gpu"]
WITHOUT_DRIVER += [
    "linux-ci",
    "linux-container",
    "linux-slurm-login",
    "macos-12-intel",
    "windows-none",
]


class NoProcessMachine(RecordedMachine):
    """A recorded machine that must not start a process."""

    def run(self, name: str, *arguments: str, seconds: float) -> CompletedProcess | None:  # noqa: ARG002 - refused
        """Refuse."""
        raise AssertionError(name)

    def ask_library(self, library: str, seconds: float) -> CompletedProcess | None:  # noqa: ARG002 - refused
        """Refuse."""
        raise AssertionError(library)


class BrokenMachine(Machine):
    """A machine whose every method raises."""

    def read(self, path: str) -> NoReturn:
        """Fail."""
        raise RuntimeError(path)

    def exists(self, path: str) -> NoReturn:
        """Fail."""
        raise RuntimeError(path)

    def glob(self, pattern: str) -> NoReturn:
        """Fail."""
        raise RuntimeError(pattern)


def test_every_kind_is_recorded() -> None:
    """Every kind of machine is recorded."""
    kinds = {name.split("-")[0] for name in NAMES}
    assert {"linux", "macos", "windows", "wsl2", "jetson"} <= kinds
    assert len(NAMES) >= 40


@pytest.mark.parametrize("name", NAMES)
class TestRecorded:
    """Properties of each recorded machine."""

    def test_expected(self, name: str) -> None:
        """The facts are the expected ones."""
        expected = (MACHINES / name / "expected.json").read_text(encoding="utf-8")
        hardware = detect(RecordedMachine(MACHINES / name))
        assert json.loads(expected) == json.loads(json.dumps(hardware.to_json()))

    def test_profile(self, name: str) -> None:
        """The profile reads back as the same facts."""
        hardware = detect(RecordedMachine(MACHINES / name))
        assert hardware == Hardware.from_json(json.dumps(hardware.to_json()))

    def test_every_vendor_leaves_a_report(self, name: str) -> None:
        """Every vendor leaves a report."""
        machine = RecordedMachine(MACHINES / name)
        for vendor in ("nvidia", "amd", "intel", "apple"):
            alone = detect(machine, {vendor})
            assert {gpu.vendor for gpu in alone.accelerators} <= {vendor}
            assert len(alone.probe_reports) > 1


@pytest.mark.parametrize("name", WITHOUT_DRIVER)
def test_quiet_without(name: str) -> None:
    """Without a driver no process is started and no library is loaded."""
    hardware = detect(NoProcessMachine(MACHINES / name))
    assert detect(RecordedMachine(MACHINES / name)) == hardware
    assert "broken" not in {report.result for report in hardware.probe_reports}


def test_never_raises() -> None:
    """A probe that raises leaves a broken report."""
    hardware = detect(BrokenMachine({}))
    assert hardware.accelerators == ()
    broken = [report for report in hardware.probe_reports if "RuntimeError" in report.detail]
    assert len(broken) >= len(PROBES)


def test_no_vendor() -> None:
    """Without vendors only the host is probed."""
    hardware = detect(RecordedMachine(MACHINES / "linux-nvidia-h200"), ())
    assert (hardware.system, hardware.accelerators) == ("Linux", ())
    assert [report.probe for report in hardware.probe_reports] == ["environment"]


def test_here() -> None:
    """Detection of the machine that runs the tests ends quickly, with a valid profile."""
    start = time.monotonic()
    hardware = detect(Machine(os.environ))
    assert time.monotonic() - start < 15
    assert hardware == Hardware.from_json(json.dumps(hardware.to_json()))
    assert all(report.milliseconds is not None for report in hardware.probe_reports)


class HangingMachine(Machine):
    """A machine with all drivers, whose tools and libraries hang."""

    def exists(self, path: str) -> bool:
        """Return True for all drivers, and for nothing that hints at a container."""
        return path.startswith(("/dev", "/sys"))

    def read(self, path: str) -> None:
        """Return None for every file."""

    def ask_library(self, library: str, seconds: float) -> CompletedProcess | None:
        """Run a tool that hangs."""
        return self.run("rocminfo", library, seconds=seconds)


@pytest.mark.skipif(os.name != "posix", reason="the tools are shell scripts")
def test_everything_hangs(tmp_path: Path) -> None:
    """If all tools hang, detection still ends within its time limit."""
    for tool in ("nvidia-smi", "rocminfo", "rocm_agent_enumerator", "amd-smi", "rocm-smi"):
        script = tmp_path / tool
        script.write_text("#!/bin/sh\nsleep 60\n")
        script.chmod(script.stat().st_mode | stat.S_IXUSR)
    machine = HangingMachine({"PATH": f"{tmp_path}{os.pathsep}/bin{os.pathsep}/usr/bin"}, 2)
    start = time.monotonic()
    hardware = detect(machine)
    assert time.monotonic() - start < 4
    assert Accelerator("nvidia") in hardware.accelerators
    hanging = {report.probe for report in hardware.probe_reports if report.detail == "timed out"}
    assert {"nvml", "libcuda", "nvidia-smi", "rocminfo", "amd-smi"} <= hanging
