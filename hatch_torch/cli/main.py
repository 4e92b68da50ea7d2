"""`hatch-torch`: the command that holds the others."""

from __future__ import annotations

import argparse
import sys
from typing import TYPE_CHECKING

from hatch_torch import __version__
from hatch_torch.cli import demo, detect, explain, export
from hatch_torch.errors import HatchTorchError

if TYPE_CHECKING:
    from collections.abc import Sequence

COMMANDS = (detect, explain, export, demo)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command and return its exit code (contract.md, section 4)."""
    options = _parser().parse_args(arguments)
    try:
        code: int = options.run(options)
    except HatchTorchError as error:
        print(f"hatch-torch: {error}", file=sys.stderr)
        return error.exit_code
    return code


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="hatch-torch", description="The PyTorch wheel that is right for this machine."
    )
    parser.add_argument("--version", action="version", version=f"hatch-torch {__version__}")
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    for command in COMMANDS:
        command.add_to(commands)
    return parser
