"""Requirements that setuptools reads elsewhere: setup.cfg, and the files that a table names."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from hatch_torch.project.builder import Builder
from hatch_torch.project.kinds import table_at

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
