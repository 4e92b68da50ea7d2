"""uv, the newest and one of a year ago: every command that builds the project."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pathlib import Path

    from tests.end_to_end.conftest import Sandbox
    from tests.end_to_end.matrix.conftest import Tool

pytestmark = [pytest.mark.end_to_end, pytest.mark.matrix]

ON_CUDA = {"torch": "2.14.1+cu126", "torchvision": "0.29.2+cu126"}
PLAIN = {"torch": "2.14.1", "torchvision": "0.29.2"}
THIS_MACHINES = re.compile(r"(\+|%2B)(cu|cpu|rocm|xpu)")
SCRIPT = '\n[project.scripts]\nmy-app = "my_app:main"\n'
MAIN = "import torch\ndef main(): print(torch.__version__)\n"
ROOT = """
[project]
name = "workspace"
version = "1.0"
requires-python = ">=3.10"
dependencies = ["my-app"]
[tool.uv]
package = false
[tool.uv.workspace]
members = ["my-app"]
[tool.uv.sources]
my-app = { workspace = true }
"""


@pytest.fixture(params=["uv==0.9.11", "uv"])
def cuda(request: pytest.FixtureRequest, sandbox: Sandbox, tool: Tool) -> Sandbox:
    """Give the sandbox each uv, on a machine with an RTX 4090."""
    return replace(sandbox.on("rtx-4090"), uv_program=tool(request.param) / "uv")


def locked(sandbox: Sandbox) -> str:
    """Lock anew; return the lock, which must be portable."""
    (sandbox.project / "uv.lock").unlink(missing_ok=True)
    sandbox.uv("lock")
    lock = (sandbox.project / "uv.lock").read_text(encoding="utf-8")
    assert sandbox.index.torch_index not in lock
    assert not THIS_MACHINES.search(lock)
    return lock


def own_environment(sandbox: Sandbox) -> set[str]:
    """Return what of torch the project's own environment has."""
    infos = (sandbox.project / ".venv").rglob("torch*.dist-info")
    return {info.name.removesuffix(".dist-info") for info in infos}


@pytest.mark.parametrize("way", [("-e", "."), (".",)], ids=" ".join)
def test_pip_install(cuda: Sandbox, way: tuple[str, ...]) -> None:
    """`uv pip install -e .` and `uv pip install .` get this machine's wheels."""
    cuda.uv("pip", "install", *way)

    assert cuda.exact() == ON_CUDA
    assert cuda.fetched() == cuda.present()


def test_requirements_after_lock(cuda: Sandbox) -> None:
    """A file of requirements after a lock, in a fresh environment, gets the exact wheels."""
    locked(cuda)
    cuda.add("requirements.txt", "-e .\n")

    cuda.uv("pip", "install", "-r", "requirements.txt")

    assert cuda.exact() == ON_CUDA


def test_lock(cuda: Sandbox) -> None:
    """A lock is the same on two machines, also between their installs."""
    first = locked(cuda)
    cuda.uv("pip", "install", "-e", ".")

    assert locked(cuda.on("mi300x")) == first
    cuda.on("mi300x").uv("pip", "install", "-e", ".")
    assert locked(cuda) == first


@pytest.mark.parametrize("command", [("sync",), ("run", "python", "-c", "")], ids=" ".join)
def test_sync_and_run(cuda: Sandbox, command: tuple[str, ...]) -> None:
    """`uv sync` and `uv run` install what the lock says, which is PyPI's torch."""
    cuda.uv(*command)

    assert own_environment(cuda) == {"torch-2.14.1", "torchvision-0.29.2"}


@pytest.mark.parametrize("command", [("sync",), ("run", "python", "-c", "")], ids=" ".join)
def test_sync_and_run_after_an_install(cuda: Sandbox, command: tuple[str, ...]) -> None:
    """Both go back to the lock's torch where `uv pip install -e .` had put this machine's."""
    cuda.run(cuda.uv_program, "venv", "--quiet", ".venv")
    install = ("pip", "install", "--python", ".venv", "-e", ".")
    cuda.run(cuda.uv_program, *install)
    assert own_environment(cuda) == {f"{name}-{version}" for name, version in ON_CUDA.items()}

    cuda.run(cuda.uv_program, *command)

    assert own_environment(cuda) == {"torch-2.14.1", "torchvision-0.29.2"}


def test_run_without_sync(cuda: Sandbox) -> None:
    """`uv run --no-sync` leaves this machine's torch alone."""
    cuda.run(cuda.uv_program, "venv", "--quiet", ".venv")
    cuda.run(cuda.uv_program, "pip", "install", "--python", ".venv", "-e", ".")

    cuda.run(cuda.uv_program, "run", "--no-sync", "python", "-c", "")

    assert "torch-2.14.1+cu126" in own_environment(cuda)


@pytest.mark.parametrize(
    "command",
    [("export",), ("tree",), ("add", "numpy<3"), ("pip", "compile", "pyproject.toml")],
    ids=" ".join,
)
def test_portable_command(cuda: Sandbox, command: tuple[str, ...]) -> None:
    """What else uv tells of the project, or writes, is portable, after an install too."""
    cuda.uv("pip", "install", "-e", ".")

    output = cuda.uv(*command)

    assert cuda.index.torch_index not in output
    assert not THIS_MACHINES.search(output)


def test_build(cuda: Sandbox, tmp_path: Path) -> None:
    """`uv build` is portable."""
    cuda.uv("build", "--out-dir", tmp_path / "out")

    assert len([*(tmp_path / "out").glob("my_app-1.0*")]) == 2
    (wheel,) = (tmp_path / "out").glob("*.whl")
    cuda.uv("pip", "install", wheel)
    assert cuda.versions() == PLAIN


def test_tool_install(cuda: Sandbox) -> None:
    """`uv tool install .` gives the tool this machine's torch."""
    cuda.write("full", more=SCRIPT)
    cuda.add("my_app.py", MAIN)
    tools = cuda.on(UV_TOOL_DIR=str(cuda.folder / "tools"), UV_TOOL_BIN_DIR=str(cuda.folder))

    tools.uv("tool", "install", ".")

    assert tools.run(cuda.folder / "my-app").strip() == "2.14.1+cu126"


def test_tool_run(cuda: Sandbox) -> None:
    """So does `uv tool run --from .`."""
    cuda.write("full", more=SCRIPT)
    cuda.add("my_app.py", MAIN)

    output = cuda.uv("tool", "run", "--from", ".", "my-app")

    assert output.splitlines()[-1] == "2.14.1+cu126"


def test_workspace(cuda: Sandbox) -> None:
    """A workspace's lock is portable, and a member is installed as any other checkout."""
    root = cuda.project.parent
    (root / "pyproject.toml").write_text(ROOT, encoding="utf-8")
    cuda.run(cuda.uv_program, "lock", folder=root)
    lock = (root / "uv.lock").read_text(encoding="utf-8")
    assert not THIS_MACHINES.search(lock)

    cuda.uv("pip", "install", "-e", ".")

    assert cuda.exact() == ON_CUDA
    cuda.on("none").run(cuda.uv_program, "lock", folder=root)
    assert (root / "uv.lock").read_text(encoding="utf-8") == lock
