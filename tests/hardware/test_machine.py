"""The machine that runs the tests, and a recorded one."""

from __future__ import annotations

import os
import platform
import re
from typing import TYPE_CHECKING

import pytest

from hatch_torch.hardware.machine import Machine, describe_libc
from hatch_torch.hardware.process import CompletedProcess
from tests.support.recorded_machine import RecordedMachine

if TYPE_CHECKING:
    from pathlib import Path

POSIX = pytest.mark.skipif(os.name != "posix", reason="the tools are shell scripts")
RECORDING = r"""
system = "Linux"
machine = "x86_64"
python = "3.12.3"
programs = ["sbatch"]
[files]
"/sys/a/10/id" = "ten"
"/sys/a/2/id" = "two"
[commands."smi --list"]
out = "GPU"
code = 3
[libraries.nvml]
hangs = true
[[registry.'KEY']]
name = "value"
"""


def machine_with_tool(folder: Path, script: str) -> Machine:
    """Return a machine with one tool, smi."""
    path = folder / "smi"
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)
    variables = {"CUDA_VISIBLE_DEVICES": "1", "HSA_OVERRIDE_GFX_VERSION": "11.0.0", "LANG": "de_DE"}
    return Machine({"PATH": str(folder), **variables, "LD_LIBRARY_PATH": "/lib/own"}, seconds=1)


class TestReal:
    """The machine that runs the tests."""

    def test_facts(self) -> None:
        """System, C library and Python are those of this machine."""
        machine = Machine()
        assert platform.system() == machine.system
        assert machine.python.startswith(platform.python_version())
        assert re.fullmatch(r"(glibc|musl|macos) \d+\.\d+(\.\d+)?|None", str(machine.libc))

    def test_files(self, tmp_path: Path) -> None:
        """Files are read; None is returned for what can't be read."""
        (tmp_path / "file").write_bytes(b"text\xff")
        machine = Machine({})
        assert machine.read(str(tmp_path / "file")) == "text\ufffd"
        assert machine.read(str(tmp_path)) is None
        assert machine.read("\0") is None
        assert machine.exists(str(tmp_path))
        assert not machine.exists(str(tmp_path / "other"))
        assert not machine.exists("x" * 5000)

    @POSIX
    def test_glob(self, tmp_path: Path) -> None:
        """Paths are in natural order, and an invalid pattern matches nothing."""
        for number in (10, 9):
            (tmp_path / f"card{number}").touch()
        machine = Machine({})
        expected = (str(tmp_path / "card9"), str(tmp_path / "card10"))
        assert expected == machine.glob(f"{tmp_path}/card*")
        assert machine.glob("") == ()

    @POSIX
    def test_run(self, tmp_path: Path) -> None:
        """Tools run in English, and without the variables that hide devices."""
        script = 'echo "$1 $LC_ALL $CUDA_VISIBLE_DEVICES $HSA_OVERRIDE_GFX_VERSION ."'
        assert CompletedProcess("a C   .\n") == machine_with_tool(tmp_path, script).run(
            "smi", "a", seconds=1
        )

    @POSIX
    def test_libraries(self, tmp_path: Path) -> None:
        """The user's library path is kept, and comes first."""
        completed = machine_with_tool(tmp_path, 'echo "$LD_LIBRARY_PATH"').run("smi", seconds=1)
        assert completed is not None
        assert completed.output.startswith("/lib/own")

    @POSIX
    def test_time_limit(self, tmp_path: Path) -> None:
        """After the time limit of the detection no tool is run."""
        machine = machine_with_tool(tmp_path, "exec /bin/sleep 60")
        assert machine.run("smi", seconds=5) == CompletedProcess("", None)
        assert machine.run("smi", seconds=5) == CompletedProcess("", None)
        assert machine.seconds <= 0

    def test_no_tool(self) -> None:
        """A missing tool gives None."""
        assert Machine({}).run("no-such-tool", seconds=1) is None

    @POSIX
    def test_deleted_folder(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """Tools run although the current folder was deleted."""
        machine = machine_with_tool(tmp_path, "echo ok")
        gone = tmp_path / "gone"
        gone.mkdir()
        monkeypatch.chdir(gone)
        gone.rmdir()
        assert machine.run("smi", seconds=1) == CompletedProcess("ok\n")

    def test_registry(self) -> None:
        """A missing key has no subkeys."""
        assert Machine({}).registry("no such key") == ()

    def test_windows(self, tmp_path: Path) -> None:
        """On Windows a tool ends with .exe."""
        machine = Machine({"PATH": str(tmp_path)})
        machine.system = "Windows"
        (tmp_path / "smi.exe").touch()
        (tmp_path / "smi.exe").chmod(0o755)
        assert machine.which("smi") == str(tmp_path / "smi.exe")


@pytest.mark.parametrize(
    ("release", "platform_tags", "expected"),
    [
        ("14.5", ["macosx_14_0_arm64"], "macos 14.5"),
        ("", ["manylinux_2_36_x86_64", "manylinux_2_35_x86_64", "linux_x86_64"], "glibc 2.36"),
        ("", ["musllinux_1_2_aarch64"], "musl 1.2"),
        ("", ["win_amd64"], None),
    ],
)
def test_libc(release: str, platform_tags: list[str], expected: str | None) -> None:
    """The platform tags tell the C library; macOS has a release."""
    assert expected == describe_libc(release, platform_tags)


class TestRecorded:
    """A recorded machine."""

    def test_answers(self, tmp_path: Path) -> None:
        """What was not recorded does not exist."""
        (tmp_path / "machine.toml").write_text(RECORDING)
        machine = RecordedMachine(tmp_path)
        assert machine.glob("/sys/a/*") == ("/sys/a/2", "/sys/a/10")
        assert machine.glob("/sys/*/2/id") == ("/sys/a/2/id",)
        assert machine.exists("/sys/a")
        assert not machine.exists("/sys/b")
        assert machine.read("/sys/a/2/id") == "two"
        assert machine.read("/sys/a") is None
        assert machine.run("smi", "--list", seconds=1) == CompletedProcess("GPU", 3)
        assert machine.run("smi", seconds=1) is None
        assert machine.ask_library("nvml", 1) == CompletedProcess("", None)
        assert machine.registry("KEY") == ({"name": "value"},)
        assert machine.registry("OTHER") == ()
        assert [machine.which(name) for name in ("smi", "sbatch", "qsub")] == [
            "smi",
            "sbatch",
            None,
        ]
        assert machine.clock() == machine.clock()


def test_no_tool_of_the_project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A tool of the project is not found, from any of its folders."""
    (tmp_path / "pyproject.toml").touch()
    (tmp_path / "smi").touch(mode=0o755)
    (tmp_path / "src").mkdir()
    monkeypatch.chdir(tmp_path / "src")
    assert Machine({"PATH": str(tmp_path)}).which("smi") is None
    (tmp_path / "pyproject.toml").unlink()
    assert Machine({"PATH": str(tmp_path)}).which("smi") == str(tmp_path / "smi")
