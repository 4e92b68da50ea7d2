"""`hatch-torch demo`: the main job on this machine with no network, and on recorded ones."""

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
from hatch_torch.cli import render as show
from hatch_torch.demo.server import serve
from hatch_torch.environment.packages import installed
from hatch_torch.environment.prefix import site_packages
from hatch_torch.errors import HatchTorchError
from hatch_torch.hardware.process import call

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterator, Mapping
    from typing import Any

    from hatch_torch.demo.server import EmbeddedIndex

_FOLDER = Path(demo.__file__).parent
_COLUMNS = ("machine", "backend", "installed", "why", "seconds")
_FOREIGN = ("PIP_", "UV_", "TORCH_VARIANT", "VIRTUAL_ENV", "CONDA_PREFIX")


class DemoError(HatchTorchError):
    """An install of the demo failed; holds what the installer said."""


@dataclass(frozen=True, slots=True)
class _Stage:
    """Where one install plays: a machine, its folder, and the environment variables."""

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


def add_to(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command to the parser."""
    parser = commands.add_parser("demo", help="the main job here, with no network")
    parser.set_defaults(run=run)


def run(_options: argparse.Namespace) -> int:
    """Install the demo project for this machine and for recorded ones, and show what came."""
    with tempfile.TemporaryDirectory(prefix="hatch-torch-demo-") as folder, serve() as index:
        print("pip install -e my-app, over an embedded index of stub wheels:\n")
        rows = [_play(stage) for stage in _stages(Path(folder), index)]
        show.table("A plain `pip install -e .`, machine by machine", _COLUMNS, rows)
    return 0


def _stages(folder: Path, index: EmbeddedIndex) -> Iterator[_Stage]:
    environ = _environ(folder, index)
    yield _Stage("this machine", folder / "this", environ)
    for profile in sorted(_FOLDER.glob("machines/*.json")):
        recorded = {**environ, "TORCH_VARIANT_HARDWARE": str(profile)}
        yield _Stage(profile.stem, folder / profile.stem, recorded)


def _environ(folder: Path, index: EmbeddedIndex) -> dict[str, str]:
    """Return this process's variables without what would lead pip elsewhere."""
    kept = {key: value for key, value in os.environ.items() if not key.startswith(_FOREIGN)}
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


def _play(stage: _Stage) -> tuple[str, ...]:
    shutil.copytree(_FOLDER / "project", stage.project)
    _do(stage, [sys.executable, "-m", *_environment_maker(), str(stage.environment)])
    start = time.monotonic()
    _do(stage, [str(stage.python), "-m", "pip", "install", "-e", str(stage.project)])
    seconds = time.monotonic() - start
    return (stage.machine, *_outcome(stage), f"{seconds:.1f}")


def _environment_maker() -> list[str]:
    try:
        import virtualenv  # noqa: F401, PLC0415 (of the extra `cli`; the standard library's will do)
    except ImportError:
        return ["venv"]
    return ["virtualenv", "--quiet"]


def _do(stage: _Stage, command: list[str]) -> None:
    done = call(command, stage.environ, stage.folder.parent)
    if done.code:
        raise DemoError(f"{' '.join(command)} ended with {done.code}:\n{done.output}")


def _outcome(stage: _Stage) -> tuple[str, str, str]:
    """Read what was installed, and the record that the hook left beside it."""
    folders = site_packages(stage.environment)
    (torch,) = installed(folders, {"torch"})
    (path,) = (found for one in folders for found in one.glob("my_app-*/extra_metadata/*.json"))
    record = json.loads(path.read_text(encoding="utf-8"))
    return record["backend"] or "portable", f"torch {torch.version}", _why(record)


def _why(record: Mapping[str, Any]) -> str:
    chosen = [one["reason"] for one in record["candidates"] if one["backend"] == record["backend"]]
    return "; ".join((*chosen[:1], *record["warnings"][:1]))
