"""What installs into an environment."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from hatch_torch.environment.prefix import Prefix
from hatch_torch.errors import HatchTorchError
from hatch_torch.verification.repair import find_uv, installer_of

if TYPE_CHECKING:
    from pathlib import Path


def test_installers(tmp_path: Path) -> None:
    """The environment's pip installs, else uv; where there is neither, both ways out are told."""
    (tmp_path / "pip").mkdir()
    (tmp_path / "pip" / "__main__.py").touch()
    python = tmp_path / "bin" / "python"
    pip = installer_of(Prefix(tmp_path, python, (tmp_path,)), "uv")
    assert pip.install(["torch"]) == (str(python), "-m", "pip", "install", "torch")
    assert pip.takes_versions
    bare = Prefix(tmp_path, python, ())
    uv = installer_of(bare, "uv")
    assert uv.install(["torch"]) == ("uv", "pip", "install", "--python", str(python), "torch")
    assert not uv.takes_versions
    with pytest.raises(HatchTorchError, match="has no pip, and uv is not on PATH; install uv, or"):
        installer_of(bare, None)


def test_no_uv_of_the_project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What calls itself uv in the current folder is not run, whatever PATH says."""
    (tmp_path / "uv").touch(mode=0o755)
    monkeypatch.chdir(tmp_path)
    assert [find_uv({"PATH": path}) for path in (".", "", f":{tmp_path / 'empty'}:.")] == [None] * 3


def test_find_uv(tmp_path: Path) -> None:
    """The program uv is looked for on PATH alone."""
    program = tmp_path / "uv"
    program.touch(mode=0o755)
    assert find_uv({"PATH": str(tmp_path)}) == str(program)
    assert find_uv({"PATH": str(tmp_path / "empty")}) is None
