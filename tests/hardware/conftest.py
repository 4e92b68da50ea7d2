"""C libraries that stand in for a driver's."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

COMPILER = shutil.which("cc") or shutil.which("gcc")


@pytest.fixture(scope="session")
def library(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Path]:
    """Return a function that builds a library and returns its folder."""
    if sys.platform != "linux" or COMPILER is None:
        pytest.skip("needs Linux and a C compiler")

    def build(*options: str, source: str = "nvml.c", name: str = "libnvidia-ml.so.1") -> Path:
        folder = tmp_path_factory.mktemp("library")
        path = Path(__file__).with_name(source)
        words = ["-shared", "-fPIC", *options, "-o", name, str(path)]
        subprocess.run([COMPILER, *words], cwd=folder, check=True)
        return folder

    return build
