"""`hatch-torch detect`: what this machine has, from which source, what was tried."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from hatch_torch.cli import render as show
from hatch_torch.cli.render import show_hardware
from hatch_torch.hardware.detect import detect
from hatch_torch.hardware.machine import Machine

if TYPE_CHECKING:
    import argparse

    from hatch_torch.hardware.model import Hardware, Source


def add_to(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command to the parser."""
    parser = commands.add_parser("detect", help="what this machine has, and how that is known")
    parser.add_argument("--json", action="store_true", help="print a hardware profile")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Detect and print."""
    hardware = detect(Machine(os.environ))
    if options.json:
        show.as_json(hardware.to_json())
    else:
        show_detection(hardware)
    return 0


def show_detection(hardware: Hardware) -> None:
    """Print the machine's facts, and every probe with its result."""
    show_hardware(hardware)
    rows = [(one.probe, one.result, _spent(one), one.detail) for one in hardware.sources]
    show.table("Asked", ("probe", "result", "ms", "detail"), rows)


def _spent(source: Source) -> str:
    return "" if source.milliseconds is None else str(source.milliseconds)
