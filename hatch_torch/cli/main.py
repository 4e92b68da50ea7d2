"""`hatch-torch`: the command that holds the others."""

from __future__ import annotations

import argparse
import sys
from difflib import get_close_matches
from importlib import import_module
from typing import TYPE_CHECKING, Any

from hatch_torch import __version__
from hatch_torch.errors import HatchTorchError

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
"""Their names, which are those of their modules, in the order of `--help`."""

_INTERRUPTED = 130  # 128 and the number of SIGINT, as shells have it
_EXAMPLES = """\
examples:
  hatch-torch demo                # see it work, with no network
  hatch-torch detect              # what this machine has
  hatch-torch explain             # what an install of this project would get, and why
  hatch-torch status              # is what is installed still right?
  hatch-torch COMMAND --help      # more examples
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command and return its exit code."""
    words = sys.argv[1:] if arguments is None else arguments
    word = next((one for one in words if not one.startswith("-")), None)
    parser = _parser(_needed(word))
    if word and word not in COMMANDS:
        parser.error(_unknown(word))
    options = parser.parse_args(words)
    try:
        code: int = options.run(options)
    except HatchTorchError as error:
        print(f"hatch-torch: {error}", file=sys.stderr)
        return error.exit_code
    except KeyboardInterrupt:
        print("hatch-torch: interrupted", file=sys.stderr)
        return _INTERRUPTED
    return code


def _needed(word: str | None) -> Sequence[str]:
    """Return the commands to import: the one that is called, or all where they are listed."""
    if word is None or word == "completion" or word not in COMMANDS:
        return COMMANDS
    return (word,)


def _unknown(word: str) -> str:
    """Say that there is no such command, and which one is meant."""
    close = get_close_matches(word, COMMANDS, n=1)
    meant = f"did you mean {close[0]!r}?" if close else f"choose from {', '.join(COMMANDS)}"
    return f"there is no command {word!r}; {meant}"


class _Parser(argparse.ArgumentParser):
    """A parser whose examples keep their lines."""

    def __init__(self, **options: Any) -> None:  # noqa: ANN401 (argparse's own)
        """Take what every parser takes."""
        super().__init__(**{"formatter_class": argparse.RawDescriptionHelpFormatter, **options})


def _parser(names: Iterable[str]) -> argparse.ArgumentParser:
    parser = _Parser(
        prog="hatch-torch",
        description="The PyTorch wheel that is right for this machine.",
        epilog=_EXAMPLES,
    )
    parser.add_argument("--version", action="version", version=f"hatch-torch {__version__}")
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    for name in names:
        import_module(f"hatch_torch.cli.{name}").add_to(commands)
    return parser
