"""Windows for the tests: everything that runs here runs in a CPython for Windows under Wine."""

from __future__ import annotations

import shutil
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.end_to_end.conftest import Sandbox, addresses, index
from tests.windows.wine import ENVIRONMENT, PYTHON, UV, Windows, make_windows, missing_reason

if TYPE_CHECKING:
    from collections.abc import Iterator

    from hatch_torch.demo.server import EmbeddedIndex

__all__ = ["index"]  # a fixture

ROOT = Path(__file__).parents[2]
_SCRIPTS = Path("Scripts")


@pytest.fixture(scope="session")
def windows() -> Iterator[Windows]:
    """Return a Windows that is running; skip where there can be none."""
    if reason := missing_reason():
        pytest.skip(reason)
    made = make_windows()
    with made.started():
        yield made


@pytest.fixture(scope="session")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the wheel of this project, built from the checkout."""
    folder = tmp_path_factory.mktemp("dist")
    command = [sys.executable, "-m", "build", "--wheel", "--outdir", str(folder), str(ROOT)]
    subprocess.run(command, check=True, capture_output=True)
    (built,) = folder.glob("*.whl")
    return built


@pytest.fixture(scope="session")
def scripts(windows: Windows, wheel: Path) -> Path:
    """Return the folder of the programs of an environment where the wheel is installed."""
    python = rf"{ENVIRONMENT}\Scripts\python.exe"
    options = ("--no-deps", "--no-index", "--force-reinstall", "--quiet")
    windows.check(python, "-m", "pip", "install", *options, wheel)
    return windows.to_host(ENVIRONMENT) / _SCRIPTS


@pytest.fixture
def folder(windows: Windows, request: pytest.FixtureRequest) -> Iterator[Path]:
    r"""Return an empty folder on `C:\`, with blanks and an accent, removed after the test."""
    name = request.node.name.translate(str.maketrans("[]:/", "----"))
    made = windows.drive / "tests" / "café au lait" / name
    shutil.rmtree(made, ignore_errors=True)
    made.mkdir(parents=True)
    yield made
    shutil.rmtree(made, ignore_errors=True)


@dataclass(frozen=True)
class WindowsSandbox(Sandbox):
    """The sandbox of the end-to-end tests, on Windows."""

    windows: Windows = field(default_factory=lambda: Windows(Path()))
    template: Path = Path()
    """An environment with pip alone."""

    @property
    def python(self) -> Path:
        """The environment's interpreter; the environment is a copy of the template."""
        if not self.venv.exists():
            shutil.copytree(self.template, self.venv, symlinks=True)
        return self.venv / _SCRIPTS / "python.exe"

    def run(self, *command: str | Path, folder: Path | None = None, fails: bool = False) -> str:
        """Run a command, which ends well unless it is to fail; return all that it printed."""
        completed = self.windows.run(
            *command, folder=folder or self.project, environ=dict(self.environ)
        )
        assert bool(completed.exit_code) == fails, completed.output
        return completed.output


@pytest.fixture(scope="session")
def template(windows: Windows) -> Path:
    """Return an environment of `python -m venv`, with the newest pip."""
    made = windows.drive / "tests" / "template"
    shutil.rmtree(made, ignore_errors=True)
    windows.check(PYTHON, "-m", "venv", "--without-pip", made)
    (pip,) = windows.wheels.glob("pip-*.whl")
    windows.check(
        UV, "pip", "install", "--offline", "--python", made / _SCRIPTS / "python.exe", pip
    )
    return made


@pytest.fixture
def sandbox(windows: Windows, folder: Path, template: Path, index: EmbeddedIndex) -> Sandbox:
    """Return a sandbox with the project `full` in it, on a machine without an accelerator."""
    index.forget()
    environ = {
        "PIP_CACHE_DIR": str(folder / "pip-cache"),
        "PIP_CONFIG_FILE": "nul",
        "PIP_DISABLE_PIP_VERSION_CHECK": "1",
        "PYTHONUTF8": "1",
        "TORCH_VARIANT_CACHE_DIR": str(folder / "hatch-torch-cache"),
        "UV_CACHE_DIR": str(folder / "uv-cache"),
        "UV_NO_CONFIG": "1",
        "UV_PYTHON_DOWNLOADS": "never",
        **addresses(index),
    }
    made = WindowsSandbox(folder, index, environ, uv_program=UV, windows=windows, template=template)
    made.write("full")
    return made.on("none")
