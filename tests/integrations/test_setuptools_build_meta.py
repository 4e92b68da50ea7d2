"""setuptools' build backend, with torch in the build environment."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import pytest

from hatch_torch import setuptools_build_meta as backend

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
def extension(folder: Path, called_by: CalledBy, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Make a project that compiles against torch."""
    (folder / "pyproject.toml").write_text(PROJECT, encoding="utf-8")
    monkeypatch.setattr(sys, "argv", ["setup.py"])
    monkeypatch.setattr(backend, "get_ancestors", called_by("pip", "install", "-e", "."))
    return folder


def test_requirements_in_setup_py(extension: Path) -> None:
    """If only the setup.py names torch, the build environment can't get the same wheel."""
    text = PROJECT.replace('dependencies = ["torch>=2.3"]', 'dynamic = ["dependencies"]')
    (extension / "pyproject.toml").write_text(text, encoding="utf-8")
    with pytest.raises(SystemExit, match="the requirement on torch is not known\nhint: move"):
        backend.get_requires_for_build_wheel()


@pytest.mark.parametrize("imports", [None, "torch", "my_torch"])
def test_build_environment(extension: Path, imports: str | None) -> None:
    """It gets the wheel of the install, even if the setup.py imports torch too early."""
    if imports:
        text = f"from {imports}_not_here import it\n".replace("torch_not_here", "torch.not_here")
        (extension / "setup.py").write_text(text, encoding="utf-8")
    if imports == "my_torch":
        with pytest.raises(ModuleNotFoundError, match="my_torch"):
            backend.get_requires_for_build_wheel()
        return
    for ask in (backend.get_requires_for_build_wheel, backend.get_requires_for_build_editable):
        (line,) = ask()
        assert line.startswith("torch @ http://127.0.0.1")
    assert len(backend.get_requires_for_build_sdist()) == bool(imports)


def test_a_portable_build(
    extension: Path, called_by: CalledBy, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A portable wheel is compiled against the project's own requirement."""
    (extension / "setup.py").write_text("import torch.not_here\n", encoding="utf-8")
    monkeypatch.setattr(backend, "get_ancestors", called_by("pip", "wheel", "."))
    assert backend.get_requires_for_build_wheel() == ["torch>=2.3"]
