"""The commands, from the installed wheel's `hatch-torch.exe`, over an index on loopback."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.end_to_end.conftest import Sandbox
    from tests.windows.wine import Windows

    Command = Callable[..., str]

pytestmark = [pytest.mark.end_to_end, pytest.mark.windows]

PLAIN = """
[project]
name = "my-app"
version = "1.0"
dependencies = ["torch>=2.4,<2.7"]
"""


@pytest.fixture
def command(sandbox: Sandbox, scripts: Path) -> Command:
    """Return a function that runs a command of hatch-torch in a project, with an RTX 4090."""
    sandbox.add("pyproject.toml", PLAIN)
    cuda = sandbox.on("rtx-4090", VIRTUAL_ENV=str(sandbox.python.parents[1]))

    def run(*words: str, fails: bool = False) -> str:
        return cuda.run(scripts / "hatch-torch.exe", *words, fails=fails)

    return run


def test_explain(command: Command) -> None:
    """`explain` decides for this Windows, with its own wheels."""
    explained = json.loads(command("explain", "--json"))

    assert explained["backend"] == "cu126"
    (torch,) = (wheel for wheel in explained["wheels"] if wheel["name"] == "torch")
    assert torch["url"].endswith("torch-2.6.0%2Bcu126-cp313-cp313-win_amd64.whl")


def test_status(command: Command, sandbox: Sandbox) -> None:
    """`status` finds that the project is not installed in the environment that is active."""
    sandbox.write("full")

    status = json.loads(command("status", "--json", fails=True))

    assert status["environment"].startswith("C:\\tests\\café au lait\\")
    assert any("my-app is not installed" in finding["why"] for finding in status["findings"])


def test_init_and_lock(command: Command, sandbox: Sandbox) -> None:
    """`init` sets the project up, keeping line ends; `lock` writes portable paths."""
    path = sandbox.project / "pyproject.toml"
    path.write_bytes(PLAIN.replace("\n", "\r\n").encode())

    command("init", "--yes")
    command("lock", "--backend", "cu126", "--backend", "cpu")

    written = path.read_bytes()
    assert b".torch-variant.stamp" in written
    assert written.count(b"\n") == written.count(b"\r\n")
    lock = (sandbox.project / "torch-variant.lock").read_text(encoding="utf-8")
    assert "win_amd64" in lock
    assert "\\" not in lock
    command("lock", "--check")


def test_export(command: Command, sandbox: Sandbox) -> None:
    """`export` writes a file that pip reads, and a command that cmd reads."""
    command("export", "--format", "requirements", "-o", "requirements.txt")
    line = command("export", "--format", "command").splitlines()[-1]

    text = (sandbox.project / "requirements.txt").read_text(encoding="utf-8")
    assert "torch-2.6.0%2Bcu126-cp313-cp313-win_amd64.whl" in text
    assert line.startswith("pip install torch==2.6.0 --index-url http://127.0.0.1")


def test_download(command: Command, sandbox: Sandbox) -> None:
    """`download` fetches the wheels, and prints a command without quotation marks of POSIX."""
    output = command("download", "-d", "wheels")

    names = [path.name for path in (sandbox.project / "wheels").iterdir()]
    assert "torch-2.6.0+cu126-cp313-cp313-win_amd64.whl" in names
    assert "'" not in next(line for line in output.splitlines() if "pip download" in line)


def test_install_line(command: Command) -> None:
    """The line of `install` has the interpreter's path in double quotes, for its blanks."""
    line = command("install", "--dry-run").splitlines()[-1]

    assert line.startswith('"C:\\tests\\')
    assert 'python.exe" -m pip install' in line


def test_demo(windows: Windows, scripts: Path) -> None:
    """`demo` installs for real, on this machine and on recorded ones."""
    output = windows.check(scripts / "hatch-torch.exe", "demo", environ={"PYTHONUTF8": "1"})

    assert "this machine" in output
    assert "+cu1" in output
