"""Poetry and PDM: a project of theirs that depends on a checkout gets portable metadata."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pathlib import Path

    from tests.end_to_end.conftest import Sandbox
    from tests.end_to_end.matrix.conftest import Tool

pytestmark = [pytest.mark.end_to_end, pytest.mark.matrix]

THIS_MACHINES = re.compile(r"(\+|%2B)(cu|cpu|rocm|xpu)")
POETRY = """
[project]
name = "dependent"
version = "1.0"
requires-python = ">=3.10,<4"
dependencies = ["my-app"]
[tool.poetry]
package-mode = false
[tool.poetry.dependencies]
my-app = {{ path = "../my-app", develop = true }}
[[tool.poetry.source]]
name = "embedded"
url = "{url}/"
"""
PDM = """
[project]
name = "dependent"
version = "1.0"
requires-python = ">=3.10"
dependencies = ["my-app @ file:///${{PROJECT_ROOT}}/../my-app"]
[tool.pdm]
distribution = false
[[tool.pdm.source]]
name = "pypi"
url = "{url}"
verify_ssl = false
"""


def dependent(sandbox: Sandbox, text: str) -> Path:
    """Write a project that depends on the checkout; return its folder."""
    folder = sandbox.project.parent / "dependent"
    folder.mkdir()
    content = text.format(url=sandbox.index.default_index)
    (folder / "pyproject.toml").write_text(content, encoding="utf-8")
    return folder


def assert_portable(folder: Path, lock: str) -> None:
    """Check the lock, and that the default index's torch is installed."""
    text = (folder / lock).read_text(encoding="utf-8")
    assert 'name = "torch"\nversion = "2.14.1"\n' in text
    assert not THIS_MACHINES.search(text)
    (torch,) = (folder / ".venv").rglob("torch-*.dist-info")
    assert torch.name == "torch-2.14.1.dist-info"


def test_poetry(sandbox: Sandbox, tool: Tool) -> None:
    """Poetry reads what is portable, and installs that."""
    folder = dependent(sandbox, POETRY)
    own = {f"POETRY_{name}_DIR": str(sandbox.folder / name) for name in ("CACHE", "CONFIG", "DATA")}
    poetry = sandbox.on("rtx-4090", POETRY_VIRTUALENVS_IN_PROJECT="true", **own)

    poetry.run(tool("poetry") / "poetry", "install", folder=folder)

    assert_portable(folder, "poetry.lock")


def test_pdm(sandbox: Sandbox, tool: Tool) -> None:
    """So does PDM; the newest of what it requires does not go with it."""
    folder = dependent(sandbox, PDM)
    pdm = sandbox.on(
        "rtx-4090", PDM_CHECK_UPDATE="false", PDM_CACHE_DIR=str(sandbox.folder / "pdm")
    )

    pdm.run(tool("pdm", "hishel<2", "unearth<0.18") / "pdm", "install", folder=folder)

    assert_portable(folder, "pdm.lock")
