"""The requirements that setuptools reads from setup.cfg and other files."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from hatch_torch.config.pyproject import read_setuptools_metadata

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
    """Lists have lines, semicolons, or the names of files."""
    (root / "setup.cfg").write_text(SETUP_CFG, encoding="utf-8")
    assert read_setuptools_metadata(root, {}) == {
        "name": "my-app",
        "dependencies": ["torch>=2.3", 'numpy; python_version > "3.9"'],
        "optional-dependencies": {"vision": ["torchvision", "timm"], "files": ["torch", "numpy"]},
    }
    assert read_setuptools_metadata(root, {"project": {}}) == {}


@pytest.mark.parametrize("text", ["", "[options]\n", "no section = 1\n", "[a]\nb\n"])
def test_little_in_setup_cfg(root: Path, text: str) -> None:
    """A file without requirements, or an invalid one, has none."""
    (root / "setup.cfg").write_text(text, encoding="utf-8")
    assert not any(read_setuptools_metadata(root, {}).values())


def test_dynamic_files(root: Path) -> None:
    """`[tool.setuptools.dynamic]` names one file or several; a missing one is skipped."""
    directives = {
        "dependencies": {"file": ["a.txt", "missing.txt"]},
        "optional-dependencies": {
            "fast": {"file": "b.txt"},
            "odd": {"attr": "x"},
            "one": {"file": 1},
        },
    }
    pyproject = {"project": {}, "tool": {"setuptools": {"dynamic": directives}}}
    assert read_setuptools_metadata(root, pyproject) == {
        "dependencies": ["torch"],
        "optional-dependencies": {"fast": ["numpy"], "odd": [], "one": []},
    }


def test_other_build_backends(root: Path) -> None:
    """Other build backends read none of these files."""
    (root / "setup.cfg").write_text(SETUP_CFG, encoding="utf-8")
    assert read_setuptools_metadata(root, {"build-system": {"build-backend": "pdm.backend"}}) == {}
