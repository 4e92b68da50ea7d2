"""The real tools, each fetched from the package index once, in an environment of its own."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from functools import cache
from typing import TYPE_CHECKING

import pytest
from uv import find_uv_bin

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path

    from tests.end_to_end.conftest import Sandbox

    Tool = Callable[..., Path]
    WithPip = Callable[[str], Sandbox]

PIPS = ("22.3", "23.2", "24.3", "25.3", "newest")


@pytest.fixture(scope="session")
def tool(tmp_path_factory: pytest.TempPathFactory) -> Tool:
    """Return a function that installs requirements, and returns the folder of their programs."""
    folder = tmp_path_factory.mktemp("tools")

    @cache
    def install(*requirements: str) -> Path:
        programs = folder / spelled(requirements) / "bin"
        fetch(find_uv_bin(), "venv", "--quiet", programs.parent)
        python = programs / "python"
        fetch(find_uv_bin(), "pip", "install", "--quiet", "--python", python, *requirements)
        return programs

    return install


@pytest.fixture(scope="session")
def wheels(tmp_path_factory: pytest.TempPathFactory) -> Tool:
    """Return a function that fetches wheels, and returns the folder where they lie."""
    folder = tmp_path_factory.mktemp("wheels")

    @cache
    def download(*requirements: str) -> Path:
        place = folder / spelled(requirements)
        fetch(sys.executable, "-m", "pip", "download", "--quiet", "--dest", place, *requirements)
        return place

    return download


@pytest.fixture
def with_pip(sandbox: Sandbox, wheels: Tool) -> WithPip:
    """Return a function that gives the sandbox's environment a pip of a version."""

    def choose(version: str) -> Sandbox:
        place = wheels("pip" if version == "newest" else f"pip=={version}")
        (wheel,) = place.glob("*.whl")
        return sandbox.on(
            VIRTUALENV_PIP=wheel.name.split("-")[1], VIRTUALENV_EXTRA_SEARCH_DIR=str(place)
        )

    return choose


@pytest.fixture(params=PIPS)
def pips(request: pytest.FixtureRequest, with_pip: WithPip) -> Sandbox:
    """Give the sandbox each pip, on a machine with an RTX 4090."""
    return with_pip(request.param).on("rtx-4090")


def spelled(requirements: Iterable[str]) -> str:
    """Return requirements as the name of a folder: `uv==0.9.11` is `uv-0-9-11`."""
    return re.sub(r"\W+", "-", " ".join(requirements))


def fetch(*command: str | Path) -> None:
    """Run a command that fetches something, with the configuration of this machine."""
    subprocess.run([*map(str, command)], env=os.environ, check=True, timeout=300)
