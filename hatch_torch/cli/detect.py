"""`hatch-torch detect`: what this machine has, and the result of every probe."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from hatch_torch.cli.render import print_hardware, print_json, print_table
from hatch_torch.hardware.detect import detect
from hatch_torch.hardware.machine import Machine

if TYPE_CHECKING:
    import argparse

    from hatch_torch.hardware.model import Hardware, ProbeReport


def add_parser(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command `detect`."""
    parser = commands.add_parser("detect", help="show this machine's accelerators and drivers")
    parser.add_argument("--json", action="store_true", help="print a hardware profile as JSON")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Detect the hardware and print it."""
    hardware = detect(Machine(os.environ))
    if options.json:
        print_json(hardware.to_json())
    else:
        print_detection(hardware)
    return 0


def print_detection(hardware: Hardware) -> None:
    """Print the machine's hardware, and every probe with its result."""
    print_hardware(hardware)
    rows = [
        (report.probe, report.result, _format_duration(report), report.detail)
        for report in hardware.probe_reports
    ]
    print_table("Probes", ("probe", "result", "ms", "detail"), rows)


def _format_duration(report: ProbeReport) -> str:
    return "" if report.milliseconds is None else str(report.milliseconds)
