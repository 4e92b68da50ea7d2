"""A project on a machine without accelerator, and the ancestors of its build."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from hatch_torch.demo.server import EmbeddedIndex, serve
from hatch_torch.frontend.process_tree import Process

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from hatch_torch.hook import GetAncestors

    CalledBy = Callable[..., GetAncestors]
    Required = Callable[[str], list[str]]


@pytest.fixture(scope="module")
def index() -> Iterator[EmbeddedIndex]:
    """Serve the embedded index."""
    with serve() as running:
        yield running


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, index: EmbeddedIndex) -> Path:
    """Make a folder with a module, on a machine without accelerator, and change to it."""
    root = tmp_path / "my-app"
    root.mkdir()
    (root / "my_app.py").touch()
    for name, value in {
        "TORCH_VARIANT_CACHE_DIR": str(tmp_path / "cache"),
        "TORCH_VARIANT_HARDWARE": '{"accelerators": []}',
        "TORCH_VARIANT_INDEX_URL": index.torch_index,
    }.items():
        monkeypatch.setenv(name, value)
    for name in ("CI", "TORCH_VARIANT", "UV_TORCH_BACKEND", "PIP_CONSTRAINT", "PIP_NO_INDEX"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir(root)
    return root


@pytest.fixture
def called_by(folder: Path) -> CalledBy:
    """Return a function: the ancestors of a build that a command runs in the folder."""
    return lambda *command: lambda: (Process(1, command, str(folder), {}),)


@pytest.fixture
def required() -> Required:
    """Return a function: the requirements in the text of a METADATA or PKG-INFO."""
    word = "Requires-Dist: "
    return lambda text: [
        line.removeprefix(word) for line in text.splitlines() if line.startswith(word)
    ]
