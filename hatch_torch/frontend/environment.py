"""The environment that an install goes into: the folders where its packages lie."""

from __future__ import annotations

import os
import shutil
import site
import sys
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from hatch_torch.frontend.calls import Call

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


def uv_site_packages(call: Call, project: Path) -> tuple[Path, ...] | None:
    """Return the site-packages that a call of uv installs into, None where it is not known.

    No folder at all for a tool, whose environment is uv's own affair.
    """
    if call.command.startswith("tool "):
        return ()
    folder = call.cwd or project
    if target := call.value("--target"):
        return (folder / target,)
    if prefix := call.value("--prefix") or _prefix(call, folder):
        return site_packages(folder / prefix)
    return None


def site_packages(prefix: Path) -> tuple[Path, ...]:
    """Return the folders below a prefix that hold packages."""
    return _existing(prefix / place for place in _PLACES)


def _existing(folders: Iterable[Path]) -> tuple[Path, ...]:
    return tuple(dict.fromkeys(folder.resolve() for folder in folders if folder.is_dir()))


def _prefix(call: Call, folder: Path) -> Path | None:
    """Return the environment that uv takes (docs.astral.sh/uv/pip/environments)."""
    if (python := call.value("--python")) and (prefix := _named(python, folder, call.environ)):
        return prefix
    if not python and call.has("--system"):
        return _on_path("python3", call.environ) or _on_path("python", call.environ)
    return _active(call.environ) or _nearest(folder)


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
