"""What later installs and other hardware do to torch is seen, told, and mended."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest
from uv import find_uv_bin

if TYPE_CHECKING:
    from tests.end_to_end.conftest import World

pytestmark = pytest.mark.end_to_end

ON_CPU = {"torch": "2.14.1+cpu", "torchvision": "0.29.2+cpu"}
ON_CUDA = {"torch": "2.14.1+cu126", "torchvision": "0.29.2+cu126"}


def hatch_torch(world: World, *arguments: str, code: int = 0) -> str:
    """Run `hatch-torch` in the checkout, with its environment active; return what it printed."""
    here = world.on(VIRTUAL_ENV=str(world.python.parents[1]))
    done = subprocess.run(
        [sys.executable, "-m", "hatch_torch", *arguments],
        cwd=world.project,
        env={**here.environ, "PATH": f"{find_uv_bin().rpartition('/')[0]}:{here.environ['PATH']}"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
        check=False,
    )
    assert done.returncode == code, done.stdout
    assert "Traceback" not in done.stdout
    return done.stdout


def state(world: World, code: int) -> Any:  # noqa: ANN401 (it is JSON)
    """Return what `status --json` prints."""
    return json.loads(hatch_torch(world, "status", "--json", code=code))


@pytest.mark.parametrize("tool", ["pip", pytest.param("uv", marks=pytest.mark.matrix)])
def test_a_later_install(world: World, tool: str) -> None:
    """A later install that swaps torch is found, and `sync` brings back what was chosen."""
    world.install(tool)
    assert state(world, 0)["findings"] == []

    world.uv("pip", "install", "torch==2.8.0", "torchvision==0.23.0")
    told = state(world, 1)

    assert told["findings"][0] == {
        "why": "a later install swapped torch 2.14.1+cpu: torch 2.8.0 (cu128) is there now",
        "mend": "hatch-torch sync",
    }
    assert (told["backend"], told["recorded"]) == ("cu128", "cpu")
    assert "-e" in hatch_torch(world, "sync", "--dry-run")
    assert world.versions()["torch"] == "2.8.0"

    hatch_torch(world, "sync")

    assert world.versions() == ON_CPU
    assert "as it should be" in hatch_torch(world, "status")
    assert "nothing to mend" in hatch_torch(world, "sync")


def test_other_hardware(world: World) -> None:
    """A GPU that came, and one that went, are seen by `status` and used by `sync`."""
    world.install("uv")
    cuda = world.on("rtx-4090")

    told = hatch_torch(cuda, "status", code=1)

    assert "torch 2.14.1+cpu leaves NVIDIA GeForce RTX 4090 idle" in told

    hatch_torch(cuda, "sync")

    assert world.versions() == ON_CUDA
    assert "no NVIDIA GPU" in hatch_torch(world, "status", code=1)
    assert "no NVIDIA GPU" in hatch_torch(world, "verify", code=1)


def test_the_extra_that_was_asked_for(world: World) -> None:
    """`sync` installs again with the extras of the recorded install."""
    world.install("pip", what=".[rocm64]")
    assert world.record()["extras"] == ["rocm64"]
    world.uv("pip", "install", "torch==2.8.0", "torchvision==0.23.0")

    assert "[rocm64]" in hatch_torch(world, "sync", "--dry-run")
    hatch_torch(world, "sync")

    assert world.versions()["torch"] == "2.9.1+rocm6.4"
    assert state(world, 0)["decided_by"] == "extra rocm64"


def test_install_requirements(world: World) -> None:
    """`install` gets this machine's wheels, holds what is there, and knows when all is there."""
    (world.project / "pyproject.toml").unlink()
    cuda = world.on("rtx-4090")

    hatch_torch(cuda, "install", "torch>=2.8,<2.10", "numpy")

    assert world.versions() == {"torch": "2.9.1+cu128"}
    assert "everything is there" in hatch_torch(cuda, "install", "torch", "numpy")

    (world.project / "requirements.txt").write_text("torch\ntorchvision\n", encoding="utf-8")
    told = hatch_torch(cuda, "install", "-r", "requirements.txt", "--dry-run")

    assert "torch==2.9.1+cu128" in told
    assert "torchvision @ http" in told
    hatch_torch(cuda, "install", "-r", "requirements.txt")
    assert world.versions() == {"torch": "2.9.1+cu128", "torchvision": "0.24.1+cu128"}


def test_an_environment_without_pip(world: World) -> None:
    """Without a pip it is uv that installs, and `uv sync` where there is a uv.lock."""
    (world.project / "pyproject.toml").rename(world.project / "kept.toml")
    world.run(find_uv_bin(), "venv", "--quiet", world.venv, "--python", sys.executable)

    hatch_torch(world, "install", "torch<2.15")

    assert world.versions() == {"torch": "2.14.1+cpu"}

    (world.project / "kept.toml").rename(world.project / "pyproject.toml")
    world.add("uv.lock", "")
    told = hatch_torch(world, "sync", "--dry-run")

    assert told.splitlines()[-1].split()[1:] == ["sync", "--extra", "cpu", "--active"]
