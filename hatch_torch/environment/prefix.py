"""An environment by its prefix: its interpreter, its folders of packages, its Python."""

from __future__ import annotations

import os
import re
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from hatch_torch.frontend.environment import own_site_packages, site_packages

if TYPE_CHECKING:
    from collections.abc import Mapping

# venv writes `version = 3.12.4`, virtualenv and uv write `version_info = 3.12.4.final.0`.
_VERSION = r"(?m)^version(?:_info)? *= *(3\.\d+)"
_FOLDER = r"python(3\.\d+)"
_PROGRAMS = ("bin/python", "Scripts/python.exe", "python.exe")


@dataclass(frozen=True, slots=True)
class Prefix:
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
