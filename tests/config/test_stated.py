"""What setuptools reads elsewhere is read as it reads it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from hatch_torch.config.pyproject import stated_elsewhere

if TYPE_CHECKING:
    from pathlib import Path

SETUP_CFG = """
[metadata]
name = my-app
[options]
install_requires =
    # a comment
    torch>=2.3
    numpy; python_version > "3.9"
[options.extras_require]
vision = torchvision; timm
files = file: a.txt, b.txt
"""


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Make two files of requirements."""
    (tmp_path / "a.txt").write_text("torch\n\n# a comment\n", encoding="utf-8")
    (tmp_path / "b.txt").write_text("numpy\n", encoding="utf-8")
    return tmp_path


def test_setup_cfg(root: Path) -> None:
    """Its lists are lines, or parted by semicolons, or the names of files."""
    (root / "setup.cfg").write_text(SETUP_CFG, encoding="utf-8")
    assert stated_elsewhere(root, {}) == {
        "name": "my-app",
        "dependencies": ["torch>=2.3", 'numpy; python_version > "3.9"'],
        "optional-dependencies": {"vision": ["torchvision", "timm"], "files": ["torch", "numpy"]},
    }
    assert stated_elsewhere(root, {"project": {}}) == {}


@pytest.mark.parametrize("text", ["", "[options]\n", "no section = 1\n", "[a]\nb\n"])
def test_little_in_setup_cfg(root: Path, text: str) -> None:
    """A file that says nothing of requirements, or cannot be read, states none."""
    (root / "setup.cfg").write_text(text, encoding="utf-8")
    assert not any(stated_elsewhere(root, {}).values())


def test_dynamic_files(root: Path) -> None:
    """`[tool.setuptools.dynamic]` names one file or several; one that is missing is not read."""
    directives = {
        "dependencies": {"file": ["a.txt", "missing.txt"]},
        "optional-dependencies": {
            "fast": {"file": "b.txt"},
            "odd": {"attr": "x"},
            "one": {"file": 1},
        },
    }
    pyproject = {"project": {}, "tool": {"setuptools": {"dynamic": directives}}}
    assert stated_elsewhere(root, pyproject) == {
        "dependencies": ["torch"],
        "optional-dependencies": {"fast": ["numpy"], "odd": [], "one": []},
    }


def test_other_builders(root: Path) -> None:
    """Others read none of these."""
    (root / "setup.cfg").write_text(SETUP_CFG, encoding="utf-8")
    assert stated_elsewhere(root, {"build-system": {"build-backend": "pdm.backend"}}) == {}
