"""Other tools at the same question: which torch for this machine, answered by a whole process.

Each asks the same embedded index, those whose hosts are fixed through a proxy, and installs
nothing.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
from shutil import rmtree
from statistics import median
from typing import TYPE_CHECKING, NamedTuple

from uv import find_uv_bin

from hatch_torch.demo.server import serve
from tests.benchmarks.paired import spent
from tests.benchmarks.proxy import pytorchs_hosts
from tests.benchmarks.rows import Peer, Row
from tests.end_to_end.conftest import addresses, environment

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from pathlib import Path

FAMILY = ("torch", "torchvision", "torchaudio")
_REQUIRED = tuple(word for name in FAMILY for word in ("--require", name))
_EXPLAIN = ("-m", "hatch_torch", "explain", *_REQUIRED)
_PROJECT = """
[build-system]
requires = ["hatchling"{plugin}]
build-backend = "hatchling.build"
[project]
name = "my-app"
version = "1.0"
dependencies = {dependencies}
{tables}
"""
_TABLES = """
dynamic = ["optional-dependencies"]
[tool.hatch.metadata.hooks.torch-variant]
[tool.hatch.build.hooks.torch-variant]
[tool.uv]
cache-keys = [{ file = "pyproject.toml" }, { file = ".torch-variant.stamp" }]
"""
_DIRECT = "[tool.hatch.metadata]\nallow-direct-references = true"


class _Tool(NamedTuple):
    """A command that tells what would be installed."""

    name: str
    command: tuple[str, ...]
    note: str = ""
    more: Mapping[str, str] = {}


def measure(folder: Path, rounds: int) -> tuple[list[Peer], list[Row]]:
    """Time every tool cold and warm, in turns; ourselves first."""
    with serve() as index, pytorchs_hosts(index.url, folder) as hosts:
        environ = {**environment(folder), **addresses(index), **hosts, "TORCH_VARIANT": "cpu"}
        tools = [*_tools(folder, f"{index.torch_index}/cpu", environ)]
        cold: dict[str, list[float]] = {tool.name: [] for tool in tools}
        warm: dict[str, list[float]] = {tool.name: [] for tool in tools}
        for _ in range(rounds):
            for tool in tools:
                for cache in ("pip-cache", "uv-cache", "hatch-torch-cache"):
                    rmtree(folder / cache, ignore_errors=True)
                cold[tool.name].append(_seconds(tool, environ))
                warm[tool.name].append(_seconds(tool, environ))
        profile = _profile(environ, rounds)
    peers = [
        Peer(tool.name, median(cold[tool.name]), median(warm[tool.name]), tool.note)
        for tool in tools
    ]
    row = Row(
        "`hatch-torch explain`, warm, against `uv pip install --torch-backend=auto --dry-run`",
        (peers[0].warm or 0) / (peers[1].warm or 1),
        1.5,
        "times",
        profile,
    )
    return peers, [row]


def _profile(environ: Mapping[str, str], rounds: int) -> str:
    """Say where explain's time goes, by Python's own clock of imports, with everything cached."""
    nothing = [sys.executable, "-c", ""]
    start = min(spent(lambda: _run(nothing, environ)).wall for _ in range(rounds))
    command = [sys.executable, "-X", "importtime", *_EXPLAIN]
    _run(command, environ)  # fills the cache
    completed = subprocess.run(
        command, env=dict(environ), check=True, capture_output=True, text=True
    )
    found = re.findall(r"import time: +(\d+) \| +\d+ \| *(\S+)", completed.stderr)
    ours = [int(least) for least, name in found if name.startswith("hatch_torch")]
    every = [int(least) for least, _ in found]
    return (
        f"a Python process against a native one: {start * 1000:.0f} ms are Python's start, "
        f"{(sum(every) - sum(ours)) / 1000:.0f} ms {len(every) - len(ours)} modules of packaging "
        f"and the standard library, {sum(ours) / 1000:.0f} ms {len(ours)} of ours; "
        "the rest decides"
    )


def _tools(folder: Path, index: str, environ: Mapping[str, str]) -> list[_Tool]:
    uv = str(find_uv_bin())
    pip = _peer(folder, "pip", environ)
    place = folder / "asked"
    _run([uv, "venv", "--quiet", "--python", sys.executable, str(place)], environ)
    ours = (sys.executable, *_EXPLAIN)
    return [
        _Tool("`hatch-torch explain`", ours),
        _Tool(
            "`uv pip install --torch-backend=auto --dry-run`",
            (
                uv,
                "pip",
                "install",
                "--python",
                str(place),
                "--torch-backend=auto",
                "--dry-run",
                *FAMILY,
            ),
            "resolves every dependency; asks again only when its cache is older than ten minutes",
        ),
        _Tool(
            "`pip install --dry-run --index-url …/cpu`",
            (pip, "install", "--dry-run", "--index-url", index, *FAMILY),
            "decides nothing: the backend is given; resolves every dependency",
        ),
        _Tool(
            "`ltt install --dry-run` (light-the-torch)",
            (_peer(folder, "ltt", environ), "install", "--dry-run", *FAMILY),
            "pip inside; resolves every dependency",
        ),
        _Tool(
            "`torchruntime install`, with PIP_DRY_RUN",
            (_peer(folder, "torchruntime", environ), "install"),
            "pip inside; on Linux without a GPU it takes PyPI's torch, with CUDA",
            {"PIP_DRY_RUN": "1"},
        ),
        *_of_checkouts(folder, pip, uv, environ),
    ]


def _of_checkouts(folder: Path, pip: str, uv: str, environ: Mapping[str, str]) -> Iterator[_Tool]:
    """Yield the installs of a checkout: with the plugin, and with what it adds written by hand."""
    explained = _run([sys.executable, *_EXPLAIN, "--json"], environ)
    static = _checkout(folder / "static", json.loads(explained)["added"], _DIRECT)
    plugin = _checkout(folder / "plugin", FAMILY, _TABLES, ', "hatch-torch"')
    commands = {
        "pip": (pip, "install", "--dry-run", "-e"),
        "uv pip": (uv, "pip", "install", "--python", str(folder / "asked"), "--dry-run", "-e"),
    }
    for name, command in commands.items():
        what = f"`{name} install --dry-run -e .`"
        yield _Tool(f"{what} with the plugin", (*command, plugin), "builds the project")
        yield _Tool(f"{what}, bare hatchling", (*command, static), _BY_HAND)


_BY_HAND = "decides nothing: URLs and hashes of this machine stand in pyproject.toml"


def _checkout(folder: Path, dependencies: Iterable[str], tables: str, plugin: str = "") -> str:
    folder.mkdir()
    lines = json.dumps([*dependencies])
    text = _PROJECT.format(plugin=plugin, dependencies=lines, tables=tables)
    (folder / "pyproject.toml").write_text(text, encoding="utf-8")
    (folder / "my_app.py").touch()
    return str(folder)


_DISTRIBUTIONS = {"pip": "pip", "ltt": "light-the-torch", "torchruntime": "torchruntime"}


def _peer(folder: Path, program: str, environ: Mapping[str, str]) -> str:
    """Install a tool from the package index into an environment of its own; return its program."""
    place = folder / program
    uv = str(find_uv_bin())
    outside = {
        key: value
        for key, value in environ.items()
        if key.lower() not in {"https_proxy", "ssl_cert_file", "uv_default_index"}
    }
    _run([uv, "venv", "--quiet", "--seed", "--python", sys.executable, str(place)], outside)
    install = [uv, "pip", "install", "--quiet", "--python", str(place), _DISTRIBUTIONS[program]]
    _run(install, outside)
    return str(place / "bin" / program)


def _run(command: list[str], environ: Mapping[str, str]) -> bytes:
    return subprocess.run(command, env=dict(environ), check=True, capture_output=True).stdout


def _seconds(tool: _Tool, environ: Mapping[str, str]) -> float:
    return spent(lambda: _run([*tool.command], {**environ, **tool.more})).wall
