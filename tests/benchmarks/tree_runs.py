"""The whole install, resolved by the decision, by uv and by pip, from the same indexes."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from shutil import rmtree
from typing import TYPE_CHECKING, Any, NamedTuple

from uv import find_uv_bin

from tests.benchmarks.paired import spent

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

TREES: Mapping[str, tuple[str, ...]] = {
    "ultralytics": ("torch", "ultralytics"),
    "transformers and friends": ("torch", "transformers", "datasets", "accelerate", "peft", "timm"),
    "whisperx": ("torch", "whisperx"),
    "lerobot": ("torch", "lerobot"),
    "vllm": ("torch", "vllm"),
}


class Took(NamedTuple):
    """What a whole process took."""

    wall: float
    cpu: float
    told: Any = None
    """What it printed, where that is JSON."""


class Runs:
    """Starts the resolvers, each with its own cache."""

    def __init__(self, folder: Path, index: str, torch_index: str = "") -> None:
        """Take a folder for the caches, the index of the packages, and PyTorch's."""
        self._python = os.environ.get("BENCHMARK_PIP", sys.executable)
        self._folder = folder
        self._index = index
        self._torch_index = torch_index or "https://download.pytorch.org/whl"
        kept = ("PATH", "HOME", "LANG", "SYSTEMROOT", "SSL_CERT_FILE", "PIP_CERT")
        self._environ = {name: os.environ[name] for name in kept if name in os.environ}
        self._environ |= {"PIP_CONFIG_FILE": os.devnull, "UV_NO_CONFIG": "1"}

    def ours(self, requirements: Sequence[str], *, is_cold: bool = True, **environ: str) -> Took:
        """Decide."""
        cache = self._folder / "ours"
        command = [sys.executable, "-m", "tests.benchmarks.tree_decision", *requirements]
        return self._run(command, cache, is_cold=is_cold, **self._ours(cache), **environ)

    def uv(self, requirements: Sequence[str], *, is_cold: bool = True) -> Took:
        """Resolve with uv, without any backend."""
        command = [find_uv_bin(), "pip", "compile", "--quiet", "-p", sys.executable, "-"]
        cache = self._folder / "uv"
        environ = {"UV_DEFAULT_INDEX": self._index, "UV_CACHE_DIR": str(cache)}
        return self._run(command, cache, "\n".join(requirements), is_cold=is_cold, **environ)

    def pip(self, requirements: Sequence[str], *, is_cold: bool = True) -> Took:
        """Resolve with pip, without any backend."""
        command = [self._python, "-m", "pip", "install", "--dry-run", "--quiet"]
        command += ["--ignore-installed", "--isolated", "--index-url", self._index, *requirements]
        cache = self._folder / "pip"
        return self._run([*command, "--cache-dir", str(cache)], cache, is_cold=is_cold)

    def _ours(self, cache: Path) -> dict[str, str]:
        return {
            "PIP_INDEX_URL": self._index,
            "TORCH_VARIANT_INDEX_URL": self._torch_index,
            "TORCH_VARIANT_CACHE_DIR": str(cache),
        }

    def _run(
        self, command: Sequence[str], cache: Path, stdin: str = "", *, is_cold: bool, **environ: str
    ) -> Took:
        if is_cold:
            rmtree(cache, ignore_errors=True)
        printed: list[str] = []

        def run() -> None:
            completed = subprocess.run(
                command,
                env={**self._environ, **environ},
                input=stdin,
                capture_output=True,
                text=True,
                check=False,
            )
            if completed.returncode:
                raise RuntimeError(completed.stderr[-2000:])
            printed.append(completed.stdout)

        wall, cpu = spent(run)
        is_json = printed[0].startswith("{")
        return Took(wall, cpu, json.loads(printed[0]) if is_json else None)
