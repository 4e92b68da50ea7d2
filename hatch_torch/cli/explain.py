"""`hatch-torch explain`: the decision, with every backend's verdict and every wheel."""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING

from hatch_torch.cli.options import add_decision_options, collect_cli_inputs, read_profiles
from hatch_torch.cli.render import (
    print_fields,
    print_hardware,
    print_json,
    print_lines,
    print_table,
)
from hatch_torch.record import to_json
from hatch_torch.resolution.bounds import sort_bounds
from hatch_torch.resolution.multi_host import decide_for_hosts

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterable, Iterator, Sequence

    from hatch_torch.compatibility.support import Verdict
    from hatch_torch.config.config import Config
    from hatch_torch.resolution.model import Bound, Decision
    from hatch_torch.resolution.multi_host import Host

_MAX_BOUNDS = 5
"""Lines about the requirements that bound torch."""
_EXAMPLES = """\
examples:
  hatch-torch explain                            # this project on this machine
  hatch-torch explain --hardware nodes/*.json    # what runs on every node
  hatch-torch explain --require "torch>=2.6" --python 3.12 --platform win_amd64
"""


def add_parser(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command `explain`."""
    parser = commands.add_parser(
        "explain", help="show what an install would get, and why", epilog=_EXAMPLES
    )
    add_decision_options(parser)
    parser.add_argument("--json", action="store_true", help="print the decision as JSON")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Decide as a build would, and print the decision."""
    inputs = collect_cli_inputs(options)
    result = decide_for_hosts(inputs, read_profiles(options))
    decision = result.decision.with_warnings(*_build_backend_notes(inputs.config))
    if options.json:
        print_json(to_json(decision, result.hosts))
    else:
        print_decision(decision, result.hosts)
    return 0


def _build_backend_notes(config: Config) -> Iterator[str]:
    backend = config.build_system.build_backend
    if backend.integration == "none":
        yield (
            f"{backend.name} builds this project and does not let plugins add requirements; "
            "use hatch-torch install or export"
        )


def print_decision(decision: Decision, hosts: Sequence[Host]) -> None:
    """Print a decision on one screen."""
    print_hardware(decision.hardware)
    backend = decision.backend.name if decision.backend else "none: the requirements stay portable"
    index = [("index", "{}, by {}".format(*decision.index_origin))] if decision.index_origin else []
    print_fields("Decision", [("backend", backend), ("decided by", decision.decided_by), *index])
    columns = ("backend", "usable", "reason")
    print_table("Backends, the most preferred first", columns, _verdict_rows(decision.verdicts))
    if len(hosts) > 1:
        print_table("Nodes", ("node", "accelerator", "runs", "backends"), _host_rows(hosts))
    print_lines("What bounds torch, the tightest first", list_bounds(decision.bounds))
    print_lines(
        "Added requirements", (requirement.requires_dist for requirement in decision.injected)
    )
    print_lines("Notes", decision.warnings)


def list_bounds(bounds: Iterable[Bound]) -> list[str]:
    """Return a line for each of the tightest bounds: who requires what of torch."""
    lines = [*map(str, sort_bounds(bounds))]
    more = len(lines) - _MAX_BOUNDS
    return lines if more <= 0 else [*lines[:_MAX_BOUNDS], f"and {more} more (see --json)"]


def _verdict_rows(verdicts: Iterable[Verdict]) -> Iterator[tuple[str, str, str]]:
    """Yield one row for adjacent backends with the same verdict, so that all fit one screen."""
    groups = groupby(verdicts, lambda verdict: (verdict.is_compatible, verdict.reason))
    for (is_compatible, reason), group in groups:
        names = ", ".join(verdict.backend.name for verdict in group)
        yield names, "yes" if is_compatible else "no", reason


def _host_rows(hosts: Iterable[Host]) -> Iterator[tuple[str, str, str, str]]:
    for host in hosts:
        runs = "yes" if host.incompatibility is None else f"no: {host.incompatibility}"
        backends = ", ".join(map(str, host.usable)) or "cpu only"
        yield host.name, host.accelerators, runs, backends
