"""Every Python that is on the machine, whichever runs the tests."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.end_to_end.conftest import Sandbox
    from tests.end_to_end.matrix.conftest import Tool

pytestmark = [pytest.mark.end_to_end, pytest.mark.matrix]

OF_THE_OLDEST = ("--no-deps", "--platform=any", "--python-version=3.10", "--only-binary=:all:")
SHOW = "import torch; print('torch', torch.__version__)"


@pytest.fixture(params=["3.10", "3.11", "3.12", "3.13", "3.14"])
def python(request: pytest.FixtureRequest, sandbox: Sandbox) -> Sandbox:
    """Give the sandbox's environment a Python of a version, if there is one here."""
    interpreter = next(filter(runs, interpreters(request.param)), None)
    if interpreter is None:
        pytest.skip(f"no Python {request.param} here")
    return sandbox.on("rtx-4090", VIRTUALENV_PYTHON=interpreter)


def interpreters(version: str) -> Iterator[str]:
    """Yield where a Python may be: on the path, where pyenv may only show it, or with pyenv."""
    if path := shutil.which(f"python{version}"):
        yield path
    yield from map(str, Path.home().glob(f".pyenv/versions/{version}.*/bin/python"))


def runs(python: str) -> bool:
    """Tell whether an interpreter can be run."""
    return subprocess.run([python, "-c", ""], capture_output=True, check=False).returncode == 0


@pytest.mark.parametrize("tool", ["pip", "uv"])
def test_install(python: Sandbox, wheels: Tool, tool: str) -> None:
    """Each gets the wheel that is tagged for it."""
    # The embedded index has the tools of the Python that runs the tests; 3.10 needs others.
    carried = str(wheels("tomli", "platformdirs", *OF_THE_OLDEST))

    python.on(PIP_FIND_LINKS=carried, UV_FIND_LINKS=carried).install(tool)

    output = python.run(python.python, "-c", SHOW)
    assert output.split() == ["torch", "2.14.1+cu126"]
    exact = {name.removesuffix("+cu126") for name in python.fetched() if "+" in name}
    assert exact == {"torch-2.14.1", "torchvision-0.29.2"}
