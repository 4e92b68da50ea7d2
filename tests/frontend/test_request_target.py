"""The environment that an installer's command line and variables name."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import pytest

from hatch_torch.frontend.request import find_target

if TYPE_CHECKING:
    from pathlib import Path

    from tests.frontend.conftest import ReadInvocation

VERSION = f"{sys.version_info.major}.{sys.version_info.minor}"


def make_environment(prefix: Path, *, virtual: bool = True) -> Path:
    """Create an environment with an interpreter; return its package folder."""
    site_packages = prefix / "lib" / f"python{VERSION}" / "site-packages"
    site_packages.mkdir(parents=True)
    (prefix / "bin").mkdir()
    (prefix / "bin" / "python3").touch(mode=0o755)
    if virtual:
        (prefix / "pyvenv.cfg").touch()
    return site_packages


@pytest.mark.parametrize(
    "arguments", ["-p {at}", "-p {at}/bin/python3", "--python=at", "--prefix {at}", "--prefix at"]
)
def test_options(arguments: str, tmp_path: Path, project: Path, invoke: ReadInvocation) -> None:
    """The command line names an environment, its interpreter or a prefix."""
    site_packages = make_environment(project / "at")
    make_environment(project / ".venv")
    words = (word.format(at=project / "at") for word in arguments.split())

    invocation = invoke("uv", "pip", "install", *words, ".")

    assert find_target(invocation, tmp_path) == (site_packages,)


def test_target_option(project: Path, invoke: ReadInvocation) -> None:
    """`--target` is itself the package folder."""
    invocation = invoke("uv", "pip", "install", "-t", "out", ".")

    assert find_target(invocation, project) == (project / "out",)


@pytest.mark.parametrize("line", ["uvx --from . x", "uv tool install ."])
def test_tool(line: str, project: Path, invoke: ReadInvocation) -> None:
    """A tool gets a new environment of its own."""
    assert find_target(invoke(*line.split()), project) == ()


def test_interpreter(project: Path, tmp_path: Path, invoke: ReadInvocation) -> None:
    """The target of pip is the interpreter that runs it, whatever is active."""
    make_environment(tmp_path / "other")
    invocation = invoke("pip", "install", ".", VIRTUAL_ENV=f"{tmp_path}/other")

    assert find_target(invocation, project, lambda: (project,)) == (project,)


def test_installer_without_rule(project: Path, invoke: ReadInvocation) -> None:
    """The target of an installer without a rule in the table is unknown: it is not read as uv."""
    make_environment(project / ".venv")

    assert find_target(invoke("poetry", "install"), project) is None


def test_system(tmp_path: Path, project: Path, invoke: ReadInvocation) -> None:
    """The system's Python is the first on PATH that is in no virtual environment."""
    site_packages = make_environment(tmp_path / "usr", virtual=False)
    make_environment(tmp_path / "venv")
    path = f"{tmp_path}/venv/bin:{tmp_path}/bare::{tmp_path}/usr/bin"

    by_flag = invoke("uv", "pip", "install", "--system", ".", PATH=path)
    by_variable = invoke("uv", "pip", "install", ".", PATH=path, UV_SYSTEM_PYTHON="1")
    by_name = invoke("uv", "pip", "install", "-p", "python3", ".", PATH=path)

    for invocation in (by_flag, by_variable, by_name):
        assert find_target(invocation, project) == (site_packages,)


def test_active(tmp_path: Path, project: Path, invoke: ReadInvocation) -> None:
    """Without an option it is the active virtual environment, then conda's, then `.venv`."""
    virtual = make_environment(tmp_path / "virtual")
    conda = make_environment(tmp_path / "conda", virtual=False)
    nearest = make_environment(tmp_path / ".venv")
    both = {"VIRTUAL_ENV": f"{tmp_path}/virtual", "CONDA_PREFIX": f"{tmp_path}/conda"}

    def target(**environ: str) -> tuple[Path, ...] | None:
        return find_target(invoke("uv", "pip", "install", "-p", "3.12", ".", **environ), project)

    assert target(**both) == (virtual,)
    assert target(CONDA_PREFIX=both["CONDA_PREFIX"]) == (conda,)
    assert target(CONDA_PREFIX=both["CONDA_PREFIX"], CONDA_DEFAULT_ENV="base") == (nearest,)
    assert target() == (nearest,)


def test_unknown(tmp_path: Path, project: Path, invoke: ReadInvocation) -> None:
    """Without any of them the target is unknown."""
    (tmp_path / "alone" / "bin").mkdir(parents=True)
    python = tmp_path / "alone" / "bin" / "python3"
    python.touch()
    invocation = invoke("uv", "pip", "install", "-p", str(python), ".")._replace(cwd=None)

    assert find_target(invocation, project) is None
