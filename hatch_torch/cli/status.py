"""`hatch-torch status`: check whether the installed torch fits the project and this machine."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from hatch_torch.catalog.releases import TORCH
from hatch_torch.cli.render import (
    format_accelerators,
    print_fields,
    print_findings,
    print_json,
    print_lines,
)
from hatch_torch.environment.prefix import find_environment
from hatch_torch.verification.checks import (
    collect_findings,
    collect_notes,
    describe_package,
    describe_recorded_bounds,
    to_json,
)
from hatch_torch.verification.snapshot import describe_machine_changes, take_snapshot

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterator

    from hatch_torch.verification.snapshot import Snapshot

_MAX_BOUNDS = 5
_EXAMPLES = """\
examples:
  hatch-torch status              # in a project folder, with its environment active
  hatch-torch status --json       # as JSON; the exit code is 1 if there are findings
"""


def add_parser(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command `status`."""
    parser = commands.add_parser(
        "status", help="check that the installed torch fits this machine", epilog=_EXAMPLES
    )
    parser.add_argument(
        "project", nargs="?", default=".", metavar="PROJECT", help="project folder (default: .)"
    )
    parser.add_argument("--json", action="store_true", help="print the status as JSON")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Check the environment and print the findings; return 1 if there are any."""
    project = Path(options.project)
    environment = find_environment(os.environ, project)
    snapshot = take_snapshot(project, os.environ, environment)
    findings = collect_findings(snapshot)
    if options.json:
        print_json({"environment": str(environment.path), **to_json(snapshot)})
    else:
        print_fields("Environment", _environment_rows(snapshot, environment.path))
        bounds = [*describe_recorded_bounds(snapshot)]
        print_lines("What bounded torch, the tightest first", bounds[:_MAX_BOUNDS])
        print_lines("Notes", collect_notes(snapshot))
        print_lines("Changes since the install", describe_machine_changes(snapshot))
        print_findings(findings)
    return int(bool(findings))


def _environment_rows(snapshot: Snapshot, path: Path) -> Iterator[tuple[str, str]]:
    yield "environment", str(path)
    name, project = snapshot.config.name, snapshot.project
    if name:
        yield "project", f"{name} {project.version}" if project else f"{name} (not installed)"
    if record := snapshot.record:
        yield "recorded", f"{record.get('backend')}, by {record.get('decided_by')}"
    if snapshot.find_package(TORCH) is None:
        yield "torch", "not installed"
    for package in snapshot.installed:
        yield package.name, f"{describe_package(package)}, built by {package.built_by}"
    for accelerator in format_accelerators(snapshot.hardware):
        yield "accelerator", accelerator
