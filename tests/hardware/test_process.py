"""Finding and running other programs."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from hatch_torch.hardware.process import (
    MAX_BYTES,
    CompletedProcess,
    find_program,
    run_captured,
    run_interactive,
)

POSIX = pytest.mark.skipif(os.name != "posix", reason="the tools are shell scripts")
ENVIRON = {"PATH": os.environ["PATH"]}
# An installer that takes a moment to clean up after an interrupt.
INSTALLER = """
import sys, time
try:
    print("started", flush=True)
    time.sleep(60)
except KeyboardInterrupt:
    time.sleep(0.2)
    print("cleaned up", flush=True)
"""
RUNS_THE_INSTALLER = """
import os, sys
from pathlib import Path
from hatch_torch.hardware.process import run_interactive
try:
    run_interactive([sys.executable, "-c", sys.argv[1]], os.environ, Path())
except KeyboardInterrupt:
    print("ended", flush=True)
"""


def write_tool(folder: Path, name: str, script: str) -> str:
    """Write an executable shell script and return its path."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / name
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)
    return str(path)


class TestFindProgram:
    """Which program a name means."""

    def test_first_on_path(self, tmp_path: Path) -> None:
        """The folders of PATH are searched in their order."""
        first, second = write_tool(tmp_path / "a", "smi", ""), write_tool(tmp_path / "b", "smi", "")
        path = os.pathsep.join([str(tmp_path / "b"), str(tmp_path / "a")])
        assert second == find_program("smi", path, Path("/project"))
        assert first == find_program("smi", str(tmp_path / "a"), Path("/project"))

    def test_not_from_the_project(self, tmp_path: Path) -> None:
        """A tool in the project, below it, or in a relative folder is not found."""
        write_tool(tmp_path, "smi", "")
        write_tool(tmp_path / "bin", "smi", "")
        for path in (str(tmp_path), str(tmp_path / "bin"), ".", "", "bin"):
            assert find_program("smi", path, tmp_path) is None

    @POSIX
    def test_not_through_a_link(self, tmp_path: Path) -> None:
        """A link out of the project or into it does not make its tools findable."""
        project, outside = tmp_path / "project", tmp_path / "outside"
        planted, real = write_tool(project / "bin", "smi", ""), write_tool(outside, "real", "")
        (project / "linked").symlink_to(outside)
        (tmp_path / "other-name").symlink_to(project)
        (outside / "smi").symlink_to(planted)
        for path in (outside, tmp_path / "other-name" / "bin", outside / ".." / "project" / "bin"):
            assert find_program("smi", str(path), project) is None
            assert find_program("smi", str(path), tmp_path / "other-name") is None
        assert find_program("real", str(project / "linked"), project) is None
        assert real == find_program("real", str(outside), project)

    def test_in_the_root(self, tmp_path: Path) -> None:
        """In the root of the file system only the root's own files are excluded."""
        expected = write_tool(tmp_path, "smi", "")
        assert expected == find_program("smi", str(tmp_path), Path(tmp_path.anchor))

    def test_absolute(self, tmp_path: Path) -> None:
        """An absolute name is returned if it is a program."""
        expected = write_tool(tmp_path, "smi", "")
        assert expected == find_program(expected, "", tmp_path)
        assert find_program(str(tmp_path / "other"), "", tmp_path) is None

    def test_suffix(self, tmp_path: Path) -> None:
        """On Windows programs end with .exe."""
        expected = write_tool(tmp_path, "smi.exe", "")
        assert expected == find_program("smi", str(tmp_path), Path("/project"), suffix=".exe")


def run(command: list[str], seconds: float = 5) -> CompletedProcess:
    """Run a command as detection does."""
    return run_captured(command, ENVIRON, seconds=seconds, keep_stderr=False)


@POSIX
class TestRunCaptured:
    """The output of a command, and its limits."""

    def test_output(self, tmp_path: Path) -> None:
        """Standard output is kept, standard error is dropped."""
        path = write_tool(tmp_path, "smi", "echo GPU; echo noise >&2; exit 3")
        assert CompletedProcess("GPU\n", 3) == run([path])

    def test_both_streams(self, tmp_path: Path) -> None:
        """By default both streams are kept; folder and environment are the given ones."""
        command = ["sh", "-c", "echo $A; echo no >&2; pwd; exit 3"]
        completed = run_captured(command, {"A": "yes"}, tmp_path)
        assert completed == CompletedProcess(f"yes\nno\n{tmp_path}\n", 3)

    def test_does_not_start(self) -> None:
        """A program that cannot be started raises OSError."""
        with pytest.raises(OSError, match="/not/there"):
            run(["/not/there"])

    def test_timeout(self, tmp_path: Path) -> None:
        """After its time a command is killed, with what it started."""
        path = write_tool(tmp_path, "smi", "echo GPU; sleep 60 & sleep 60")
        start = time.monotonic()
        assert CompletedProcess("GPU\n", None) == run([path], 0.3)
        assert time.monotonic() - start < 2

    def test_closes_its_output_and_hangs(self, tmp_path: Path) -> None:
        """The end of the output is not the end of the command."""
        path = write_tool(tmp_path, "smi", "exec >&-; sleep 60")
        assert CompletedProcess("", None) == run([path], 0.3)

    def test_endless_output(self, tmp_path: Path) -> None:
        """Of an endless output the beginning is read."""
        path = write_tool(tmp_path, "smi", "while :; do echo yyyyyyyyyyyyyyyy; done")
        assert len(run([path], 10).output) == MAX_BYTES

    def test_other_encoding(self, tmp_path: Path) -> None:
        """Bytes that are not UTF-8 are replaced."""
        path = write_tool(tmp_path, "smi", r"printf '\377ok'")
        assert CompletedProcess("\ufffdok") == run([path])

    def test_no_input_and_no_project(self, tmp_path: Path) -> None:
        """By default a command runs in the root folder, and it has no input."""
        path = write_tool(tmp_path, "smi", "cat; pwd")
        assert CompletedProcess("/\n") == run([path])

    def test_group_is_gone(self) -> None:
        """A command that ended just now has no process group to kill."""
        code = "import os; os.setpgid(0, 0) if os.getpgid(0) != os.getpid() else None; print(1)"
        assert CompletedProcess("1\n") == run([sys.executable, "-c", code], 10)

    @pytest.mark.usefixtures("interruptible")
    def test_interrupted(self, tmp_path: Path) -> None:
        """Ctrl-C kills the command, with what it started, and is passed on."""
        late = tmp_path / "late"
        script = f"(sleep 1; touch {late}) & sleep 0.2; kill -INT {os.getpid()}; sleep 60"
        start = time.monotonic()
        with pytest.raises(KeyboardInterrupt):
            run_captured(["sh", "-c", script], ENVIRON)
        time.sleep(1)
        assert not late.exists()
        assert time.monotonic() - start < 10


@POSIX
class TestRunInteractive:
    """Commands that use the standard streams of this process."""

    def test_streams(self, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
        """The command writes to our own streams."""
        command = ["sh", "-c", "echo $A; echo no >&2; exit 3"]
        exit_code = run_interactive(command, {"A": "yes"}, tmp_path)
        assert (exit_code, *capfd.readouterr()) == (3, "yes\n", "no\n")

    @pytest.mark.usefixtures("interruptible")
    def test_interrupt_reaches_the_command(self, tmp_path: Path) -> None:
        """Ctrl-C lets an installer clean up before we end."""
        process = subprocess.Popen(
            [sys.executable, "-c", RUNS_THE_INSTALLER, INSTALLER],
            stdout=subprocess.PIPE,
            text=True,
            cwd=tmp_path,
            start_new_session=True,
        )
        assert process.stdout is not None
        with process, process.stdout as output:
            assert output.readline() == "started\n"
            os.killpg(process.pid, signal.SIGINT)
            assert output.read() == "cleaned up\nended\n"

    @pytest.mark.usefixtures("interruptible")
    def test_interrupt_is_passed_on(self, tmp_path: Path) -> None:
        """The caller gets the KeyboardInterrupt."""
        command = ["sh", "-c", f"sleep 0.2; kill -INT {os.getpid()}"]
        with pytest.raises(KeyboardInterrupt):
            run_interactive(command, os.environ, tmp_path)


@POSIX
class TestChildren:
    """Nothing that was started goes on without us."""

    def test_complete_answer(self, tmp_path: Path) -> None:
        """An answer counts although a child of the tool keeps the pipe open."""
        tool = write_tool(tmp_path, "smi", "echo answer; sleep 60 & exit 0")
        start = time.monotonic()
        assert run_captured([tool], ENVIRON, seconds=20) == CompletedProcess("answer\n", 0)
        assert time.monotonic() - start < 10

    @pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP, signal.SIGINT])
    @pytest.mark.parametrize("how", ["run_captured", "run_interactive"])
    def test_signals(self, tmp_path: Path, number: int, how: str) -> None:
        """A signal that ends us ends the command too."""
        pid = tmp_path / "pid"
        script = f"echo $$ > {pid}.new; mv {pid}.new {pid}; exec sleep 60"
        program = (
            "import os, signal, sys; from pathlib import Path\n"
            "signal.signal(signal.SIGINT, signal.default_int_handler)\n"
            "from hatch_torch.hardware.process import *\n"
            f"{how}(['/bin/sh', '-c', sys.argv[1]], os.environ, Path('/'))"
        )
        ours = subprocess.Popen([sys.executable, "-c", program, script], stderr=subprocess.DEVNULL)
        for _ in range(200):
            if pid.exists():
                break
            time.sleep(0.1)
        child = int(pid.read_text())
        time.sleep(0.3)
        if (how, number) == ("run_interactive", signal.SIGINT):
            os.kill(child, number)  # a terminal sends it to both
        ours.send_signal(number)
        assert ours.wait(20) != 0
        for _ in range(50):
            try:
                os.kill(child, 0)
            except ProcessLookupError:
                return
            time.sleep(0.1)
        os.kill(child, signal.SIGKILL)
        pytest.fail("the command goes on")
