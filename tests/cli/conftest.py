"""Fixtures that run commands in this process, against the embedded index."""

from __future__ import annotations

import json
import os
import sys
from typing import TYPE_CHECKING, Any

import pytest

from hatch_torch.cli.main import main
from hatch_torch.demo.server import EmbeddedIndex, serve

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    Run = Callable[..., tuple[int, str]]

PROJECT = """
[build-system]
requires = ["hatchling", "hatch-torch"]
build-backend = "hatchling.build"
[project]
name = "my-app"
version = "1.0"
dependencies = ["torch>=2.4,<2.7", "torchvision"]
[tool.hatch.build.hooks.torch-variant]
"""
PASCAL = {
    "system": "Linux",
    "machine": "x86_64",
    "accelerators": [{"vendor": "nvidia", "name": "GTX 1080 Ti", "architecture": "sm_61"}],
    "nvidia": {"driver": "580.95.05", "cuda": "13.0"},
}
ADA = {
    **PASCAL,
    "accelerators": [{"vendor": "nvidia", "name": "RTX 4090", "architecture": "sm_89"}],
    "nvidia": {"driver": "550.54.15", "cuda": "12.4"},
}


@pytest.fixture(scope="session")
def index() -> Iterator[EmbeddedIndex]:
    """Serve the embedded index."""
    with serve() as running:
        yield running


@pytest.fixture
def run(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    index: EmbeddedIndex,
) -> Run:
    """Return a function that runs a command in a project and returns its code and output."""
    (tmp_path / "pyproject.toml").write_text(PROJECT, encoding="utf-8")
    (tmp_path / "pascal.json").write_text(json.dumps(PASCAL), encoding="utf-8")
    (tmp_path / "ada.json").write_text(json.dumps(ADA), encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TORCH_VARIANT_CACHE_DIR", str(tmp_path / "cache"))
    monkeypatch.setenv("TORCH_VARIANT_INDEX_URL", index.torch_index)
    monkeypatch.setenv("VIRTUAL_ENV", str(tmp_path / "no-environment"))
    installers = [name for name in os.environ if name.startswith(("PIP_", "UV_"))]
    for name in ("TORCH_VARIANT", "TORCH_VARIANT_HARDWARE", *installers):
        monkeypatch.delenv(name, raising=False)

    def command(*arguments: str) -> tuple[int, str]:
        code = main(arguments)
        captured = capsys.readouterr()
        return code, captured.out or captured.err

    return command


class Environment:
    """A fake environment: files of packages and records, and an interpreter that prints a text."""

    def __init__(self, path: Path) -> None:
        """Create it, with pip."""
        self.path = path
        release = "python{}.{}".format(*sys.version_info)
        self.folder = path / "lib" / release / "site-packages"
        self.write("pip/__main__.py", "")
        self.set_output("")

    def write(self, name: str, text: str) -> None:
        """Write a file into site-packages."""
        file = self.folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")

    def install(self, name: str, version: str, record: Any = None) -> None:  # noqa: ANN401 (JSON)
        """Install a package, with a record if it is the project."""
        info = f"{name.replace('-', '_')}-{version}.dist-info"
        self.write(f"{info}/METADATA", f"Name: {name}\nVersion: {version}\n")
        if record:
            self.write(f"{info}/extra_metadata/torch-variant.json", json.dumps(record))

    def set_output(self, output: str, code: int = 0) -> None:
        """Make the interpreter print this, whatever it is asked to run."""
        python = self.path / "bin" / "python"
        python.parent.mkdir(parents=True, exist_ok=True)
        python.write_text(f"#!/bin/sh\necho '{output}'\nexit {code}\n", encoding="utf-8")
        python.chmod(0o755)


@pytest.fixture
def environment(
    run: Run,  # noqa: ARG001 (sets variables that this fixture changes)
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Environment:
    """Create and activate an environment, on a machine without an accelerator."""
    monkeypatch.setenv("TORCH_VARIANT_HARDWARE", '{"system": "Linux", "machine": "x86_64"}')
    monkeypatch.setenv("VIRTUAL_ENV", str(tmp_path / "environment"))
    return Environment(tmp_path / "environment")


@pytest.fixture
def explained(run: Run) -> Callable[..., Any]:
    """Return a function that runs `explain --json` and returns the object."""

    def explain(*arguments: str) -> Any:  # noqa: ANN401 (it is JSON)
        code, output = run("explain", "--json", *arguments)
        assert code == 0, output
        return json.loads(output)

    return explain
