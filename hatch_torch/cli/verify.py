"""`hatch-torch verify`: check that the installed torch can use the device, or run it there."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hatch_torch.catalog.releases import TORCH
from hatch_torch.cli.render import format_accelerators, print_fields, print_findings, print_json
from hatch_torch.environment.prefix import find_environment
from hatch_torch.hardware.process import run_captured
from hatch_torch.verification.checks import describe_package
from hatch_torch.verification.snapshot import take_snapshot
from hatch_torch.verification.verify import (
    SCRIPT,
    check_run_result,
    check_statically,
    find_device_restrictions,
    list_architectures,
    parse_script_output,
    to_json,
)

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterator, Mapping

    from hatch_torch.environment.prefix import Environment
    from hatch_torch.verification.snapshot import Snapshot

_EXAMPLES = """\
examples:
  hatch-torch verify              # by the files of torch and the catalog, without running it
  hatch-torch verify --run        # multiply two matrices on the device and compare
  hatch-torch verify --run --json # for scripts: torch's version, device, memory, device count
"""


def add_parser(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command `verify`."""
    parser = commands.add_parser(
        "verify", help="check that the installed torch sees the device", epilog=_EXAMPLES
    )
    parser.add_argument("--run", action="store_true", dest="compute", help="compute on the device")
    parser.add_argument("--json", action="store_true", help="print the result as JSON")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Check torch by the catalog, or by a test run; return 1 if there are findings."""
    environment = find_environment(os.environ)
    snapshot = take_snapshot(Path(), os.environ, environment)
    if options.compute and snapshot.find_package(TORCH):
        result = _run_script(environment)
        findings = check_run_result(result, snapshot, find_device_restrictions(os.environ))
    else:
        result = None
        findings = check_statically(snapshot)
    if options.json:
        print_json(to_json(snapshot, result, findings))
    else:
        print_fields("Installed", _torch_rows(snapshot))
        if result:
            print_fields("Test run", _result_rows(result))
        print_findings(findings)
    return int(bool(findings))


def _run_script(environment: Environment) -> Mapping[str, Any]:
    process = run_captured([str(environment.python), str(SCRIPT)], os.environ, Path())
    return parse_script_output(process.output)


def _torch_rows(snapshot: Snapshot) -> Iterator[tuple[str, str]]:
    torch = snapshot.find_package(TORCH)
    if torch is None:
        yield "torch", "not installed"
        return
    yield "torch", describe_package(torch)
    architectures = list_architectures(torch, snapshot.target.platform)
    if architectures:
        yield "built for", ", ".join(architectures)
    for accelerator in format_accelerators(snapshot.hardware):
        yield "accelerator", accelerator


def _result_rows(result: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    device = result.get("device")
    if device == "cpu":
        yield "device", "cpu"
    elif device:
        memory = f", {result['memory_mib'] / 1024:.0f} GiB" if result.get("memory_mib") else ""
        yield "device", f"{device}, {result['name']}{memory}"
    if result.get("devices"):
        yield "devices", str(result["devices"])
    if result.get("seconds") is not None:
        difference = result["difference"]
        outcome = f"differs by {difference:.1e} from" if difference else "equals"
        yield "matmul", f"{outcome} the CPU's result ({result['seconds'] * 1e3:.1f} ms)"
