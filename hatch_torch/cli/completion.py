"""`hatch-torch completion`: print a completion script, which shtab makes from the parser."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from hatch_torch.errors import ConfigurationError

if TYPE_CHECKING:
    import argparse

_SHELLS = ("bash", "zsh", "fish", "tcsh", "powershell")
_FOLDERS = {"FOLDER", "PROJECT", "PROJECT | REQ"}
_EXAMPLES = """\
examples:
  hatch-torch completion bash > ~/.local/share/bash-completion/completions/hatch-torch
  hatch-torch completion zsh > ~/.zfunc/_hatch-torch      # a folder of $fpath
  hatch-torch completion fish > ~/.config/fish/completions/hatch-torch.fish
  hatch-torch completion powershell >> $PROFILE
"""


def add_parser(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command `completion`, which completes all of the commands."""
    parser = commands.add_parser(
        "completion", help="print a completion script for your shell", epilog=_EXAMPLES
    )
    parser.add_argument("shell", choices=_SHELLS, help="the shell that reads the script")
    parser.set_defaults(run=partial(run, commands))


def run(
    commands: argparse._SubParsersAction[argparse.ArgumentParser], options: argparse.Namespace
) -> int:
    """Print the script; raises ConfigurationError without shtab."""
    try:
        import shtab  # noqa: PLC0415 (in the extra `cli`)
    except ImportError:
        raise ConfigurationError(
            ["completion needs shtab, which is not installed"],
            hint="run: pip install 'hatch-torch[cli]'",
        ) from None
    for parser in commands.choices.values():
        for action in parser._actions:  # noqa: SLF001 (argparse has no other way to list them)
            if action.metavar in _FOLDERS:
                action.complete = shtab.DIRECTORY  # type: ignore[attr-defined] # shtab reads it
            elif action.metavar == "FILE":
                action.complete = shtab.FILE  # type: ignore[attr-defined]
    print(shtab.complete(options.parser, options.shell))
    return 0
