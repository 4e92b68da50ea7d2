"""A project's own files: pyproject.toml, and what says the rest: hatch.toml, setup.cfg."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from hatch_torch.errors import ConfigurationError
from hatch_torch.project.config import Config, load
from hatch_torch.project.kinds import table_at
from hatch_torch.project.stated import stated_elsewhere
from hatch_torch.toml import loads

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path


def read_project(root: Path, stated: Mapping[str, Any] | None = None) -> Config:
    """Read the configuration of the project in a folder.

    `stated`: what its build backend found of `[project]` elsewhere; without it setuptools' own
    files are read, but no setup.py, which is a program.

    Raises ConfigurationError, also where there is no pyproject.toml or it is no TOML.
    """
    pyproject = read_toml(root / "pyproject.toml")
    # hatch.toml's tables stand in place of pyproject.toml's, as Hatch reads them.
    own = root / "hatch.toml"
    hatch = table_at(pyproject, "tool", "hatch")
    if stated is None:
        stated = stated_elsewhere(root, pyproject)
    return load(pyproject, {**hatch, **(read_toml(own) if own.is_file() else {})}, stated)


def read_toml(path: Path) -> dict[str, Any]:
    """Read a TOML file; raises ConfigurationError, which names the file."""
    try:
        return loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise ConfigurationError([f"{path}: there is no such file"]) from None
    except (OSError, ValueError, RecursionError) as error:
        raise ConfigurationError([f"{path}: {error}"]) from None
