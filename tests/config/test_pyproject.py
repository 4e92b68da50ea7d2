"""The project's own files."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from hatch_torch.config.build_system import BuildSystem
from hatch_torch.config.config import Config
from hatch_torch.config.pyproject import read_project, read_toml
from hatch_torch.errors import ConfigurationError

if TYPE_CHECKING:
    from pathlib import Path

    from tests.config.conftest import Read


def test_missing(tmp_path: Path) -> None:
    """A folder without pyproject.toml is not a project."""
    path = tmp_path / "pyproject.toml"
    with pytest.raises(ConfigurationError, match="file not found") as caught:
        read_project(tmp_path)
    assert (f"{path}: file not found",) == caught.value.faults


@pytest.mark.parametrize("content", [b"a = ", b"\xff", b"a = 1\na = 2", b"a = " + b"[" * 5000])
def test_invalid_toml(tmp_path: Path, content: bytes) -> None:
    """The error names a file that is not valid TOML."""
    path = tmp_path / "hatch.toml"
    path.write_bytes(content)
    with pytest.raises(ConfigurationError) as caught:
        read_toml(path)
    assert str(path) == str(caught.value).partition(": ")[0]


def test_folder_instead_of_a_file(tmp_path: Path) -> None:
    """The error names a folder in place of a file."""
    with pytest.raises(ConfigurationError) as caught:
        read_toml(tmp_path)
    assert str(tmp_path) == str(caught.value).partition(": ")[0]


@pytest.mark.parametrize("text", ["tool = 3", "tool.hatch = []", "project = 'my-app'", ""])
def test_types_that_hatch_checks(read: Read, text: str) -> None:
    """Values of the wrong type outside of this plugin's tables are left to Hatch."""
    assert Config() == read(text)._replace(build_system=BuildSystem())
