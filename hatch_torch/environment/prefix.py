"""The environment that an install goes into: the folders where its packages lie.

An environment by its prefix: its interpreter, its folders of packages, its Python.
"""

from __future__ import annotations

import os
import re
import shutil
import site
import sys
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping


_PYTHON = f"python{sys.version_info.major}.{sys.version_info.minor}"
# The hook runs with the target's own version under pip and uv; "dist-packages" is Debian's.
_PLACES = (
    f"lib/{_PYTHON}/site-packages",
    f"lib64/{_PYTHON}/site-packages",
    f"lib/{_PYTHON}/dist-packages",
    f"local/lib/{_PYTHON}/dist-packages",
    "lib/python3/dist-packages",
    "Lib/site-packages",
)


def own_site_packages(
    *,
    is_virtual: bool = sys.prefix != sys.base_prefix,
    user: Callable[[], str] = site.getusersitepackages,
) -> tuple[Path, ...]:
    """Return the folders of this interpreter's packages: under pip, those of the target."""
    folders = [*site.getsitepackages()] if is_virtual else [*site.getsitepackages(), user()]
    return _existing(map(Path, folders))


def site_packages(prefix: Path) -> tuple[Path, ...]:
    """Return the folders below a prefix that hold packages."""
    return _existing(prefix / place for place in _PLACES)


def _existing(folders: Iterable[Path]) -> tuple[Path, ...]:
    return tuple(dict.fromkeys(folder.resolve() for folder in folders if folder.is_dir()))


def find_prefix(
    environ: Mapping[str, str], folder: Path, *, python: str | None = None, system: bool = False
) -> Path | None:
    """Return the environment that uv takes (docs.astral.sh/uv/pip/environments).

    `environ` is uv's own; `folder` is where it runs; `python` is the value of ``--python``;
    `system`: whether ``--system`` is given. None where it cannot be known.
    """
    if python and (prefix := _named(python, folder, environ)):
        return prefix
    if not python and system:
        return _on_path("python3", environ) or _on_path("python", environ)
    return _active(environ) or _nearest(folder)


def _active(environ: Mapping[str, str]) -> Path | None:
    """Return the environment that is activated; conda's base counts as the system's Python."""
    conda = None if environ.get("CONDA_DEFAULT_ENV") in {"base", "root"} else "CONDA_PREFIX"
    active = environ.get("VIRTUAL_ENV") or environ.get(conda or "")
    return Path(active) if active else None


def _nearest(folder: Path) -> Path | None:
    places = (above / ".venv" for above in (folder, *folder.parents))
    return next((place for place in places if place.is_dir()), None)


def _named(python: str, folder: Path, environ: Mapping[str, str]) -> Path | None:
    """Return the environment of a path or a command; a mere version (`3.12`) names none."""
    path = folder / python
    if path.is_dir():
        return path
    return _prefix_of(path) if path.exists() else _on_path(python, environ)


def _on_path(name: str, environ: Mapping[str, str]) -> Path | None:
    """Return the prefix of the first interpreter of a name that is in no virtual environment."""
    folders = environ.get("PATH", "").split(os.pathsep)
    found = (shutil.which(name, path=folder) for folder in folders if folder)
    prefixes = (_prefix_of(Path(python)) for python in found if python)
    return next((at for at in prefixes if at and not (at / "pyvenv.cfg").exists()), None)


def _prefix_of(python: Path) -> Path | None:
    """Return the prefix of an interpreter; a virtual environment's is not followed further."""
    for path in (python, python.resolve()):
        home = path.parent
        prefix = home.parent if home.name.lower() in {"bin", "scripts"} else home
        if (prefix / "pyvenv.cfg").exists() or site_packages(prefix):
            return prefix
    return None


# venv writes `version = 3.12.4`, virtualenv and uv write `version_info = 3.12.4.final.0`.
_VERSION = r"(?m)^version(?:_info)? *= *(3\.\d+)"
_FOLDER = r"python(3\.\d+)"
_PROGRAMS = ("bin/python", "Scripts/python.exe", "python.exe")


class Prefix(NamedTuple):
    """An environment that packages are installed into."""

    path: Path
    python: Path
    """Its interpreter."""
    folders: tuple[Path, ...]
    """Where its packages lie."""
    release: str | None = None
    """Its Python, ``3.12``; None where its files do not tell."""

    @property
    def has_pip(self) -> bool:
        """Whether its interpreter can run pip."""
        return any((folder / "pip" / "__main__.py").is_file() for folder in self.folders)


def active(environ: Mapping[str, str], own: str = sys.prefix) -> Prefix:
    """Return the environment that is activated, else the one that runs this."""
    path = Path(environ.get("VIRTUAL_ENV") or environ.get("CONDA_PREFIX") or own)
    if path.resolve() == Path(own).resolve():
        release = "{}.{}".format(*sys.version_info)
        return Prefix(path, Path(sys.executable), own_site_packages(), release)
    folders = site_packages(path) or tuple(sorted(path.glob("lib/python3.*/site-packages")))
    return Prefix(path, _python(path), folders, _release(path, folders))


def _python(path: Path) -> Path:
    found = (path / name for name in _PROGRAMS if (path / name).exists())
    return next(found, path / _PROGRAMS[os.name == "nt"])


def _release(path: Path, folders: tuple[Path, ...]) -> str | None:
    try:
        told = re.search(_VERSION, (path / "pyvenv.cfg").read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError):
        told = None
    found = (re.fullmatch(_FOLDER, folder.parent.name) for folder in folders)
    match = told or next(filter(None, found), None)
    return match[1] if match else None
