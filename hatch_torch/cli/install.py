"""Running an installer for a person, who sees its own progress.

`hatch-torch install`: pip or uv, with the decision applied.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from hatch_torch.cli import render as show
from hatch_torch.cli.render import carry_out
from hatch_torch.environment.prefix import active
from hatch_torch.verification.repair import Place, find_uv, installing

if TYPE_CHECKING:
    import argparse


_EXAMPLES = """\
examples:
  hatch-torch install torch torchvision
  hatch-torch install -r requirements.txt
  hatch-torch install --dry-run "torch>=2.6" transformers
  TORCH_VARIANT=cpu hatch-torch install torch
"""


def add_to(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command to the parser."""
    parser = commands.add_parser(
        "install", help="pip or uv, with the decision applied", epilog=_EXAMPLES
    )
    parser.add_argument("requirements", nargs="*", metavar="REQ", help="default: the project here")
    parser.add_argument("-r", "--requirement", action="append", default=[], metavar="FILE")
    parser.add_argument("--dry-run", action="store_true", help="print the command, run nothing")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Decide, and run the installer; 1 where it fails."""
    place = Place(Path(), active(os.environ), os.environ, find_uv(os.environ))
    plan = installing(place, options.requirements, options.requirement)
    for note in plan.notes:
        print(f"hatch-torch: {note}", file=sys.stderr)
    if not plan.command:
        show.notes("Installed", ["everything is there and right"])
        return 0
    return carry_out(plan.command, place, dry_run=options.dry_run)
