"""An environment by its prefix."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from hatch_torch.environment.prefix import active


def test_this_environment() -> None:
    """Without another one that is active it is the one that runs this."""
    for environ in ({}, {"VIRTUAL_ENV": sys.prefix}):
        found = active(environ)
        assert (found.path, found.python) == (Path(sys.prefix), Path(sys.executable))
        assert found.release == "{}.{}".format(*sys.version_info)
        assert found.folders


@pytest.mark.parametrize("variable", ["VIRTUAL_ENV", "CONDA_PREFIX"])
def test_another_environment(tmp_path: Path, variable: str) -> None:
    """An active environment is found with its Python, also where that is another one."""
    folder = tmp_path / "lib" / "python3.9" / "site-packages"
    (folder / "pip").mkdir(parents=True)
    (folder / "pip" / "__main__.py").touch()
    found = active({variable: str(tmp_path)})
    assert (found.path, found.folders, found.release) == (tmp_path, (folder,), "3.9")
    assert found.has_pip
    assert found.python.parent.parent == tmp_path


@pytest.mark.parametrize("line", ["version = 3.10.4", "version_info = 3.10.4.final.0"])
def test_the_release_of_a_virtual_environment(tmp_path: Path, line: str) -> None:
    """The file pyvenv.cfg tells the Python; an empty folder has neither that nor packages."""
    assert active({"VIRTUAL_ENV": str(tmp_path)}).release is None
    (tmp_path / "pyvenv.cfg").write_text(f"home = /usr/bin\n{line}\n", encoding="utf-8")
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "python").touch()
    found = active({"VIRTUAL_ENV": str(tmp_path)})
    assert (found.release, found.folders) == ("3.10", ())
    assert found.python == tmp_path / "bin" / "python"
