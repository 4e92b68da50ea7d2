"""`hatch-torch doctor`: what a bug report needs, as Markdown, with nothing private in it."""

from __future__ import annotations

import json
import os
import platform
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hatch_torch import __version__
from hatch_torch._redact import plain, redacted, users_of
from hatch_torch.cli.bug_report import markdown, variables
from hatch_torch.config.pyproject import read_toml
from hatch_torch.config.validation import table_at
from hatch_torch.environment.prefix import active
from hatch_torch.frontend.request import Request
from hatch_torch.lock.lockfile import current_lock
from hatch_torch.record import to_json
from hatch_torch.resolution.decide import decide
from hatch_torch.verification.checks import to_json as state_of
from hatch_torch.verification.snapshot import case_of, config_of, survey

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable

    from hatch_torch.environment.prefix import Prefix

    Section = Callable[[Path, Prefix], Any]


def add_to(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command to the parser."""
    parser = commands.add_parser("doctor", help="everything that a bug report needs, as Markdown")
    parser.add_argument("project", nargs="?", default=".", metavar="PROJECT", help="its folder")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Print the report; what cannot be found out has its error in its place."""
    prefix = active(os.environ)
    sections = [(title, _told(make, Path(options.project), prefix)) for title, make in _SECTIONS]
    home = os.path.expanduser("~")  # noqa: PTH111 - a user without a home is no error here
    users = (*users_of(os.environ), Path(home).name, platform.node())
    text = markdown([*sections, ("Variables", variables(os.environ))])
    print(plain(redacted(text, home, users)))
    return 0


def _told(make: Section, project: Path, prefix: Prefix) -> str:
    try:
        return json.dumps(make(project, prefix), indent=1, default=str)
    except Exception as error:  # noqa: BLE001 - a report must come out of a bug as well
        return f"{type(error).__name__}: {error}"


def _versions(_project: Path, prefix: Prefix) -> dict[str, Any]:
    return {
        "hatch-torch": __version__,
        "python": platform.python_version(),
        "platform": platform.platform(),
        "environment": str(prefix.path),
        "its python": prefix.release,
        "has pip": prefix.has_pip,
    }


def _hardware(project: Path, prefix: Prefix) -> dict[str, Any]:
    return survey(project, os.environ, prefix).hardware.to_json()


def _project(project: Path, _prefix: Prefix) -> dict[str, Any]:
    table = read_toml(project / "pyproject.toml")
    told = table_at(table, "project")
    tools = table_at(table, "tool")
    shown = ("dependencies", "optional-dependencies", "dynamic", "requires-python")
    return {
        "build-system": table.get("build-system"),
        "project": {key: told[key] for key in shown if key in told},
        "tool": {key: tools[key] for key in ("torch-variant", "hatch", "uv") if key in tools},
    }


def _decision(project: Path, prefix: Prefix) -> dict[str, Any]:
    request = Request(pinnable=prefix.has_pip)
    config = config_of(project)
    case = case_of(config, os.environ, prefix, request, current_lock(project, config))
    decision = decide(case)
    reasons: dict[str, list[str]] = {}
    for one in decision.verdicts:
        reasons.setdefault(one.reason, []).append(one.backend.name)
    shown = {reason: ", ".join(names) for reason, names in reasons.items()}
    told = {**to_json(decision), "candidates": shown}
    return {key: value for key, value in told.items() if key != "hardware"}


def _state(project: Path, prefix: Prefix) -> dict[str, Any]:
    state = state_of(survey(project, os.environ, prefix))
    return {key: value for key, value in state.items() if key != "packages"}


def _record(project: Path, prefix: Prefix) -> Any:  # noqa: ANN401 (it is JSON)
    own = survey(project, os.environ, prefix).project
    return own.record if own else None


_SECTIONS: tuple[tuple[str, Section], ...] = (
    ("Versions", _versions),
    ("Hardware (a profile for `--hardware`)", _hardware),
    ("Project", _project),
    ("Decision", _decision),
    ("Status", _state),
    ("Record", _record),
)
