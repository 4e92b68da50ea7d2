"""`hatch-torch sync`: fix what `hatch-torch status` reports."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from hatch_torch.cli.render import print_findings, print_messages
from hatch_torch.cli.run_installer import run_installer
from hatch_torch.environment.prefix import find_environment
from hatch_torch.verification.checks import collect_findings
from hatch_torch.verification.repair import InstallContext, find_uv, plan_repair
from hatch_torch.verification.snapshot import describe_machine_changes, take_snapshot

if TYPE_CHECKING:
    import argparse

_EXAMPLES = """\
examples:
  hatch-torch sync                # reinstall what does not fit
  hatch-torch sync --dry-run      # print the command, run nothing
"""


def add_parser(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command `sync`."""
    parser = commands.add_parser("sync", help="fix what `status` reports", epilog=_EXAMPLES)
    parser.add_argument(
        "project", nargs="?", default=".", metavar="PROJECT", help="project folder (default: .)"
    )
    parser.add_argument("--dry-run", action="store_true", help="print the command, run nothing")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Print the findings, run the installer, and check again; return 1 if findings are left."""
    project = Path(options.project)
    environment = find_environment(os.environ, project)
    snapshot = take_snapshot(project, os.environ, environment)
    findings = collect_findings(snapshot)
    if not findings:
        print_findings(())
        return 0
    changes = describe_machine_changes(snapshot)
    print_messages("finding", (*changes, *(finding.reason for finding in findings)))
    context = InstallContext(project, environment, os.environ, find_uv(os.environ))
    exit_code = run_installer(plan_repair(context), context, dry_run=options.dry_run)
    if exit_code or options.dry_run:
        return exit_code
    remaining = collect_findings(take_snapshot(project, os.environ, environment))
    print_findings(remaining)
    return int(bool(remaining))
