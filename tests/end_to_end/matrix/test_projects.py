"""A checkout is not always the only one, nor always a folder that pip installs."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pathlib import Path

    from tests.end_to_end.conftest import Sandbox

pytestmark = [pytest.mark.end_to_end, pytest.mark.matrix]

ON_CUDA = {"torch": "2.14.1+cu126", "torchvision": "0.29.2+cu126"}
PLAIN = {"torch": "2.14.1", "torchvision": "0.29.2"}
TOOLS = pytest.mark.parametrize("tool", ["pip", "uv"])
DEPENDENT = """
[build-system]
requires = ["hatchling"]
build-backend = "hatchling.build"
[project]
name = "dependent"
version = "1.0"
dependencies = ["my-app{url}"]
[tool.hatch.metadata]
allow-direct-references = true
"""


def install(sandbox: Sandbox, tool: str, *what: str | Path) -> None:
    """Run `pip install`, or that of uv."""
    if tool == "pip":
        sandbox.pip("install", *what)
    else:
        sandbox.uv("pip", "install", *what)


def second(sandbox: Sandbox) -> Path:
    """Write another project that uses the plugin, beside the first; return its folder."""
    other = sandbox.folder / "checkout" / "other-app"
    text = (sandbox.project / "pyproject.toml").read_text(encoding="utf-8")
    other.mkdir()
    text = text.replace("my-app", "other-app").replace('"torchvision"', '"torchaudio"')
    (other / "pyproject.toml").write_text(text, encoding="utf-8")
    (other / "other_app.py").touch()
    return other


def dependent(sandbox: Sandbox, url: str = "") -> Path:
    """Write a project that depends on the checkout, by its name or a URL; return its folder."""
    folder = sandbox.folder / "checkout" / "dependent"
    folder.mkdir()
    text = DEPENDENT.format(url=url and f" @ {url}")
    (folder / "pyproject.toml").write_text(text, encoding="utf-8")
    (folder / "dependent.py").touch()
    return folder


@TOOLS
def test_version_control(sandbox: Sandbox, tool: str) -> None:
    """From a repository the install is portable: nobody has the clone at hand."""
    git = ("git", "-c", "user.name=me", "-c", "user.email=me@example.org")
    sandbox.run("git", "init", "--quiet")
    sandbox.run("git", "add", "pyproject.toml", "my_app.py")
    sandbox.run(*git, "commit", "--quiet", "--message", "Begin")

    install(sandbox.on("rtx-4090"), tool, f"my-app @ git+{sandbox.project.as_uri()}")

    assert sandbox.versions() == PLAIN


@TOOLS
def test_two_projects(sandbox: Sandbox, tool: str) -> None:
    """Two projects in one environment agree: together, and one after the other."""
    cuda, other = sandbox.on("rtx-4090"), second(sandbox)

    install(cuda, tool, "-e", ".", "-e", other)

    assert sandbox.exact() == {**ON_CUDA, "torchaudio": "2.11.0+cu126"}
    sandbox.index.forget()

    install(cuda, tool, "-e", ".")
    install(cuda, tool, "-e", other)

    assert sandbox.versions() == {**ON_CUDA, "torchaudio": "2.11.0+cu126"}
    assert sandbox.fetched() == set()


@TOOLS
def test_a_second_project(sandbox: Sandbox, tool: str) -> None:
    """A project that comes later keeps the torch of the first, and adds what it lacks."""
    cuda, other = sandbox.on("rtx-4090"), second(sandbox)
    install(cuda, tool, "-e", ".")
    sandbox.index.forget()

    install(cuda, tool, "-e", other)

    assert sandbox.versions() == {**ON_CUDA, "torchaudio": "2.11.0+cu126"}
    assert sandbox.fetched() == {"torchaudio-2.11.0+cu126"}


@TOOLS
def test_dependent(sandbox: Sandbox, tool: str) -> None:
    """A project that depends on the checkout gets the wheels of this machine with it."""
    install(sandbox.on("rtx-4090"), tool, "-e", dependent(sandbox, sandbox.project.as_uri()))

    assert sandbox.versions() == ON_CUDA


@TOOLS
def test_beside_its_dependent(sandbox: Sandbox, tool: str) -> None:
    """Named beside what depends on it, the checkout itself is the one that is installed."""
    install(sandbox.on("rtx-4090"), tool, "-e", ".", "-e", dependent(sandbox))

    assert sandbox.exact() == ON_CUDA
