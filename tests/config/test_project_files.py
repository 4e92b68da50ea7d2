"""A project's own files."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from hatch_torch.config.build_system import Wiring
from hatch_torch.config.config import Config
from hatch_torch.config.pyproject import read_project, read_toml
from hatch_torch.errors import ConfigurationError

if TYPE_CHECKING:
    from pathlib import Path

    from tests.config.conftest import Read


def test_missing(tmp_path: Path) -> None:
    """A folder without pyproject.toml is no project."""
    path = tmp_path / "pyproject.toml"
    with pytest.raises(ConfigurationError, match="there is no such file") as caught:
        read_project(tmp_path)
    assert (f"{path}: there is no such file",) == caught.value.faults


@pytest.mark.parametrize("content", [b"a = ", b"\xff", b"a = 1\na = 2", b"a = " + b"[" * 5000])
def test_no_toml(tmp_path: Path, content: bytes) -> None:
    """A file that is no TOML is named."""
    path = tmp_path / "hatch.toml"
    path.write_bytes(content)
    with pytest.raises(ConfigurationError) as caught:
        read_toml(path)
    assert str(path) == str(caught.value).partition(": ")[0]


def test_no_file(tmp_path: Path) -> None:
    """A folder of that name is no file, and is named too."""
    with pytest.raises(ConfigurationError) as caught:
        read_toml(tmp_path)
    assert str(tmp_path) == str(caught.value).partition(": ")[0]


@pytest.mark.parametrize("text", ["tool = 3", "tool.hatch = []", "project = 'my-app'", ""])
def test_shapes_that_are_hatchs_to_tell(read: Read, text: str) -> None:
    """What has another shape outside our tables is left to Hatch."""
    assert Config() == read(text)._replace(wiring=Wiring())
