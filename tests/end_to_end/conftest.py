"""Real installers over the embedded index, each isolated from the machine's configuration."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pytest
from uv import find_uv_bin

from hatch_torch.demo.server import EmbeddedIndex, serve
from hatch_torch.frontend import site_packages
from hatch_torch.installed import Installed, installed

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

FAMILY = ("torch", "torchaudio", "torchvision")
FOREIGN = ("PIP_", "UV_", "TORCH_VARIANT", "VIRTUAL_ENV", "CONDA_", "PYTHONPATH", "CI")

SMALLEST = """
[build-system]
requires = ["hatchling>=1.27", "hatch-torch"]
build-backend = "hatchling.build"

[project]
name = "my-app"
version = "1.0"
dependencies = ["torch>=2.3", "torchvision", "torchaudio", "numpy"]

[tool.hatch.build.hooks.torch-variant]
"""

FULL = """
[build-system]
requires = ["hatchling>=1.27", "hatch-torch"]
build-backend = "hatchling.build"

[project]
name = "my-app"
version = "1.0"
dependencies = ["torch>=2.3", "torchvision", "numpy"]
dynamic = ["optional-dependencies"]

[tool.hatch.metadata.hooks.torch-variant]
[tool.hatch.build.hooks.torch-variant]

[tool.torch-variant.optional-dependencies]
dev = ["pytest"]

[tool.torch-variant.extras.cu126]
[tool.torch-variant.extras.cu128]
[tool.torch-variant.extras.rocm70]
[tool.torch-variant.extras.rocm64]
[tool.torch-variant.extras.cpu]

[tool.uv]
cache-keys = [{ file = "pyproject.toml" }, { file = ".torch-variant.stamp" }]
conflicts = [[
  { extra = "cu126" }, { extra = "cu128" }, { extra = "rocm70" }, { extra = "rocm64" },
  { extra = "cpu" },
]]
"""

ONE_TABLE = """
[build-system]
requires = ["hatchling>=1.27", "hatch-torch"]
build-backend = "hatchling.build"

[project]
name = "my-app"
version = "1.0"
dynamic = ["dependencies", "optional-dependencies"]

[tool.hatch.metadata.hooks.torch-variant]
[tool.hatch.build.hooks.torch-variant]

[tool.torch-variant]
dependencies = ["torch>=2.3", "torchvision", "torchaudio", "numpy"]

[tool.uv]
cache-keys = [{ file = "pyproject.toml" }, { file = ".torch-variant.stamp" }]
"""

NVIDIA = {
    "accelerators": [
        {"vendor": "nvidia", "name": "NVIDIA GeForce RTX 4090", "architecture": "sm_89"}
    ],
    "nvidia": {"driver": "550.54.15", "cuda": "12.4"},
}
PASCAL = {
    "accelerators": [
        {"vendor": "nvidia", "name": "NVIDIA GeForce GTX 1080 Ti", "architecture": "sm_61"}
    ],
    "nvidia": {"driver": "580.95.05", "cuda": "13.0"},
}
AMD = {
    "accelerators": [{"vendor": "amd", "name": "AMD Instinct MI300X", "architecture": "gfx942"}],
    "rocm": {"version": "6.4.1"},
}
INTEL = {
    "accelerators": [{"vendor": "intel", "name": "Intel Arc B580", "architecture": "xe2"}],
}
NONE: dict[str, Any] = {"accelerators": []}


@dataclass(frozen=True)
class Done:
    """A command that ended."""

    code: int
    output: str


@dataclass(frozen=True)
class World:
    """A checkout, an environment beside it, and installers that know nothing else."""

    folder: Path
    index: EmbeddedIndex
    environ: Mapping[str, str] = field(repr=False)

    @property
    def project(self) -> Path:
        """The checkout."""
        return self.folder / "checkout" / "my-app"

    @property
    def venv(self) -> Path:
        """The environment that is installed into."""
        return self.folder / "environment"

    def write(self, pyproject: str, **files: str) -> None:
        """Write the project's files anew."""
        self.project.mkdir(parents=True, exist_ok=True)
        (self.project / "pyproject.toml").write_text(pyproject, encoding="utf-8")
        (self.project / "my_app.py").write_text('"""An app."""\n', encoding="utf-8")
        for name, text in files.items():
            (self.project / name).write_text(text, encoding="utf-8")

    def on(self, hardware: Mapping[str, Any] | None = None, **variables: str) -> World:
        """Return the same world on a machine with this hardware, and with variables set."""
        environ = {**self.environ, **variables}
        if hardware is not None:
            environ["TORCH_VARIANT_HARDWARE"] = json.dumps(hardware)
        return World(self.folder, self.index, environ)

    def run(self, *command: str | Path, folder: Path | None = None, fails: bool = False) -> Done:
        """Run a command; unless it is to fail, it must not."""
        done = subprocess.run(
            [str(word) for word in command],
            cwd=folder or self.project,
            env={**self.environ},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            timeout=300,
            check=False,
        )
        assert bool(done.returncode) == fails, done.stdout
        return Done(done.returncode, done.stdout)

    def make_environment(self) -> None:
        """Make the environment, with a pip of its own."""
        self.run(sys.executable, "-m", "virtualenv", "--quiet", self.venv, folder=self.folder)

    def pip(self, *arguments: str, fails: bool = False) -> Done:
        """Run the environment's own pip in the checkout."""
        if not self.venv.exists():
            self.make_environment()
        return self.run(self.venv / "bin" / "python", "-m", "pip", *arguments, fails=fails)

    def uv(self, *arguments: str, fails: bool = False) -> Done:
        """Run uv in the checkout, with the environment active."""
        if not self.venv.exists():
            self.make_environment()
        active = World(self.folder, self.index, {**self.environ, "VIRTUAL_ENV": str(self.venv)})
        return active.run(find_uv_bin(), *arguments, fails=fails)

    def installed(self) -> dict[str, Installed]:
        """Return what of the family is installed in the environment, by name."""
        found = installed(site_packages(self.venv), FAMILY)
        return {one.name: one for one in found}

    def versions(self) -> dict[str, str]:
        """Return the versions of the family in the environment."""
        return {name: str(one.version) for name, one in self.installed().items()}

    def record(self) -> Any:  # noqa: ANN401 (it is JSON)
        """Return the record beside the installed project."""
        (path,) = (
            found
            for one in site_packages(self.venv)
            for found in one.glob("my_app-*/extra_metadata/torch-variant.json")
        )
        return json.loads(path.read_text(encoding="utf-8"))

    def metadata(self) -> str:
        """Return the METADATA of the installed project."""
        (path,) = (
            found for one in site_packages(self.venv) for found in one.glob("my_app-*/METADATA")
        )
        return path.read_text(encoding="utf-8")


@pytest.fixture(scope="session")
def index() -> Iterator[EmbeddedIndex]:
    """Serve the embedded index, once for all."""
    with serve() as running:
        yield running


@pytest.fixture
def world(tmp_path: Path, tmp_path_factory: pytest.TempPathFactory, index: EmbeddedIndex) -> World:
    """Make a world for each test, with the smallest project in it, and no accelerator."""
    shared = tmp_path_factory.getbasetemp() / "installers-own"
    kept = {key: value for key, value in os.environ.items() if not key.startswith(FOREIGN)}
    made = World(
        tmp_path,
        index,
        {
            **kept,
            "HOME": str(tmp_path / "home"),
            "NO_PROXY": "127.0.0.1",
            "PIP_CACHE_DIR": str(tmp_path / "pip-cache"),
            "PIP_CONFIG_FILE": os.devnull,
            "PIP_DISABLE_PIP_VERSION_CHECK": "1",
            "PIP_INDEX_URL": index.default_index,
            "TORCH_VARIANT_CACHE_DIR": str(tmp_path / "hatch-torch-cache"),
            "TORCH_VARIANT_INDEX_URL": index.torch_index,
            "UV_CACHE_DIR": str(tmp_path / "uv-cache"),
            "UV_DEFAULT_INDEX": index.default_index,
            "UV_NO_CONFIG": "1",
            "UV_PYTHON_DOWNLOADS": "never",
            "VIRTUALENV_OVERRIDE_APP_DATA": str(shared),
        },
    )
    made.write(SMALLEST)
    return made.on(NONE)
