"""Installers of an environment, and the uv that is run."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from hatch_torch.environment.prefix import Environment
from hatch_torch.errors import HatchTorchError
from hatch_torch.verification.repair import find_installer, find_uv

if TYPE_CHECKING:
    from pathlib import Path


def test_installers(tmp_path: Path) -> None:
    """The environment's pip installs, else uv; without either the error names both ways out."""
    (tmp_path / "pip").mkdir()
    (tmp_path / "pip" / "__main__.py").touch()
    python = tmp_path / "bin" / "python"
    pip = find_installer(Environment(tmp_path, python, (tmp_path,)), "uv")
    assert pip.install(["torch"]) == (str(python), "-m", "pip", "install", "torch")
    bare = Environment(tmp_path, python, ())
    uv = find_installer(bare, "uv")
    assert uv.install(["torch"]) == ("uv", "pip", "install", "--python", str(python), "torch")
    with pytest.raises(
        HatchTorchError, match="has no pip, and uv is not on PATH\nhint: install uv, or"
    ):
        find_installer(bare, None)


def test_ignores_uv_in_current_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A program uv in the current folder is not run, whatever PATH says."""
    (tmp_path / "uv").touch(mode=0o755)
    monkeypatch.chdir(tmp_path)
    assert [find_uv({"PATH": path}) for path in (".", "", f":{tmp_path / 'empty'}:.")] == [None] * 3


def test_find_uv(tmp_path: Path) -> None:
    """The program uv is searched on PATH alone."""
    program = tmp_path / "uv"
    program.touch(mode=0o755)
    assert find_uv({"PATH": str(tmp_path)}) == str(program)
    assert find_uv({"PATH": str(tmp_path / "empty")}) is None
