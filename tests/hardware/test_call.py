"""Commands that are run for a person."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from hatch_torch.hardware.process import attend, call

if TYPE_CHECKING:
    from pathlib import Path

# An installer that is interrupted, and takes a moment to clean up.
INSTALLER = """
import sys, time
try:
    print("started", flush=True)
    time.sleep(60)
except KeyboardInterrupt:
    time.sleep(0.2)
    print("cleaned up", flush=True)
"""
PERSON = """
import os, sys
from pathlib import Path
from hatch_torch.hardware.process import attend
try:
    attend([sys.executable, "-c", sys.argv[1]], os.environ, Path())
except KeyboardInterrupt:
    print("ended", flush=True)
"""


def test_call(tmp_path: Path) -> None:
    """A command's end and all that it said come back."""
    done = call(["sh", "-c", "echo $A; echo no >&2; pwd; exit 3"], {"A": "yes"}, tmp_path)
    assert (done.code, done.output) == (3, f"yes\nno\n{tmp_path}\n")


def test_attend(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """A command that a person looks at writes to our own streams."""
    code = attend(["sh", "-c", "echo $A; echo no >&2; exit 3"], {"A": "yes"}, tmp_path)
    assert (code, *capfd.readouterr()) == (3, "yes\n", "no\n")


@pytest.mark.usefixtures("interruptible")
def test_interrupted(tmp_path: Path) -> None:
    """Ctrl-C lets an installer clean up before we end."""
    process = subprocess.Popen(
        [sys.executable, "-c", PERSON, INSTALLER],
        stdout=subprocess.PIPE,
        text=True,
        cwd=tmp_path,
        start_new_session=True,
    )
    assert process.stdout is not None
    with process, process.stdout as told:
        assert told.readline() == "started\n"
        os.killpg(process.pid, signal.SIGINT)
        assert told.read() == "cleaned up\nended\n"


@pytest.mark.usefixtures("interruptible")
def test_interrupted_here(tmp_path: Path) -> None:
    """The interruption goes on to who asked."""
    command = ["sh", "-c", f"sleep 0.2; kill -INT {os.getpid()}"]
    with pytest.raises(KeyboardInterrupt):
        attend(command, os.environ, tmp_path)
