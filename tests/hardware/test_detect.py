"""What a machine has, over every recorded machine."""

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
WITHOUT = [name for name in NAMES if name.startswith("linux-intel") or "plain" in name]
WITHOUT += [name for name in NAMES if name.startswith(("linux-image-build", "linux-container-on"))]
WITHOUT += ["linux-nvidia-nouveau", "wsl2-without-gpu"]
WITHOUT += ["linux-ci", "linux-container", "linux-slurm-login", "macos-12-intel", "windows-none"]


class QuietMachine(RecordedMachine):
    """A recorded machine on which nothing may be run."""

    def run(self, name: str, *words: str, seconds: float) -> CompletedProcess | None:  # noqa: ARG002 - refused
        """Refuse."""
        raise AssertionError(name)

    def ask_library(self, question: str, seconds: float) -> CompletedProcess | None:  # noqa: ARG002 - refused
        """Refuse."""
        raise AssertionError(question)


class BrokenMachine(Machine):
    """A machine that fails at every question."""

    def read(self, path: str) -> NoReturn:
        """Fail."""
        raise RuntimeError(path)

    def exists(self, path: str) -> NoReturn:
        """Fail."""
        raise RuntimeError(path)

    def glob(self, pattern: str) -> NoReturn:
        """Fail."""
        raise RuntimeError(pattern)


def test_there_are_machines() -> None:
    """Every kind of machine of the contract was recorded."""
    kinds = {name.split("-")[0] for name in NAMES}
    assert {"linux", "macos", "windows", "wsl2", "jetson"} <= kinds
    assert len(NAMES) >= 40


@pytest.mark.parametrize("name", NAMES)
class TestRecorded:
    """What holds for each recorded machine."""

    def test_expected(self, name: str) -> None:
        """The facts are those that were written down for it."""
        expected = (MACHINES / name / "expected.json").read_text(encoding="utf-8")
        found = detect(RecordedMachine(MACHINES / name))
        assert json.loads(expected) == json.loads(json.dumps(found.to_json()))

    def test_profile(self, name: str) -> None:
        """Its profile reads back as the same facts."""
        found = detect(RecordedMachine(MACHINES / name))
        assert found == Hardware.from_json(json.dumps(found.to_json()))

    def test_every_chain_leaves_a_source(self, name: str) -> None:
        """No vendor is passed over in silence."""
        machine = RecordedMachine(MACHINES / name)
        for vendor in ("nvidia", "amd", "intel", "apple"):
            alone = detect(machine, {vendor})
            assert {one.vendor for one in alone.accelerators} <= {vendor}
            assert len(alone.probe_reports) > 1


@pytest.mark.parametrize("name", WITHOUT)
def test_quiet_without(name: str) -> None:
    """Where no driver of a tool's vendor is, no process is started and no library is loaded."""
    quiet = detect(QuietMachine(MACHINES / name))
    assert detect(RecordedMachine(MACHINES / name)) == quiet
    assert "broken" not in {one.result for one in quiet.probe_reports}


def test_never_raises() -> None:
    """A fault of our own in any probe is a source that is broken."""
    found = detect(BrokenMachine({}))
    assert found.accelerators == ()
    broken = [one for one in found.probe_reports if "RuntimeError" in one.detail]
    assert len(broken) >= len(PROBES)


def test_no_vendor() -> None:
    """Nobody is asked when nobody is wanted; the host is look_up_gpu all the same."""
    found = detect(RecordedMachine(MACHINES / "linux-nvidia-h200"), ())
    assert (found.system, found.accelerators) == ("Linux", ())
    assert [one.probe for one in found.probe_reports] == ["environment"]


def test_here() -> None:
    """On the machine that runs the tests detection ends, quickly, with a profile."""
    start = time.monotonic()
    found = detect(Machine(os.environ))
    assert time.monotonic() - start < 15
    assert found == Hardware.from_json(json.dumps(found.to_json()))
    assert all(one.milliseconds is not None for one in found.probe_reports)


class HangingMachine(Machine):
    """A machine with every driver, of which each tool and library hangs."""

    def exists(self, path: str) -> bool:
        """Have every driver, and no container."""
        return path.startswith(("/dev", "/sys"))

    def read(self, path: str) -> None:
        """Hide every file."""

    def ask_library(self, question: str, seconds: float) -> CompletedProcess | None:
        """Hang in place of a library."""
        return self.run("rocminfo", question, seconds=seconds)


@pytest.mark.skipif(os.name != "posix", reason="the tools are shell scripts")
def test_everything_hangs(tmp_path: Path) -> None:
    """All tools of all vendors hang: it ends in the time that there is for all of them."""
    for tool in ("nvidia-smi", "rocminfo", "rocm_agent_enumerator", "amd-smi", "rocm-smi"):
        script = tmp_path / tool
        script.write_text("#!/bin/sh\nsleep 60\n")
        script.chmod(script.stat().st_mode | stat.S_IXUSR)
    machine = HangingMachine({"PATH": f"{tmp_path}{os.pathsep}/bin{os.pathsep}/usr/bin"}, 2)
    start = time.monotonic()
    found = detect(machine)
    assert time.monotonic() - start < 4
    assert Accelerator("nvidia") in found.accelerators
    hanging = {one.probe for one in found.probe_reports if one.detail == "timed out"}
    assert {"nvml", "libcuda", "nvidia-smi", "rocminfo", "amd-smi"} <= hanging
