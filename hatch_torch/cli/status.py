"""`hatch-torch status`: whether torch is still what was installed, and right for this machine."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from hatch_torch.catalog.releases import TORCH
from hatch_torch.cli import render as show
from hatch_torch.cli.render import accelerators
from hatch_torch.environment.prefix import active
from hatch_torch.verification.checks import described, findings, notes, to_json
from hatch_torch.verification.snapshot import changes, survey

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterable, Iterator

    from hatch_torch.verification.checks import Finding
    from hatch_torch.verification.snapshot import Situation

_EXAMPLES = """\
examples:
  hatch-torch status              # in a checkout, with its environment active
  hatch-torch status --json       # the state as JSON; exit code 1 where something is wrong
"""


def add_to(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command to the parser."""
    parser = commands.add_parser(
        "status", help="whether the installed torch is still right", epilog=_EXAMPLES
    )
    parser.add_argument("project", nargs="?", default=".", metavar="PROJECT", help="its folder")
    parser.add_argument("--json", action="store_true", help="print the state as JSON")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Look, compare and print; 1 where something differs."""
    prefix = active(os.environ)
    now = survey(Path(options.project), os.environ, prefix)
    found = findings(now)
    if options.json:
        show.as_json({"environment": str(prefix.path), **to_json(now)})
    else:
        show.fields("Environment", _facts(now, prefix.path))
        show.notes("Notes", notes(now))
        show.notes("Since the install", changes(now))
        show_findings(found)
    return int(bool(found))


def show_findings(found: Iterable[Finding]) -> None:
    """Print each finding with the line that mends it, or that there is none."""
    found = tuple(found)
    if not found:
        show.notes("Status", ["as it should be"])
    for one in found:
        show.fields("Differs", [("why", one.why), ("mend", one.mend)])


def _facts(now: Situation, environment: Path) -> Iterator[tuple[str, str]]:
    yield "environment", str(environment)
    if now.config.name:
        there = f"{now.config.name} {now.project.version}" if now.project else "not installed"
        yield "project", there
    record = (now.project.record if now.project else None) or {}
    if record:
        yield "recorded", f"{record.get('backend')}, by {record.get('decided_by')}"
    if now.member(TORCH) is None:
        yield "torch", "not installed"
    for one in now.installed:
        yield one.name, f"{described(one)}, built by {one.builder}"
    for name in accelerators(now.hardware):
        yield "accelerator", name
