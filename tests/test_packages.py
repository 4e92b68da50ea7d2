"""All the packages of an environment, and where it lies."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from hatch_torch import target as targets
from hatch_torch.errors import HatchTorchError
from hatch_torch.installer import find_uv, installer_of
from hatch_torch.packages import RECORD, needs, packages
from hatch_torch.prefix import Prefix, active

HERE = targets.of("3.12", "linux_x86_64").environment


def write(folder: Path, name: str, *requires: str, **files: str) -> Path:
    """Install a package by writing its dist-info."""
    info = folder / f"{name}-1.0.dist-info"
    lines = [f"Name: {name}", "Version: 1.0", *(f"Requires-Dist: {one}" for one in requires)]
    for path, text in {"METADATA": "\n".join(lines) + "\n", **files}.items():
        (info / path).parent.mkdir(parents=True, exist_ok=True)
        (info / path).write_text(text, encoding="utf-8")
    return info


def test_packages(tmp_path: Path) -> None:
    """Every package is found by its normalized name; the first folder wins."""
    write(tmp_path / "a", "My_App", "torch>=2", "not a requirement")
    write(tmp_path / "b", "my_app")
    write(tmp_path / "b", "numpy", METADATA="Name: numpy\n")
    (found,) = packages([tmp_path / "a", tmp_path / "b", tmp_path / "missing"])
    assert (found.name, found.version, found.record) == ("my-app", "1.0", None)
    assert [*map(str, found.requires)] == ["torch>=2"]


def test_the_projects_own(tmp_path: Path) -> None:
    """A project is known with its record, and whether it is a link to its source."""
    origin = {"url": "file:///src", "dir_info": {"editable": True}}
    write(tmp_path, "app", **{RECORD: '{"schema": 1}', "direct_url.json": json.dumps(origin)})
    write(tmp_path, "copied", **{RECORD: "[1]", "direct_url.json": '{"dir_info": {}}'})
    write(tmp_path, "broken", **{RECORD: "{", "direct_url.json": "{"})
    broken, copied, own = sorted(packages([tmp_path]), key=lambda one: one.editable)
    assert (own.record, own.editable) == ({"schema": 1}, True)
    assert [(one.record, one.editable) for one in (broken, copied)] == [(None, False)] * 2


def test_needs(tmp_path: Path) -> None:
    """A need counts where its marker holds and no extra is asked for."""
    lines = ("torch>=2", "Torch<3 ; sys_platform == 'win32'", "torch==1 ; extra == 'x'", "numpy")
    write(tmp_path, "app", *lines)
    (need,) = needs(packages([tmp_path]), {"torch"}, HERE)
    assert (need.package.name, need.name, str(need.requirement)) == ("app", "torch", "torch>=2")


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


def test_find_uv(tmp_path: Path) -> None:
    """The program uv is looked for on PATH alone."""
    program = tmp_path / "uv"
    program.touch(mode=0o755)
    assert find_uv({"PATH": str(tmp_path)}) == str(program)
    assert find_uv({"PATH": str(tmp_path / "empty")}) is None
