"""Projects in a folder, from the text of their pyproject.toml."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

import pytest

from hatch_torch.config.pyproject import read_project
from hatch_torch.errors import ConfigurationError

if TYPE_CHECKING:
    from pathlib import Path

    from hatch_torch.config.config import Config

HATCHLING = """
[build-system]
requires = ["hatchling", "hatch-torch"]
build-backend = "hatchling.build"
"""
SMALLEST = f"""{HATCHLING}
[project]
name = "my-app"
version = "1.0"
dependencies = ["torch>=2.3", "torchvision", "numpy"]

[tool.hatch.build.hooks.torch-variant]
"""
FULL = f"""{HATCHLING}
[project]
name = "my-app"
version = "1.0"
dependencies = ["torch>=2.3", "torchvision", "transformers", "numpy"]
dynamic = ["optional-dependencies"]

[tool.hatch.metadata.hooks.torch-variant]
[tool.hatch.build.hooks.torch-variant]

[tool.torch-variant.optional-dependencies]
dev = ["pytest"]

[tool.torch-variant.extras.cu124]
[tool.torch-variant.extras.rocm70]
channel = "nightly"
dependencies = ["torch>=2.10.0.dev0"]
[tool.torch-variant.extras.rocm65]
index-url = "https://wheels.example.org/rocm6.5"
[tool.torch-variant.extras.rocm57]
dependencies = ["torch==2.3.1"]
[tool.torch-variant.extras.cpu]

[tool.uv]
cache-keys = [{{ file = "pyproject.toml" }}, {{ file = ".torch-variant.stamp" }}]
"""
ONE_TABLE = f"""{HATCHLING}
[project]
name = "my-app"
version = "1.0"
dynamic = ["dependencies", "optional-dependencies"]

[tool.hatch.metadata]
allow-direct-references = true
[tool.hatch.metadata.hooks.torch-variant]

[tool.torch-variant]
dependencies = ["torch>=2.3", "numpy"]
"""
_FORMS = {"smallest": SMALLEST, "full": FULL, "one table": ONE_TABLE}


class Read(Protocol):
    """Reads a project: the text of its pyproject.toml, or a form of it and what follows."""

    def __call__(self, more: str = "", *, form: str = "", hatch: str | None = None) -> Config:
        """Return its configuration."""


class Faults(Protocol):
    """Reads a project that is wrong."""

    def __call__(self, more: str = "", *, form: str = "", hatch: str | None = None) -> list[str]:
        """Return its faults."""


@pytest.fixture
def read(tmp_path: Path) -> Read:
    """Return a function that reads a project; `form` is smallest, full or one table."""

    def configuration(more: str = "", *, form: str = "", hatch: str | None = None) -> Config:
        text = _FORMS.get(form, "") + more
        (tmp_path / "pyproject.toml").write_text(text, encoding="utf-8")
        if hatch is not None:
            (tmp_path / "hatch.toml").write_text(hatch, encoding="utf-8")
        return read_project(tmp_path)

    return configuration


@pytest.fixture
def faults(read: Read) -> Faults:
    """Return a function that reads a project and returns its faults."""

    def found(more: str = "", *, form: str = "", hatch: str | None = None) -> list[str]:
        with pytest.raises(ConfigurationError) as caught:
            read(more, form=form, hatch=hatch)
        return list(caught.value.faults)

    return found
