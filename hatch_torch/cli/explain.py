"""`hatch-torch explain`: the decision, with every backend's verdict and every wheel."""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING

from hatch_torch.cli import render as show
from hatch_torch.cli.options import add_case, case_of
from hatch_torch.cli.render import show_hardware
from hatch_torch.record import to_json
from hatch_torch.resolution.decide import decide

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterable, Iterator

    from hatch_torch.compatibility.support import Verdict
    from hatch_torch.config.config import Config
    from hatch_torch.resolution.model import Decision


def add_to(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command to the parser."""
    parser = commands.add_parser("explain", help="the decision for a project, and the reasons")
    add_case(parser)
    parser.add_argument("--json", action="store_true", help="print the decision as JSON")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Decide as a build would, and print the decision."""
    case = case_of(options)
    decision = decide(case).noting(*_outside(case.config))
    if options.json:
        show.as_json(to_json(decision))
    else:
        show_decision(decision)
    return 0


def _outside(config: Config) -> Iterator[str]:
    """Say where a build can't ask for the decision, and how it gets there all the same."""
    builder = config.wiring.builder
    if builder.door == "none":
        yield (
            f"{builder.name} builds this project and lets no plugin add requirements: "
            "use hatch-torch install, or export"
        )


def show_decision(decision: Decision) -> None:
    """Print a decision on one screen."""
    show_hardware(decision.hardware)
    backend = decision.backend.name if decision.backend else "none: the requirements stay portable"
    index = [("index", "{}, by {}".format(*decision.origin))] if decision.origin else []
    told = [("backend", backend), ("decided by", decision.decided_by), *index]
    show.fields("Decision", told)
    rows = _verdicts(decision.verdicts)
    show.table("Backends, the most preferred first", ("backend", "usable", "reason"), rows)
    if len(decision.nodes) > 1:
        show.table("Nodes", ("node", "accelerator", "runs", "its backends"), _nodes(decision))
    show.notes("Added", (one.line for one in decision.additions))
    show.notes("Notes", decision.warnings)


def _verdicts(verdicts: Iterable[Verdict]) -> Iterator[tuple[str, str, str]]:
    """Yield a row for neighbours that share a verdict, so that all fit one screen."""
    for (usable, reason), alike in groupby(verdicts, lambda one: (one.usable, one.reason)):
        names = ", ".join(one.backend.name for one in alike)
        yield names, "yes" if usable else "no", reason


def _nodes(decision: Decision) -> Iterator[tuple[str, str, str, str]]:
    for one in decision.nodes:
        runs = "yes" if one.refusal is None else f"no: {one.refusal}"
        yield one.name, one.accelerators, runs, ", ".join(map(str, one.usable)) or "the plain one"
