"""`hatch-torch sync`: mends what `hatch-torch status` finds."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from hatch_torch.cli import render as show
from hatch_torch.cli.render import carry_out
from hatch_torch.cli.status import show_findings
from hatch_torch.environment.prefix import active
from hatch_torch.verification.checks import findings
from hatch_torch.verification.repair import Place, find_uv, mending
from hatch_torch.verification.snapshot import changes, survey

if TYPE_CHECKING:
    import argparse

_EXAMPLES = """\
examples:
  hatch-torch sync                # install again what differs
  hatch-torch sync --dry-run      # only print the command
"""


def add_to(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command to the parser."""
    parser = commands.add_parser("sync", help="mend what `status` finds", epilog=_EXAMPLES)
    parser.add_argument("project", nargs="?", default=".", metavar="PROJECT", help="its folder")
    parser.add_argument("--dry-run", action="store_true", help="print the command, run nothing")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Find what differs, say it, run the installer, look again; 1 where something still differs."""
    project, prefix = Path(options.project), active(os.environ)
    now = survey(project, os.environ, prefix)
    found = findings(now)
    if not found:
        show.notes("Status", ["as it should be; nothing to mend"])
        return 0
    for why in (*changes(now), *(one.why for one in found)):
        print(f"hatch-torch: {why}", file=sys.stderr)
    place = Place(project, prefix, os.environ, find_uv(os.environ))
    failed = carry_out(mending(place), place, dry_run=options.dry_run)
    if failed or options.dry_run:
        return failed
    left = findings(survey(project, os.environ, prefix))
    show_findings(left)
    return int(bool(left))
