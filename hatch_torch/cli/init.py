"""`hatch-torch init`: write our tables into a project, after a look at what would change."""

from __future__ import annotations

import os
import sys
from contextlib import ExitStack
from difflib import unified_diff
from pathlib import Path
from typing import TYPE_CHECKING

from hatch_torch._files import beside
from hatch_torch.cli import render as show
from hatch_torch.errors import ConfigurationError

if TYPE_CHECKING:
    import argparse
    from collections.abc import Mapping

    from hatch_torch.init.plan import SetUp

_NO_TOMLKIT = "init edits TOML with tomlkit, which is not installed: pip install 'hatch-torch[cli]'"
_NAMES = {"pyproject": "pyproject.toml", "hatch": "hatch.toml", "gitignore": ".gitignore"}
_COLOURS = {"+": "\033[32m", "-": "\033[31m", "@": "\033[36m"}


def add_to(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command to the parser."""
    parser = commands.add_parser("init", help="write the tables into a project's pyproject.toml")
    parser.add_argument("project", nargs="?", default=".", metavar="PROJECT", help="its folder")
    form = parser.add_mutually_exclusive_group()
    form.add_argument(
        "--smallest", action="store_true", help="the build hook alone: enough for pip"
    )
    form.add_argument(
        "--backends", metavar="cu124,rocm70,cpu", help="the backends to support, each as an extra"
    )
    parser.add_argument("--yes", action="store_true", help="write without asking")
    parser.add_argument("--dry-run", action="store_true", help="show the changes, write nothing")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Show the changes as a diff, ask, and write them."""
    root = Path(options.project)
    before = _texts(root)
    made = _set_up(options, before)
    after = {name: getattr(made.files, name) for name in _NAMES}
    changes = {
        root / _NAMES[name]: (before[name], text)
        for name, text in after.items()
        if text is not None and text != (before[name] or "")
    }
    for path, (old, new) in changes.items():
        _show(path, old or "", new)
    show.notes("Notes", made.notes)
    if not changes:
        print(f"{root / _NAMES['pyproject']}: already set up")
        return 0
    if options.dry_run:
        return 0
    if not (options.yes or _consents()):
        print("nothing was written")
        return 1
    _write(changes)
    return 0


def _texts(root: Path) -> dict[str, str | None]:
    """Read the files; a .gitignore that is missing is empty where there is git."""
    found = {name: _text(root / file) for name, file in _NAMES.items()}
    if found["pyproject"] is None:
        raise ConfigurationError([f"{root / _NAMES['pyproject']}: there is no such file"])
    folders = (root.resolve(), *root.resolve().parents)
    if found["gitignore"] is None and any((folder / ".git").exists() for folder in folders):
        found["gitignore"] = ""
    return found


def _text(path: Path) -> str | None:
    """Read a file with its ends of lines as they are; None where there is none."""
    try:
        return path.read_bytes().decode()
    except FileNotFoundError:
        return None
    except (OSError, ValueError) as error:
        raise ConfigurationError([f"{path}: {error}"]) from None


def _set_up(options: argparse.Namespace, texts: Mapping[str, str | None]) -> SetUp:
    try:
        from hatch_torch.init.hatch_tables import Files  # noqa: PLC0415 (tomlkit is of the extra `cli`)
        from hatch_torch.init.plan import (  # noqa: PLC0415 (likewise)
            Wanted,
            read_backends,
            set_up,
        )
    except ModuleNotFoundError as error:
        if error.name != "tomlkit":
            raise
        raise ConfigurationError([_NO_TOMLKIT]) from None
    backends = () if options.backends is None else read_backends(options.backends)
    files = Files(texts["pyproject"] or "", texts["hatch"], texts["gitignore"])
    return set_up(files, Wanted(options.smallest, backends))


def _show(path: Path, old: str, new: str) -> None:
    coloured = sys.stdout.isatty() and not os.environ.get("NO_COLOR")
    lines = unified_diff(old.splitlines(), new.splitlines(), str(path), str(path), lineterm="")
    for line in lines:
        start = _COLOURS.get(line[0], "") if coloured else ""
        print(f"{start}{line}\033[0m" if start else line)


def _consents() -> bool:
    """Ask; no answer at all is a no."""
    try:
        return input("Write this? [y/N] ").strip().lower() in {"y", "yes"}
    except EOFError:
        return False


def _write(changes: Mapping[Path, tuple[str | None, str]]) -> None:
    """Write each file whole or not at all; one that was edited in the meantime is left alone."""
    try:
        with ExitStack() as stack:
            new = {
                path: stack.enter_context(beside(path.resolve(), text.encode()))
                for path, (_, text) in changes.items()
            }
            for path, (old, _) in changes.items():
                if (_text(path) or "") != (old or ""):
                    raise ConfigurationError([f"{path}: it has changed meanwhile; run init again"])
            for path in changes:
                new[path].replace(path.resolve())
                print(f"{path}: written")
    except OSError as error:
        raise ConfigurationError([f"{error.filename}: {error.strerror}; not written"]) from None
