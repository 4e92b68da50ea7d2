"""setuptools' build backend, with torch in the build environment."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import pytest

from hatch_torch import setuptools_build_meta as building

if TYPE_CHECKING:
    from pathlib import Path

    from tests.integrations.conftest import CalledBy

PROJECT = """
[build-system]
requires = ["setuptools", "hatch-torch"]
build-backend = "hatch_torch.setuptools_build_meta"
[project]
name = "my-app"
version = "1.0"
dependencies = ["torch>=2.3"]
[tool.setuptools]
py-modules = ["my_app"]
[tool.torch-variant]
build-requires = ["torch"]
"""


@pytest.fixture
def compiles(folder: Path, called_by: CalledBy, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Make a project that is compiled against torch."""
    (folder / "pyproject.toml").write_text(PROJECT, encoding="utf-8")
    monkeypatch.setattr(sys, "argv", ["setup.py"])
    monkeypatch.setattr(building, "ancestors", called_by("pip", "install", "-e", "."))
    return folder


def test_requirements_that_only_a_program_knows(compiles: Path) -> None:
    """Where setup.py alone says which torch, the build can't have the same: that is a fault."""
    text = PROJECT.replace('dependencies = ["torch>=2.3"]', 'dynamic = ["dependencies"]')
    (compiles / "pyproject.toml").write_text(text, encoding="utf-8")
    with pytest.raises(SystemExit, match="has to be seen before"):
        building.get_requires_for_build_wheel()


@pytest.mark.parametrize("imports", [None, "torch", "my_torch"])
def test_build_environment(compiles: Path, imports: str | None) -> None:
    """It gets the wheel of the install, also where a setup.py imports torch before it is there."""
    if imports:
        text = f"from {imports}_not_here import it\n".replace("torch_not_here", "torch.not_here")
        (compiles / "setup.py").write_text(text, encoding="utf-8")
    if imports == "my_torch":
        with pytest.raises(ModuleNotFoundError, match="my_torch"):
            building.get_requires_for_build_wheel()
        return
    for ask in (building.get_requires_for_build_wheel, building.get_requires_for_build_editable):
        (line,) = ask()
        assert line.startswith("torch @ http://127.0.0.1")
    assert len(building.get_requires_for_build_sdist()) == bool(imports)


def test_a_portable_build(
    compiles: Path, called_by: CalledBy, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is compiled for others is compiled against what the project asks for."""
    (compiles / "setup.py").write_text("import torch.not_here\n", encoding="utf-8")
    monkeypatch.setattr(building, "ancestors", called_by("pip", "wheel", "."))
    assert building.get_requires_for_build_wheel() == ["torch>=2.3"]
