"""Extras as people ask for them: several at once, one that is not there, one that hides."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.end_to_end.conftest import Sandbox

pytestmark = [pytest.mark.end_to_end, pytest.mark.matrix]

TOOLS = pytest.mark.parametrize("tool", ["pip", "uv"])
WITH_SOUND = {
    "torch": "2.9.1+rocm6.4",
    "torchaudio": "2.9.1+rocm6.4",
    "torchvision": "0.24.1+rocm6.4",
}


@TOOLS
@pytest.mark.parametrize("what", [".[rocm64,sound]", ".[Sound, ROCm64]"])
def test_a_backend_and_another(sandbox: Sandbox, tool: str, what: str) -> None:
    """A backend's extra beside an ordinary one, in any spelling, gets both."""
    sandbox.on("rtx-4090").install(tool, what=what)

    assert sandbox.exact() == WITH_SOUND


@TOOLS
def test_not_supported(sandbox: Sandbox, tool: str) -> None:
    """A backend that the project does not support is refused, with those that it does."""
    output = sandbox.on("rtx-4090").refusal(tool, what=".[cu118]")

    assert "cu118" in output
    assert "cu126, cu128" in output


@TOOLS
def test_two_backends(sandbox: Sandbox, tool: str) -> None:
    """Two backends are refused, also where one is hidden in a file that a file names."""
    sandbox.add("more.txt", "-e .[cpu]\n")
    sandbox.add("requirements.txt", "-r more.txt\n-e .[rocm64]\n")

    output = sandbox.on("rtx-4090").refusal(tool, "-r", "requirements.txt")

    assert "rocm64, cpu" in output


def test_hidden_in_the_environment(sandbox: Sandbox) -> None:
    """PIP_REQUIREMENT names a file too; pip itself can't isolate a build from that."""
    sandbox.pip("install", "hatchling", "hatch-torch", "editables")
    path = sandbox.add("requirements.txt", "-e .[rocm64]\n")

    sandbox.on("rtx-4090", PIP_REQUIREMENT=str(path)).pip("install", "--no-build-isolation")

    assert sandbox.versions()["torch"] == "2.9.1+rocm6.4"


def test_relative_folders(sandbox: Sandbox) -> None:
    """The project is found from where pip was called, however it is named."""
    cuda = sandbox.on("rtx-4090")
    for what in ("./my-app[rocm64]", f"my-app[rocm64] @ {sandbox.project.as_uri()}"):
        options = ("-e", what) if what.startswith(".") else (what,)
        command = (cuda.python, "-m", "pip", "install", *options)
        cuda.run(*command, folder=sandbox.project.parent)

        assert sandbox.versions()["torch"] == "2.9.1+rocm6.4"
        cuda.pip("uninstall", "--yes", "torch", "torchvision", "my-app")
