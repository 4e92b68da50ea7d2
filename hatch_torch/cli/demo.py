"""`hatch-torch demo`: real installs on this machine and recorded ones, without a network."""

from __future__ import annotations

import json
import os
import shutil
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from hatch_torch import demo
from hatch_torch.cli.render import print_table
from hatch_torch.demo.server import serve
from hatch_torch.environment.packages import read_family_packages
from hatch_torch.environment.prefix import find_site_packages
from hatch_torch.errors import HatchTorchError
from hatch_torch.hardware.process import run_captured

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterator, Mapping
    from typing import Any

    from hatch_torch.demo.server import EmbeddedIndex

_FOLDER = Path(demo.__file__).parent
_COLUMNS = ("machine", "backend", "installed", "reason", "seconds")
_REMOVED_VARIABLES = ("PIP_", "UV_", "TORCH_VARIANT", "VIRTUAL_ENV", "CONDA_PREFIX")


class DemoError(HatchTorchError):
    """An install of the demo failed; its message contains the installer's output."""


@dataclass(frozen=True, slots=True)
class _Stage:
    """One install: the machine, its folder, and the environment variables."""

    machine: str
    folder: Path
    environ: Mapping[str, str]

    @property
    def project(self) -> Path:
        return self.folder / "my-app"

    @property
    def environment(self) -> Path:
        return self.folder / "environment"

    @property
    def python(self) -> Path:
        scripts = "Scripts" if os.name == "nt" else "bin"
        return self.environment / scripts / ("python.exe" if os.name == "nt" else "python")


def add_parser(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command `demo`."""
    parser = commands.add_parser("demo", help="try it on this machine and recorded ones, offline")
    parser.set_defaults(run=run)


def run(_options: argparse.Namespace) -> int:
    """Install the demo project for this machine and for recorded ones; print what was installed."""
    with tempfile.TemporaryDirectory(prefix="hatch-torch-demo-") as folder, serve() as index:
        print("pip install -e my-app, from an embedded index of empty stand-in wheels:\n")
        rows = [_install_demo(stage) for stage in _stages(Path(folder), index)]
        print_table("Plain `pip install -e .` on each machine", _COLUMNS, rows)
    return 0


def _stages(folder: Path, index: EmbeddedIndex) -> Iterator[_Stage]:
    environ = _clean_environ(folder, index)
    yield _Stage("this machine", folder / "this", environ)
    machines = json.loads((_FOLDER / "machines.json").read_text(encoding="utf-8"))
    for name, hardware in machines.items():
        profile = folder / f"{name}.json"
        profile.write_text(json.dumps(hardware), encoding="utf-8")
        variables = {**environ, "TORCH_VARIANT_HARDWARE": str(profile)}
        yield _Stage(name, folder / name, variables)


def _clean_environ(folder: Path, index: EmbeddedIndex) -> dict[str, str]:
    """Return this process's variables without those that configure pip or hatch-torch."""
    kept = {
        key: value for key, value in os.environ.items() if not key.startswith(_REMOVED_VARIABLES)
    }
    return {
        **kept,
        "NO_PROXY": "127.0.0.1",
        "PIP_CACHE_DIR": str(folder / "pip-cache"),
        "PIP_CONFIG_FILE": os.devnull,
        "PIP_DISABLE_PIP_VERSION_CHECK": "1",
        "PIP_INDEX_URL": index.default_index,
        "TORCH_VARIANT_CACHE_DIR": str(folder / "cache"),
        "TORCH_VARIANT_INDEX_URL": index.torch_index,
    }


def _install_demo(stage: _Stage) -> tuple[str, ...]:
    shutil.copytree(_FOLDER / "project", stage.project)
    _run_command(stage, [sys.executable, "-m", *_venv_module(), str(stage.environment)])
    start = time.monotonic()
    _run_command(stage, [str(stage.python), "-m", "pip", "install", "-e", str(stage.project)])
    seconds = time.monotonic() - start
    return (stage.machine, *_read_outcome(stage), f"{seconds:.1f}")


def _venv_module() -> list[str]:
    try:
        import virtualenv  # noqa: F401, PLC0415 (in the extra `cli`; venv is slower)
    except ImportError:
        return ["venv"]
    return ["virtualenv", "--quiet"]


def _run_command(stage: _Stage, command: list[str]) -> None:
    process = run_captured(command, stage.environ, stage.folder.parent)
    if process.exit_code:
        raise DemoError(f"{' '.join(command)} ended with {process.exit_code}:\n{process.output}")


def _read_outcome(stage: _Stage) -> tuple[str, str, str]:
    """Return the backend, the installed torch and the reason, from the hook's record."""
    folders = find_site_packages(stage.environment)
    (torch,) = read_family_packages(folders, {"torch"})
    (path,) = (path for folder in folders for path in folder.glob("my_app-*/extra_metadata/*.json"))
    record = json.loads(path.read_text(encoding="utf-8"))
    return record["backend"] or "portable", f"torch {torch.version}", _format_reason(record)


def _format_reason(record: Mapping[str, Any]) -> str:
    reasons = [
        candidate["reason"]
        for candidate in record["candidates"]
        if candidate["backend"] == record["backend"]
    ]
    return "; ".join((*reasons[:1], *record["warnings"][:1]))
