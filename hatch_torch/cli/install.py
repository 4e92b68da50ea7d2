"""`hatch-torch install`: run pip or uv with the decision applied."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from hatch_torch.cli.render import print_lines, print_messages
from hatch_torch.cli.run_installer import run_installer
from hatch_torch.environment.prefix import find_environment
from hatch_torch.verification.repair import InstallContext, find_uv, plan_install

if TYPE_CHECKING:
    import argparse

_EXAMPLES = """\
examples:
  hatch-torch install torch torchvision
  hatch-torch install -r requirements.txt
  hatch-torch install --dry-run "torch>=2.6" transformers
  TORCH_VARIANT=cpu hatch-torch install torch
"""


def add_parser(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command `install`."""
    parser = commands.add_parser(
        "install", help="run pip or uv with the right torch", epilog=_EXAMPLES
    )
    parser.add_argument(
        "requirements",
        nargs="*",
        metavar="REQ",
        help="requirements (default: the project in this folder)",
    )
    parser.add_argument(
        "-r", "--requirement", action="append", default=[], metavar="FILE", help="requirements file"
    )
    parser.add_argument("--dry-run", action="store_true", help="print the command, run nothing")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Decide, and run the installer; return 1 if it fails."""
    environment = find_environment(os.environ)
    context = InstallContext(Path(), environment, os.environ, find_uv(os.environ))
    plan = plan_install(context, options.requirements, options.requirement)
    print_messages("warning", plan.notes)
    if not plan.command:
        print_lines("Installed", ["OK: every requirement is installed already"])
        return 0
    return run_installer(plan.command, context, dry_run=options.dry_run)
