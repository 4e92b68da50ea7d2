"""Requirements that setuptools reads elsewhere: setup.cfg, and the files that a table names.

A project's own files: pyproject.toml, and what says the rest: hatch.toml, setup.cfg.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from hatch_torch._toml import loads
from hatch_torch.config.build_system import Builder
from hatch_torch.config.config import Config, load
from hatch_torch.config.validation import table_at
from hatch_torch.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from pathlib import Path


_SETUP = "setup.cfg"


def stated_elsewhere(root: Path, pyproject: Mapping[str, Any]) -> dict[str, Any]:
    """Return the name and the requirements by the keys that they would have in `[project]`.

    What is not there, cannot be read or is at fault is setuptools' to tell.
    """
    if Builder.of(pyproject).name != "setuptools":
        return {}
    if "project" not in pyproject and (root / _SETUP).is_file():
        return _of_setup_cfg(root)
    dynamic = table_at(pyproject, "tool", "setuptools", "dynamic")
    extras = table_at(dynamic, "optional-dependencies")
    found = {
        "dependencies": _of_directive(root, dynamic.get("dependencies")),
        "optional-dependencies": {key: _of_directive(root, one) for key, one in extras.items()},
    }
    return {key: found[key] for key in found if key in dynamic}


def _of_directive(root: Path, directive: object) -> list[str]:
    """Read `{ file = "requirements.txt" }`, or several files."""
    files = table_at(directive).get("file", [])
    names = [files] if isinstance(files, str) else files if isinstance(files, list) else []
    return [*_of_files(root, map(str, names))]


def _of_setup_cfg(root: Path) -> dict[str, Any]:
    from configparser import ConfigParser, Error  # noqa: PLC0415 (few have a setup.cfg)

    parser = ConfigParser(interpolation=None)
    try:
        parser.read(root / _SETUP, encoding="utf-8")
    except (Error, ValueError):
        return {}
    listed = "options.extras_require"
    extras = dict(parser.items(listed)) if parser.has_section(listed) else {}
    needed = parser.get("options", "install_requires", fallback="")
    return {
        "name": parser.get("metadata", "name", fallback=""),
        "dependencies": [*_of_value(root, needed)],
        "optional-dependencies": {key: [*_of_value(root, one)] for key, one in extras.items()},
    }


def _of_value(root: Path, value: str) -> Iterator[str]:
    """Read a list as setup.cfg has it: lines, or parted by semicolons, or the names of files."""
    if value.strip().startswith("file:"):
        yield from _of_files(root, value.strip().removeprefix("file:").split(","))
    else:
        yield from _plain(value.splitlines() if "\n" in value else value.split(";"))


def _of_files(root: Path, names: Iterable[str]) -> Iterator[str]:
    for name in names:
        try:
            yield from _plain((root / name.strip()).read_text(encoding="utf-8").splitlines())
        except (OSError, ValueError):
            continue


def _plain(lines: Iterable[str]) -> Iterator[str]:
    return (line.strip() for line in lines if line.strip() and not line.strip().startswith("#"))


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
