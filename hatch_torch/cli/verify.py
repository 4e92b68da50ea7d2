"""`hatch-torch verify`: whether the installed torch is for this machine, and computes on it."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hatch_torch.catalog.releases import TORCH
from hatch_torch.cli import render as show
from hatch_torch.cli.render import accelerators
from hatch_torch.cli.status import show_findings
from hatch_torch.environment.prefix import Prefix, active
from hatch_torch.hardware.process import call
from hatch_torch.verification.checks import described
from hatch_torch.verification.snapshot import survey
from hatch_torch.verification.verify import (
    SCRIPT,
    answered,
    by_answer,
    by_tables,
    hidden,
    machine_code,
    read_answer,
)

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterator, Mapping

    from hatch_torch.verification.snapshot import Situation

_EXAMPLES = """\
examples:
  hatch-torch verify              # by the files of torch and the tables, without running it
  hatch-torch verify --run        # multiply two matrices on the device, and compare
  hatch-torch verify --run --json # for a program: version, device, its name, memory, how many
"""


def add_to(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command to the parser."""
    parser = commands.add_parser(
        "verify", help="whether the installed torch sees the device", epilog=_EXAMPLES
    )
    parser.add_argument("--run", action="store_true", dest="compute", help="compute on the device")
    parser.add_argument("--json", action="store_true", help="print the answer as JSON")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Judge torch by the tables, or by what it answers; 1 where something is wrong."""
    prefix = active(os.environ)
    now = survey(Path(), os.environ, prefix)
    told = _ask(prefix) if options.compute and now.member(TORCH) else None
    found = by_tables(now) if told is None else by_answer(told, now, hidden(os.environ))
    if options.json:
        show.as_json(answered(now, told, found))
        return int(bool(found))
    show.fields("Installed", _facts(now))
    if told:
        show.fields("Computed", _answers(told))
    show_findings(found)
    return int(bool(found))


def _ask(prefix: Prefix) -> Mapping[str, Any]:
    done = call([str(prefix.python), str(SCRIPT)], os.environ, Path())
    return read_answer(done.output)


def _facts(now: Situation) -> Iterator[tuple[str, str]]:
    torch = now.member(TORCH)
    if torch is None:
        yield "torch", "not installed"
        return
    yield "torch", described(torch)
    code = machine_code(torch, now.target.platform)
    if code:
        yield "built for", ", ".join(code)
    for name in accelerators(now.hardware):
        yield "accelerator", name


def _answers(told: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    if told.get("device"):
        memory = f", {told['memory_mib'] / 1024:.0f} GiB" if told.get("memory_mib") else ""
        yield "device", f"{told['device']}, {told['name']}{memory}"
    if told.get("devices"):
        yield "devices", str(told["devices"])
    if told.get("seconds") is not None:
        yield (
            "product",
            f"{told['difference']:.1e} off the CPU's, in {told['seconds'] * 1e3:.1f} ms",
        )
