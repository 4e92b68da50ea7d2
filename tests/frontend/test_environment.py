"""The environment that an install goes into."""

from __future__ import annotations

import sys
import sysconfig
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from hatch_torch.environment.prefix import own_site_packages, site_packages
from hatch_torch.frontend.request import uv_site_packages

if TYPE_CHECKING:
    from tests.frontend.conftest import ReadCall

VERSION = f"{sys.version_info.major}.{sys.version_info.minor}"


def _make(prefix: Path, *, virtual: bool = True) -> Path:
    """Make an environment with an interpreter; return its folder of packages."""
    packages = prefix / "lib" / f"python{VERSION}" / "site-packages"
    packages.mkdir(parents=True)
    (prefix / "bin").mkdir()
    (prefix / "bin" / "python3").touch(mode=0o755)
    if virtual:
        (prefix / "pyvenv.cfg").touch()
    return packages


def test_own() -> None:
    """The interpreter's own folders are among them."""
    assert Path(sysconfig.get_path("purelib")).resolve() in own_site_packages()


def test_user_site() -> None:
    """Outside a virtual environment the user's own packages count."""
    packages = Path(sysconfig.get_path("purelib"))

    actual = own_site_packages(is_virtual=False, user=lambda: str(packages))

    assert packages.resolve() in actual


@pytest.mark.parametrize(
    "arguments", ["-p {at}", "-p {at}/bin/python3", "--python=at", "--prefix {at}", "--prefix at"]
)
def test_named(arguments: str, tmp_path: Path, project: Path, call: ReadCall) -> None:
    """An environment, its interpreter or a prefix is named on the command line."""
    packages = _make(project / "at")
    _make(project / ".venv")
    words = arguments.format(at="{at}").split()

    actual = call("uv", "pip", "install", *(word.format(at=project / "at") for word in words), ".")

    assert (packages,) == uv_site_packages(actual, tmp_path)


def test_target(project: Path, call: ReadCall) -> None:
    """A target is itself the folder of packages."""
    actual = uv_site_packages(call("uv", "pip", "install", "-t", "out", "."), project)

    assert (project / "out",) == actual


def test_tool(project: Path, call: ReadCall) -> None:
    """A tool gets an environment of its own."""
    assert uv_site_packages(call("uvx", "--from", ".", "x"), project) == ()


def test_system(tmp_path: Path, project: Path, call: ReadCall) -> None:
    """The system's Python is the first on the path that is in no virtual environment."""
    packages = _make(tmp_path / "usr", virtual=False)
    _make(tmp_path / "venv")
    path = f"{tmp_path}/venv/bin:{tmp_path}/bare::{tmp_path}/usr/bin"

    flag = call("uv", "pip", "install", "--system", ".", PATH=path)
    variable = call("uv", "pip", "install", ".", PATH=path, UV_SYSTEM_PYTHON="1")
    name = call("uv", "pip", "install", "-p", "python3", ".", PATH=path)

    assert [(packages,)] * 3 == [uv_site_packages(one, project) for one in (flag, variable, name)]


def test_active(tmp_path: Path, project: Path, call: ReadCall) -> None:
    """Without a word on the command line the activated environment counts, then conda's."""
    virtual, conda = _make(tmp_path / "virtual"), _make(tmp_path / "conda", virtual=False)
    nearest = _make(tmp_path / ".venv")
    both = {"VIRTUAL_ENV": f"{tmp_path}/virtual", "CONDA_PREFIX": f"{tmp_path}/conda"}

    def installed(**environ: str) -> tuple[Path, ...] | None:
        return uv_site_packages(call("uv", "pip", "install", "-p", "3.12", ".", **environ), project)

    assert (virtual,) == installed(**both)
    assert (conda,) == installed(CONDA_PREFIX=both["CONDA_PREFIX"])
    assert (nearest,) == installed(CONDA_PREFIX=both["CONDA_PREFIX"], CONDA_DEFAULT_ENV="base")
    assert (nearest,) == installed()


def test_unknown(tmp_path: Path, project: Path, call: ReadCall) -> None:
    """A target that nothing tells is unknown."""
    (tmp_path / "alone" / "bin").mkdir(parents=True)
    python = tmp_path / "alone" / "bin" / "python3"
    python.touch()
    nowhere = call("uv", "pip", "install", "-p", str(python), ".")._replace(cwd=None)

    assert uv_site_packages(nowhere, project) is None


def test_site_packages(tmp_path: Path) -> None:
    """Folders that are not there are left out, those that are the same come once."""
    packages = _make(tmp_path)
    (tmp_path / "lib64").symlink_to(tmp_path / "lib")

    assert (packages,) == site_packages(tmp_path)
