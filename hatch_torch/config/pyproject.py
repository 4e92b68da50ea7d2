"""The project's files: pyproject.toml, and what Hatch and setuptools keep outside of it.

Hatch's tables may be in hatch.toml; setuptools reads requirements from setup.cfg and from the
files that `[tool.setuptools.dynamic]` names. A setup.py is a program, and is not read.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from hatch_torch._files import read_bounded
from hatch_torch._toml import loads
from hatch_torch.config.build_system import BuildBackend
from hatch_torch.config.config import Config, load_config
from hatch_torch.config.validation import get_table
from hatch_torch.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from pathlib import Path


def read_project(root: Path, metadata_overrides: Mapping[str, Any] | None = None) -> Config:
    """Return the configuration of the project in a folder.

    `metadata_overrides` are the fields of `[project]` that a build backend found elsewhere;
    without it setuptools' own files are read. Raises ConfigurationError, also for a
    pyproject.toml that is missing or is not valid TOML.
    """
    pyproject = read_toml(root / "pyproject.toml")
    hatch = get_table(pyproject, "tool", "hatch")
    hatch_toml = root / "hatch.toml"
    if hatch_toml.is_file():  # its tables replace those of pyproject.toml, as in Hatch
        hatch = {**hatch, **read_toml(hatch_toml)}
    if metadata_overrides is None:
        metadata_overrides = read_setuptools_metadata(root, pyproject)
    return load_config(pyproject, hatch, metadata_overrides)


def read_toml(path: Path) -> dict[str, Any]:
    """Return the content of a TOML file; raises ConfigurationError, which names the file."""
    try:
        return loads(read_bounded(path).decode("utf-8"))
    except FileNotFoundError:
        raise ConfigurationError([f"{path}: file not found"]) from None
    except (OSError, ValueError, RecursionError) as error:
        raise ConfigurationError([f"{path}: {error}"]) from None


def read_setuptools_metadata(root: Path, pyproject: Mapping[str, Any]) -> dict[str, Any]:
    """Return the name and requirements that setuptools reads elsewhere, by `[project]`'s keys.

    Leaves out what is missing or invalid: setuptools reports it.
    """
    if BuildBackend.from_pyproject(pyproject).name != "setuptools":
        return {}
    setup_cfg = root / "setup.cfg"
    if "project" not in pyproject and setup_cfg.is_file():
        return _read_setup_cfg(setup_cfg)
    dynamic = get_table(pyproject, "tool", "setuptools", "dynamic")
    extras = get_table(dynamic, "optional-dependencies")
    fields = {
        "dependencies": _read_directive(root, dynamic.get("dependencies")),
        "optional-dependencies": {key: _read_directive(root, item) for key, item in extras.items()},
    }
    return {key: value for key, value in fields.items() if key in dynamic}


def _read_directive(root: Path, directive: object) -> list[str]:
    """Return the requirements of `{ file = "requirements.txt" }`, or of several files."""
    files = get_table(directive).get("file", [])
    names = [files] if isinstance(files, str) else files if isinstance(files, list) else []
    return [*_read_requirements_files(root, map(str, names))]


def _read_setup_cfg(path: Path) -> dict[str, Any]:
    from configparser import ConfigParser, Error  # noqa: PLC0415 (few projects have a setup.cfg)

    parser = ConfigParser(interpolation=None)
    try:
        parser.read(path, encoding="utf-8")
    except (Error, ValueError):
        return {}
    section = "options.extras_require"
    extras = dict(parser.items(section)) if parser.has_section(section) else {}
    install_requires = parser.get("options", "install_requires", fallback="")
    return {
        "name": parser.get("metadata", "name", fallback=""),
        "dependencies": [*_parse_setup_cfg_list(path.parent, install_requires)],
        "optional-dependencies": {
            key: [*_parse_setup_cfg_list(path.parent, value)] for key, value in extras.items()
        },
    }


def _parse_setup_cfg_list(root: Path, value: str) -> Iterator[str]:
    """Yield the items of a list, which has lines, semicolons, or `file:` and names of files."""
    if value.strip().startswith("file:"):
        names = value.strip().removeprefix("file:").split(",")
        yield from _read_requirements_files(root, names)
    else:
        yield from _strip_comments(value.splitlines() if "\n" in value else value.split(";"))


def _read_requirements_files(root: Path, names: Iterable[str]) -> Iterator[str]:
    for name in names:
        try:
            text = read_bounded(root / name.strip()).decode("utf-8")
        except (OSError, ValueError):
            continue
        yield from _strip_comments(text.splitlines())


def _strip_comments(lines: Iterable[str]) -> Iterator[str]:
    return (line.strip() for line in lines if line.strip() and not line.strip().startswith("#"))
