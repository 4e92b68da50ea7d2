"""`hatch-torch init`: add hatch-torch's tables to a project, after showing the diff."""

from __future__ import annotations

import os
import sys
from contextlib import ExitStack
from difflib import unified_diff
from pathlib import Path
from typing import TYPE_CHECKING

from hatch_torch._files import replace_file, temporary_sibling
from hatch_torch.cli.render import print_lines
from hatch_torch.errors import ConfigurationError

if TYPE_CHECKING:
    import argparse
    from collections.abc import Mapping

    from hatch_torch.init.plan import InitPlan

_FILES = {"pyproject": "pyproject.toml", "hatch": "hatch.toml", "gitignore": ".gitignore"}
_EXAMPLES = """\
examples:
  hatch-torch init                                   # the full form, without backends
  hatch-torch init --backends cu128,rocm64,cpu       # also extras, and uv's indexes and sources
  hatch-torch init --smallest --dry-run              # show what the build hook alone needs
"""
_COLORS = {"+": "\033[32m", "-": "\033[31m", "@": "\033[36m"}


def add_parser(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command `init`."""
    parser = commands.add_parser(
        "init", help="add hatch-torch to a project's pyproject.toml", epilog=_EXAMPLES
    )
    parser.add_argument(
        "project", nargs="?", default=".", metavar="PROJECT", help="project folder (default: .)"
    )
    form = parser.add_mutually_exclusive_group()
    form.add_argument(
        "--smallest", action="store_true", help="add the build hook only (works with pip)"
    )
    form.add_argument(
        "--backends", metavar="cu124,rocm70,cpu", help="backends to support, each with an extra"
    )
    parser.add_argument("--yes", action="store_true", help="write without asking")
    parser.add_argument("--dry-run", action="store_true", help="show the changes, write nothing")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Show the changes as a diff, ask, and write them; return 1 if the user declines."""
    root = Path(options.project)
    before = _read_files(root)
    plan = _plan(options, before)
    after = {name: getattr(plan.files, name) for name in _FILES}
    changes = {
        root / _FILES[name]: (before[name], text)
        for name, text in after.items()
        if text is not None and text != (before[name] or "")
    }
    for path, (old, new) in changes.items():
        _print_diff(path, old or "", new)
    print_lines("Notes", plan.notes)
    if not changes:
        print(f"{root / _FILES['pyproject']}: already set up")
        return 0
    if options.dry_run:
        return 0
    if not (options.yes or _confirm()):
        print("nothing written")
        return 1
    _write_files(changes)
    return 0


def _read_files(root: Path) -> dict[str, str | None]:
    """Read the files; a missing .gitignore is empty if the project is in a git repository."""
    texts = {name: _read_file(root / file) for name, file in _FILES.items()}
    if texts["pyproject"] is None:
        raise ConfigurationError([f"{root / _FILES['pyproject']}: file not found"])
    folders = (root.resolve(), *root.resolve().parents)
    if texts["gitignore"] is None and any((folder / ".git").exists() for folder in folders):
        texts["gitignore"] = ""
    return texts


def _read_file(path: Path) -> str | None:
    """Read a file with its line ends as they are; None if it does not exist."""
    try:
        return path.read_bytes().decode()
    except FileNotFoundError:
        return None
    except (OSError, ValueError) as error:
        raise ConfigurationError([f"{path}: {error}"]) from None


def _plan(options: argparse.Namespace, texts: Mapping[str, str | None]) -> InitPlan:
    try:
        from hatch_torch.init.hatch_tables import ProjectFiles  # noqa: PLC0415 (needs tomlkit)
        from hatch_torch.init.plan import (  # noqa: PLC0415 (likewise)
            InitOptions,
            parse_backends,
            plan_init,
        )
    except ModuleNotFoundError as error:
        if error.name != "tomlkit":
            raise
        raise ConfigurationError(
            ["init needs tomlkit, which is not installed"],
            hint="run: pip install 'hatch-torch[cli]'",
        ) from None
    backends = () if options.backends is None else parse_backends(options.backends)
    files = ProjectFiles(texts["pyproject"] or "", texts["hatch"], texts["gitignore"])
    return plan_init(files, InitOptions(options.smallest, backends))


def _print_diff(path: Path, old: str, new: str) -> None:
    is_colored = sys.stdout.isatty() and not os.environ.get("NO_COLOR")
    lines = unified_diff(old.splitlines(), new.splitlines(), str(path), str(path), lineterm="")
    for line in lines:
        color = _COLORS.get(line[0], "") if is_colored else ""
        print(f"{color}{line}\033[0m" if color else line)


def _confirm() -> bool:
    """Ask the user; without an answer (no terminal) the answer is no."""
    try:
        return input("Write these changes? [y/N] ").strip().lower() in {"y", "yes"}
    except EOFError:
        return False


def _write_files(changes: Mapping[Path, tuple[str | None, str]]) -> None:
    """Write each file atomically; raise ConfigurationError if one was edited in the meantime."""
    try:
        with ExitStack() as stack:
            temporary = {
                path: stack.enter_context(temporary_sibling(path.resolve(), text.encode()))
                for path, (_, text) in changes.items()
            }
            for path, (old, _) in changes.items():
                if (_read_file(path) or "") != (old or ""):
                    raise ConfigurationError(
                        [f"{path}: the file has changed in the meantime"],
                        hint="run `hatch-torch init` again",
                    )
            for path in changes:
                replace_file(temporary[path], path.resolve())
                print(f"{path}: written")
    except OSError as error:
        raise ConfigurationError([f"{error.filename}: {error.strerror}; not written"]) from None
