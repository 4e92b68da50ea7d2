"""The command `hatch-torch`: finds the subcommand, runs it, and prints its errors."""

from __future__ import annotations

import argparse
import io
import sys
from importlib import import_module
from typing import TYPE_CHECKING, Any

from hatch_torch import __version__
from hatch_torch.errors import HatchTorchError, did_you_mean

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

COMMANDS = (
    "init",
    "detect",
    "explain",
    "export",
    "lock",
    "download",
    "install",
    "status",
    "sync",
    "verify",
    "doctor",
    "demo",
    "completion",
    "cache",
)
"""The subcommands in the order of `--help`; each is a module of this package."""

_INTERRUPTED = 130  # 128 and the number of SIGINT, as shells return it
_EXAMPLES = """\
examples:
  hatch-torch demo                # try it on this machine, offline
  hatch-torch detect              # show this machine's accelerators and drivers
  hatch-torch explain             # show what an install of this project would get, and why
  hatch-torch status              # check the installed torch
  hatch-torch COMMAND --help      # more examples
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command line and return its exit code."""
    arguments = sys.argv[1:] if arguments is None else arguments
    # A pipe of Windows has a code page such as cp1252, which can't spell every path.
    if isinstance(sys.stdout, io.TextIOWrapper) and sys.stdout.encoding.lower() != "utf-8":
        sys.stdout.reconfigure(errors="backslashreplace")
    command = next((word for word in arguments if not word.startswith("-")), None)
    parser = _build_parser(_commands_to_import(command))
    if command and command not in COMMANDS:
        hint = did_you_mean(command, COMMANDS) or f" (choose from {', '.join(COMMANDS)})"
        parser.error(f"unknown command {command!r}{hint}")
    own, passed_on = _split_arguments(arguments) if command == "install" else (arguments, ())
    options = parser.parse_args(own)
    if passed_on:
        options.installer_options = passed_on
    try:
        exit_code: int = options.run(options)
    except HatchTorchError as error:
        print(error.format(), file=sys.stderr)
        return error.exit_code
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)
        return _INTERRUPTED
    return exit_code


def _split_arguments(arguments: Sequence[str]) -> tuple[Sequence[str], Sequence[str]]:
    """Return what is before ``--`` and what is behind it, which is the installer's."""
    end = [*arguments, "--"].index("--")
    return arguments[:end], arguments[end + 1 :]


def _commands_to_import(command: str | None) -> Sequence[str]:
    """Return the given command alone, or all of them if they are to be listed."""
    if command is None or command == "completion" or command not in COMMANDS:
        return COMMANDS
    return (command,)


class _Parser(argparse.ArgumentParser):
    """A parser that keeps the line breaks of the examples."""

    def __init__(self, **options: Any) -> None:  # noqa: ANN401 (argparse's own)
        super().__init__(**{"formatter_class": argparse.RawDescriptionHelpFormatter, **options})


def _build_parser(names: Iterable[str]) -> argparse.ArgumentParser:
    parser = _Parser(
        prog="hatch-torch",
        description="Install the PyTorch build that fits this machine.",
        epilog=_EXAMPLES,
    )
    parser.add_argument("--version", action="version", version=f"hatch-torch {__version__}")
    parser.set_defaults(parser=parser)  # which `completion` reads
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    for name in names:
        import_module(f"hatch_torch.cli.{name}").add_parser(commands)
    return parser
