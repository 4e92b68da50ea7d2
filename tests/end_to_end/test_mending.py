"""What later installs and other hardware do to torch is seen, told, and mended."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest
from uv import find_uv_bin

if TYPE_CHECKING:
    from tests.end_to_end.conftest import Sandbox

pytestmark = pytest.mark.end_to_end

ON_CPU = {"torch": "2.14.1+cpu", "torchvision": "0.29.2+cpu"}
ON_CUDA = {"torch": "2.14.1+cu126", "torchvision": "0.29.2+cu126"}


def hatch_torch(sandbox: Sandbox, *arguments: str, code: int = 0) -> str:
    """Run `hatch-torch` in the checkout, with its environment active; return what it printed."""
    here = sandbox.on(VIRTUAL_ENV=str(sandbox.python.parents[1]))
    completed = subprocess.run(
        [sys.executable, "-m", "hatch_torch", *arguments],
        cwd=sandbox.project,
        env={**here.environ, "PATH": f"{find_uv_bin().rpartition('/')[0]}:{here.environ['PATH']}"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
        check=False,
    )
    assert completed.returncode == code, completed.stdout
    assert "Traceback" not in completed.stdout
    return completed.stdout


def state(sandbox: Sandbox, code: int) -> Any:  # noqa: ANN401 (it is JSON)
    """Return what `status --json` prints."""
    return json.loads(hatch_torch(sandbox, "status", "--json", code=code))


@pytest.mark.parametrize("tool", ["pip", pytest.param("uv", marks=pytest.mark.matrix)])
def test_a_later_install(sandbox: Sandbox, tool: str) -> None:
    """A later install that swaps torch is found, and `sync` brings back what was chosen."""
    sandbox.install(tool)
    assert state(sandbox, 0)["findings"] == []

    sandbox.uv("pip", "install", "torch==2.8.0", "torchvision==0.23.0")
    status = state(sandbox, 1)

    assert status["findings"][0] == {
        "why": "a later install replaced torch 2.14.1+cpu by torch 2.8.0 (cu128)",
        "mend": "hatch-torch sync",
    }
    assert (status["backend"], status["recorded"]) == ("cu128", "cpu")
    assert "-e" in hatch_torch(sandbox, "sync", "--dry-run")
    assert sandbox.versions()["torch"] == "2.8.0"

    hatch_torch(sandbox, "sync")

    assert sandbox.versions() == ON_CPU
    assert "OK: the installed torch matches" in hatch_torch(sandbox, "status")
    assert "OK: " in hatch_torch(sandbox, "sync")


def test_other_hardware(sandbox: Sandbox) -> None:
    """A GPU that came, and one that went, are seen by `status` and used by `sync`."""
    sandbox.install("uv")
    cuda = sandbox.on("rtx-4090")

    output = hatch_torch(cuda, "status", code=1)

    assert "torch 2.14.1+cpu leaves NVIDIA GeForce RTX 4090 idle" in output

    hatch_torch(cuda, "sync")

    assert sandbox.versions() == ON_CUDA
    assert "no NVIDIA GPU" in hatch_torch(sandbox, "status", code=1)
    assert "no NVIDIA GPU" in hatch_torch(sandbox, "verify", code=1)


def test_the_extra_that_was_asked_for(sandbox: Sandbox) -> None:
    """`sync` installs again with the extras of the recorded install."""
    sandbox.install("pip", what=".[rocm64]")
    assert sandbox.record()["extras"] == ["rocm64"]
    sandbox.uv("pip", "install", "torch==2.8.0", "torchvision==0.23.0")

    assert "[rocm64]" in hatch_torch(sandbox, "sync", "--dry-run")
    hatch_torch(sandbox, "sync")

    assert sandbox.versions()["torch"] == "2.9.1+rocm6.4"
    assert state(sandbox, 0)["decided_by"] == "extra rocm64"


def test_install_requirements(sandbox: Sandbox) -> None:
    """`install` gets this machine's wheels, holds what is there, and knows when all is there."""
    (sandbox.project / "pyproject.toml").unlink()
    cuda = sandbox.on("rtx-4090")

    hatch_torch(cuda, "install", "torch>=2.8,<2.10", "numpy")

    assert sandbox.versions() == {"torch": "2.9.1+cu128"}
    assert "every requirement is installed" in hatch_torch(cuda, "install", "torch", "numpy")

    (sandbox.project / "requirements.txt").write_text("torch\ntorchvision\n", encoding="utf-8")
    output = hatch_torch(cuda, "install", "-r", "requirements.txt", "--dry-run")

    assert "torch==2.9.1+cu128" in output
    assert "torchvision @ http" in output
    hatch_torch(cuda, "install", "-r", "requirements.txt")
    assert sandbox.versions() == {"torch": "2.9.1+cu128", "torchvision": "0.24.1+cu128"}


def test_an_environment_without_pip(sandbox: Sandbox) -> None:
    """Without a pip it is uv that installs, and `uv sync` where there is a uv.lock."""
    (sandbox.project / "pyproject.toml").rename(sandbox.project / "kept.toml")
    sandbox.run(find_uv_bin(), "venv", "--quiet", sandbox.venv, "--python", sys.executable)

    hatch_torch(sandbox, "install", "torch<2.15")

    assert sandbox.versions() == {"torch": "2.14.1+cpu"}

    (sandbox.project / "kept.toml").rename(sandbox.project / "pyproject.toml")
    sandbox.add("uv.lock", "")
    output = hatch_torch(sandbox, "sync", "--dry-run")

    assert output.splitlines()[-1].split()[1:] == ["sync", "--extra", "cpu", "--active"]
