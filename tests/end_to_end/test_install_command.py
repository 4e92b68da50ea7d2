"""`hatch-torch install`: the whole install takes part, and the result is checked."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from uv import find_uv_bin

from hatch_torch.demo.wheels import Stub, build_wheel

if TYPE_CHECKING:
    from tests.end_to_end.conftest import Sandbox

pytestmark = pytest.mark.end_to_end


def install(sandbox: Sandbox, tool: str, *arguments: str | Path, fails: bool = False) -> str:
    """Run `hatch-torch install` where no project is, with pip or uv; return its output."""
    without_pip = () if tool == "pip" else ("--no-pip",)
    if not sandbox.venv.exists():
        virtualenv = (sys.executable, "-m", "virtualenv", "--quiet", *without_pip, sandbox.venv)
        sandbox.run(*virtualenv, folder=sandbox.folder)
    path = f"{Path(find_uv_bin()).parent}:{sandbox.environ['PATH']}"
    active = sandbox.on(VIRTUAL_ENV=str(sandbox.venv), PATH=path)
    command = (sys.executable, "-m", "hatch_torch", "install", *arguments)
    return active.run(*command, folder=sandbox.folder, fails=fails)


def put_wheel(sandbox: Sandbox, stem: str, *requires: str) -> Sandbox:
    """Put a wheel into a folder that both installers search; return the new sandbox."""
    folder = sandbox.folder / "links"
    folder.mkdir(exist_ok=True)
    stub = Stub(f"{stem}-py3-none-any.whl", requires=requires)
    (folder / stub.filename).write_bytes(build_wheel(stub))
    return sandbox.on(PIP_FIND_LINKS=str(folder), UV_FIND_LINKS=str(folder))


@pytest.mark.parametrize("tool", ["pip", "uv"])
def test_torch_through_a_dependency(sandbox: Sandbox, tool: str) -> None:
    """A package that requires torch and torchvision gets those of this machine."""
    output = install(sandbox, tool, "timm")
    assert sandbox.versions() == {"torch": "2.15.0+cpu", "torchvision": "0.29.2+cpu"}
    assert sandbox.infos("timm")
    assert "OK: " in output.splitlines()[-1]


@pytest.mark.parametrize("tool", ["pip", "uv"])
def test_a_package_bounds_torch(sandbox: Sandbox, tool: str) -> None:
    """The newest release of a package is installed, with the torch that it admits."""
    sandbox = put_wheel(sandbox, "my_speech-3.1.0")
    sandbox = put_wheel(sandbox, "my_speech-3.8.6", "torch~=2.8.0")
    install(sandbox, tool, "torch", "my-speech")
    assert sandbox.versions()["torch"] == "2.8.0+cpu"
    assert [info.name for info in sandbox.infos("my_speech")] == ["my_speech-3.8.6.dist-info"]


def test_options_for_the_installer(sandbox: Sandbox) -> None:
    """What follows two dashes is passed on, and counts in the decision."""
    constraints = sandbox.folder / "constraints.txt"
    constraints.write_text("torch<2.7\n", encoding="utf-8")
    install(sandbox, "pip", "--backend", "cpu", "timm", "--", "-c", constraints)
    assert sandbox.versions() == {"torch": "2.6.0+cpu", "torchvision": "0.21.0+cpu"}


def test_checks_what_it_installed(sandbox: Sandbox) -> None:
    """An environment in which something is wrong afterwards is the command's failure."""
    install(sandbox, "pip", "timm")
    stub = put_wheel(sandbox, "pinned-1.0", "torch<2.6")
    stub.run(sandbox.python, "-m", "pip", "install", "--no-deps", "pinned", folder=sandbox.folder)
    output = install(sandbox, "pip", "requests", fails=True)
    assert "pinned 1.0" in output
