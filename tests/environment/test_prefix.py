"""Which environment is meant, and where it keeps its packages."""

from __future__ import annotations

import sys
import sysconfig
from pathlib import Path

import pytest

from hatch_torch.environment.prefix import (
    find_environment,
    find_prefix,
    find_site_packages,
    get_own_site_packages,
)
from hatch_torch.errors import ConfigurationError

VERSION = f"{sys.version_info.major}.{sys.version_info.minor}"


class TestSitePackages:
    """The package folders of an environment."""

    def test_own(self) -> None:
        """The running interpreter's folders include its purelib."""
        assert Path(sysconfig.get_path("purelib")).resolve() in get_own_site_packages()

    def test_user_site(self) -> None:
        """Outside a virtual environment the user's site-packages count."""
        packages = Path(sysconfig.get_path("purelib"))
        folders = get_own_site_packages(is_virtual=False, user=lambda: str(packages))
        assert packages.resolve() in folders

    def test_of_a_prefix(self, tmp_path: Path) -> None:
        """Missing folders are left out, and a folder with two names comes once."""
        packages = tmp_path / "lib" / f"python{VERSION}" / "site-packages"
        packages.mkdir(parents=True)
        (tmp_path / "lib64").symlink_to(tmp_path / "lib")
        assert find_site_packages(tmp_path) == (packages,)


class TestFindPrefix:
    """The order in which an environment is looked for."""

    def test_order(self, tmp_path: Path) -> None:
        """`--python` comes first, then VIRTUAL_ENV, CONDA_PREFIX, and `.venv` here or above."""
        project = tmp_path / "work" / "app"
        for folder in (project, tmp_path / ".venv", tmp_path / "named"):
            folder.mkdir(parents=True)
        environ = {"VIRTUAL_ENV": "/virtual", "CONDA_PREFIX": "/conda"}
        conda = {"CONDA_PREFIX": "/conda"}
        assert find_prefix(environ, project, python=str(tmp_path / "named")) == tmp_path / "named"
        assert find_prefix(environ, project) == Path("/virtual")
        assert find_prefix(conda, project) == Path("/conda")
        assert find_prefix({}, project) == tmp_path / ".venv"
        (project / ".venv").mkdir()
        assert find_prefix({}, project) == project / ".venv"

    @pytest.mark.parametrize("name", ["base", "root"])
    def test_conda_base(self, tmp_path: Path, name: str) -> None:
        """Conda's base is no project's environment: it counts as the system's Python."""
        (tmp_path / ".venv").mkdir()
        environ = {"CONDA_PREFIX": "/conda", "CONDA_DEFAULT_ENV": name}
        assert find_prefix(environ, tmp_path) == tmp_path / ".venv"

    def test_relative_folder(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """The folders above `.` are searched too."""
        (tmp_path / ".venv").mkdir()
        (tmp_path / "app").mkdir()
        monkeypatch.chdir(tmp_path / "app")
        assert find_prefix({}, Path()) == tmp_path / ".venv"


class TestFindEnvironment:
    """The environment that a command looks at or changes."""

    def test_own(self, tmp_path: Path) -> None:
        """If no other is found, it is the one that hatch-torch is installed in."""
        for environ in ({}, {"VIRTUAL_ENV": sys.prefix}):
            environment = find_environment(environ, tmp_path)
            assert environment.path == Path(sys.prefix)
            assert environment.python == Path(sys.executable)
            assert environment.python_version == VERSION
            assert environment.site_packages

    @pytest.mark.parametrize("variable", ["VIRTUAL_ENV", "CONDA_PREFIX"])
    def test_active(self, tmp_path: Path, variable: str) -> None:
        """An active environment is found with its Python, which may be another version."""
        folder = tmp_path / "lib" / "python3.9" / "site-packages"
        (folder / "pip").mkdir(parents=True)
        (folder / "pip" / "__main__.py").touch()
        environment = find_environment({variable: str(tmp_path)}, tmp_path)
        assert environment.path == tmp_path
        assert environment.site_packages == (folder,)
        assert environment.python_version == "3.9"
        assert environment.has_pip
        assert environment.python.parent.parent == tmp_path

    def test_venv_of_the_project(self, tmp_path: Path) -> None:
        """A `.venv` in the project's folder is found without being activated."""
        (tmp_path / ".venv").mkdir()
        assert find_environment({}, tmp_path).path == tmp_path / ".venv"

    @pytest.mark.parametrize("line", ["version = 3.10.4", "version_info = 3.10.4.final.0"])
    def test_version(self, tmp_path: Path, line: str) -> None:
        """pyvenv.cfg says the Python; an empty folder says neither that nor any packages."""
        environ = {"VIRTUAL_ENV": str(tmp_path)}
        assert find_environment(environ).python_version is None
        (tmp_path / "pyvenv.cfg").write_text(f"home = /usr/bin\n{line}\n", encoding="utf-8")
        (tmp_path / "bin").mkdir()
        (tmp_path / "bin" / "python").touch()
        environment = find_environment(environ)
        assert (environment.python_version, environment.site_packages) == ("3.10", ())
        assert environment.python == tmp_path / "bin" / "python"


class TestToolEnvironment:
    """hatch-torch in an environment of its own."""

    @pytest.fixture(params=["pipx_metadata.json", "uv-receipt.toml", "CACHEDIR.TAG"])
    def tool(self, tmp_path: Path, request: pytest.FixtureRequest) -> Path:
        """Return the environment that pipx, `uv tool install` or `uvx` made."""
        prefix = tmp_path / "uv" / "archive-v0" / "X3hC8jc"
        prefix.mkdir(parents=True)
        is_cache = request.param == "CACHEDIR.TAG"
        ((tmp_path / "uv" if is_cache else prefix) / request.param).touch()
        return prefix

    def test_is_refused(self, tool: Path, tmp_path: Path) -> None:
        """No project is installed there, so that the error says how to name another one."""
        with pytest.raises(ConfigurationError) as caught:
            find_environment({}, tmp_path, own=str(tool))
        assert str(caught.value) == (
            f"found no environment: none is active, there is no .venv in {tmp_path} or above it, "
            f"and hatch-torch runs in an environment of its own ({tool})\n"
            "hint: activate the project's environment, or set VIRTUAL_ENV to its folder"
        )

    def test_is_allowed(self, tool: Path, tmp_path: Path) -> None:
        """An application that a tool installed may look at its own environment."""
        assert find_environment({}, tmp_path, own=str(tool), allow_tool=True).path == tool

    def test_another_is_found(self, tool: Path, tmp_path: Path) -> None:
        """An active environment, and the project's `.venv`, are found as elsewhere."""
        (tmp_path / ".venv").mkdir()
        environ = {"VIRTUAL_ENV": str(tmp_path / "active")}
        assert find_environment(environ, tmp_path, own=str(tool)).path == tmp_path / "active"
        assert find_environment({}, tmp_path, own=str(tool)).path == tmp_path / ".venv"

    def test_activated_by_uv_run(self, tool: Path, tmp_path: Path) -> None:
        """`uv run --with hatch-torch` activates its temporary environment: it does not count."""
        (tmp_path / ".venv").mkdir()
        environ = {"VIRTUAL_ENV": str(tool)}
        assert find_environment(environ, tmp_path, own=str(tool)).path == tmp_path / ".venv"
