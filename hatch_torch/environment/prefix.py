"""Which environment is meant, and where it keeps its packages.

`find_prefix` is the only rule that finds an environment. The hook applies it to the installer's
options, folder and variables, the commands to their own.
"""

from __future__ import annotations

import os
import re
import shutil
import site
import sys
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from hatch_torch._files import read_bounded
from hatch_torch.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

_PYTHON = f"python{sys.version_info.major}.{sys.version_info.minor}"
# Under pip and uv the hook runs with the target's own Python; "dist-packages" is Debian's.
_SITE_PACKAGES = (
    f"lib/{_PYTHON}/site-packages",
    f"lib64/{_PYTHON}/site-packages",
    f"lib/{_PYTHON}/dist-packages",
    f"local/lib/{_PYTHON}/dist-packages",
    "lib/python3/dist-packages",
    "Lib/site-packages",
)


def get_own_site_packages(
    *,
    is_virtual: bool = sys.prefix != sys.base_prefix,
    user: Callable[[], str] = site.getusersitepackages,
) -> tuple[Path, ...]:
    """Return the package folders of this interpreter, which under pip is the target's."""
    folders = [*site.getsitepackages()] if is_virtual else [*site.getsitepackages(), user()]
    return _existing(map(Path, folders))


def find_site_packages(prefix: Path) -> tuple[Path, ...]:
    """Return the existing package folders of an environment with this version of Python."""
    return _existing(prefix / folder for folder in _SITE_PACKAGES)


def _existing(folders: Iterable[Path]) -> tuple[Path, ...]:
    return tuple(dict.fromkeys(folder.resolve() for folder in folders if folder.is_dir()))


def find_prefix(
    environ: Mapping[str, str], folder: Path, *, python: str | None = None, system: bool = False
) -> Path | None:
    """Return the environment that uv installs into, None if there is none.

    The first of these that exists (https://docs.astral.sh/uv/pip/environments):

    1. `python`, the value of `--python`: an environment, an interpreter or a command on PATH;
    2. with `system`, the first Python on PATH that is in no virtual environment;
    3. VIRTUAL_ENV;
    4. CONDA_PREFIX, unless it is conda's base, which counts as the system's Python;
    5. `.venv` in the folder, or in the nearest folder above it.
    """
    if python and (prefix := _find_named(python, folder, environ)):
        return prefix
    if not python and system:
        return _find_on_path("python3", environ) or _find_on_path("python", environ)
    if active := environ.get("VIRTUAL_ENV"):
        return Path(active)
    is_conda_base = environ.get("CONDA_DEFAULT_ENV") in {"base", "root"}
    if (conda := environ.get("CONDA_PREFIX")) and not is_conda_base:
        return Path(conda)
    folder = folder.absolute()
    candidates = (parent / ".venv" for parent in (folder, *folder.parents))
    return next((candidate for candidate in candidates if candidate.is_dir()), None)


def _find_named(python: str, folder: Path, environ: Mapping[str, str]) -> Path | None:
    """Return the environment of a path or a command; a version alone (`3.12`) names none."""
    path = folder / python
    if path.is_dir():
        return path
    return _prefix_of(path) if path.exists() else _find_on_path(python, environ)


def _find_on_path(command: str, environ: Mapping[str, str]) -> Path | None:
    """Return the prefix of the first interpreter on PATH that is in no virtual environment."""
    folders = environ.get("PATH", "").split(os.pathsep)
    interpreters = (shutil.which(command, path=folder) for folder in folders if folder)
    prefixes = (_prefix_of(Path(python)) for python in interpreters if python)
    return next(
        (prefix for prefix in prefixes if prefix and not (prefix / "pyvenv.cfg").exists()), None
    )


def _prefix_of(python: Path) -> Path | None:
    """Return the prefix of an interpreter; a link in a virtual environment is not followed."""
    for path in (python, python.resolve()):
        folder = path.parent
        prefix = folder.parent if folder.name.lower() in {"bin", "scripts"} else folder
        if (prefix / "pyvenv.cfg").exists() or find_site_packages(prefix):
            return prefix
    return None


# venv writes `version = 3.12.4`, virtualenv and uv write `version_info = 3.12.4.final.0`.
_VERSION = r"(?m)^version(?:_info)? *= *(3\.\d+)"
_VERSIONED_FOLDER = r"python(3\.\d+)"
_INTERPRETERS = ("bin/python", "Scripts/python.exe", "python.exe")


class Environment(NamedTuple):
    """An environment that packages are installed into."""

    path: Path
    """Its prefix."""
    python: Path
    """Its interpreter."""
    site_packages: tuple[Path, ...]
    python_version: str | None = None
    """``3.12``; None if its files do not say."""

    @property
    def has_pip(self) -> bool:
        """Whether its interpreter can run pip."""
        return any((folder / "pip" / "__main__.py").is_file() for folder in self.site_packages)


def find_environment(
    environ: Mapping[str, str],
    folder: Path | None = None,
    *,
    python: str | None = None,
    own: str = sys.prefix,
    allow_tool: bool = False,
) -> Environment:
    """Return the environment that a command looks at or changes.

    It is that of `find_prefix`, else the one that hatch-torch is installed in (`own`). `folder` is
    the project's, by default the current one. An environment that pipx, `uv tool` or `uvx` made is
    hatch-torch's alone: ConfigurationError is raised for it, unless `allow_tool` (as in an
    application that such a tool installed, and that imports hatch-torch).
    """
    folder = folder or Path()
    is_tools_own = _is_tools_own(Path(own))
    if is_tools_own and _is_same(environ.get("VIRTUAL_ENV"), own):
        environ = {**environ, "VIRTUAL_ENV": ""}  # `uv run --with hatch-torch` activates its own
    prefix = find_prefix(environ, folder, python=python)
    if prefix is None and is_tools_own and not allow_tool:
        fault = _NO_ENVIRONMENT.format(own=own, folder=folder.absolute())
        raise ConfigurationError([fault], hint=_ACTIVATE)
    if prefix is None or _is_same(prefix, own):
        version = "{}.{}".format(*sys.version_info)
        return Environment(
            prefix or Path(own), Path(sys.executable), get_own_site_packages(), version
        )
    site_packages = find_site_packages(prefix) or tuple(
        sorted(prefix.glob("lib/python3.*/site-packages"))
    )
    return Environment(
        prefix, _find_interpreter(prefix), site_packages, _find_version(prefix, site_packages)
    )


_NO_ENVIRONMENT = (
    "found no environment: none is active, there is no .venv in {folder} or above it, "
    "and hatch-torch runs in an environment of its own ({own})"
)
_ACTIVATE = "activate the project's environment, or set VIRTUAL_ENV to its folder"

# pipx and `uv tool install` leave a file in each environment that they make.
_TOOL_FILES = ("pipx_metadata.json", "uv-receipt.toml")
_UV_BUCKET = r"(archive|builds|built-wheels|environments|git|sdists)-v\d+"


def _is_tools_own(prefix: Path) -> bool:
    """Return whether pipx, `uv tool`, `uvx` or `uv run --with` made an environment."""
    return any((prefix / name).is_file() for name in _TOOL_FILES) or is_in_uv_cache(prefix)


def is_in_uv_cache(path: Path) -> bool:
    """Return whether a path is in uv's cache, by the names of its folders and the cache's tag."""
    return any(
        re.fullmatch(_UV_BUCKET, folder.name) and folder.with_name("CACHEDIR.TAG").exists()
        for folder in (path, *path.parents)
    )


def _is_same(one: str | Path | None, other: str) -> bool:
    return bool(one) and Path(one or "").resolve() == Path(other).resolve()


def _find_interpreter(prefix: Path) -> Path:
    interpreters = (prefix / name for name in _INTERPRETERS if (prefix / name).exists())
    return next(interpreters, prefix / _INTERPRETERS[os.name == "nt"])


def _find_version(prefix: Path, site_packages: tuple[Path, ...]) -> str | None:
    try:
        match = re.search(_VERSION, read_bounded(prefix / "pyvenv.cfg").decode("utf-8"))
    except (OSError, UnicodeDecodeError):
        match = None
    names = (folder.parent.name for folder in site_packages)
    matches = (match, *(re.fullmatch(_VERSIONED_FOLDER, name) for name in names))
    return next((match[1] for match in matches if match), None)
