"""`hatch-torch doctor`: a bug report as Markdown, without secrets and names."""

from __future__ import annotations

import json
import os
import platform
import re
from datetime import datetime, timezone
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hatch_torch import __version__
from hatch_torch._redact import redact, strip_control, user_names
from hatch_torch.catalog.inferred import find_overdue_rows
from hatch_torch.compatibility.known_bad import AVOID, DOCTOR, EXCLUDE, NOTE
from hatch_torch.config.pyproject import read_toml
from hatch_torch.config.validation import get_table
from hatch_torch.environment.prefix import find_environment
from hatch_torch.frontend.request import BuildRequest
from hatch_torch.lock.lockfile import read_current_lock
from hatch_torch.record import to_json
from hatch_torch.resolution.decide import decide
from hatch_torch.verification.checks import describe_known_faults, to_json as status_to_json
from hatch_torch.verification.snapshot import (
    collect_environment_inputs,
    load_config,
    take_snapshot,
)

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable, Iterable, Mapping

    from hatch_torch.environment.prefix import Environment

    CollectSection = Callable[[Path, Environment], Any]

VARIABLE_PREFIXES = (
    *("TORCH_VARIANT", "PIP_", "UV_", "CONDA_OVERRIDE_"),
    *("CUDA_", "HIP_", "HSA_", "ROCM_", "ROCR_"),
)
"""Prefixes of the environment variables that affect a decision or an install."""
_SHOWN_VARIABLES = frozenset(
    [
        "TORCH_VARIANT",
        "TORCH_VARIANT_LOG",
        "TORCH_VARIANT_OFFLINE",
        "TORCH_VARIANT_TIMEOUT",
        "TORCH_VARIANT_UPGRADE",
        "TORCH_VARIANT_VENDOR_INDEXES",
        "PIP_DISABLE_PIP_VERSION_CHECK",
        "PIP_FORCE_REINSTALL",
        "PIP_IGNORE_INSTALLED",
        "PIP_NO_BINARY",
        "PIP_NO_BUILD_ISOLATION",
        "PIP_NO_CACHE_DIR",
        "PIP_NO_DEPS",
        "PIP_NO_INDEX",
        "PIP_ONLY_BINARY",
        "PIP_PRE",
        "PIP_REQUIRE_VIRTUALENV",
        "PIP_TIMEOUT",
        "PIP_UPGRADE",
        "PIP_UPGRADE_STRATEGY",
        "PIP_USER",
        "UV_AMD_GPU_ARCHITECTURE",
        "UV_CUDA_DRIVER_VERSION",
        "UV_LINK_MODE",
        "UV_NO_BINARY",
        "UV_NO_BUILD",
        "UV_NO_CACHE",
        "UV_NO_INDEX",
        "UV_OFFLINE",
        "UV_PRERELEASE",
        "UV_PYTHON_PREFERENCE",
        "UV_SYSTEM_PYTHON",
        "UV_TORCH_BACKEND",
        "CONDA_OVERRIDE_CUDA",
        "CUDA_VISIBLE_DEVICES",
        "HIP_VISIBLE_DEVICES",
        "HSA_OVERRIDE_GFX_VERSION",
        "ROCR_VISIBLE_DEVICES",
    ]
)
_PLAIN_VALUE = r"[A-Za-z0-9][A-Za-z0-9.,:_-]{0,39}"
_PROJECT_KEYS = ("dependencies", "optional-dependencies", "dynamic", "requires-python")
_TOOL_TABLES = ("torch-variant", "hatch", "uv")


def add_parser(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command `doctor`."""
    parser = commands.add_parser("doctor", help="collect what a bug report needs, as Markdown")
    parser.add_argument(
        "project", nargs="?", default=".", metavar="PROJECT", help="project folder (default: .)"
    )
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Print the report; a section that fails contains its error instead."""
    project = Path(options.project)
    environment = find_environment(os.environ, project, allow_tool=True)
    sections = [
        (title, _run_section(collect, project, environment)) for title, collect in _SECTIONS
    ]
    home = os.path.expanduser("~")  # noqa: PTH111 (Path.home raises if there is no home)
    names = (*user_names(os.environ), Path(home).name, platform.node())
    report = format_markdown([*sections, ("Variables", format_variables(os.environ))])
    print(strip_control(redact(report, home, names)))
    return 0


def format_markdown(sections: Iterable[tuple[str, str]]) -> str:
    """Return a Markdown text of sections: each a title and a fenced text."""
    return "\n".join(f"### {title}\n\n{_fence(text)}\n" for title, text in sections)


def format_variables(environ: Mapping[str, str]) -> str:
    """Return the relevant environment variables, sorted, one per line.

    Only values that cannot be secrets are shown, of the variables that are known to hold such.
    """
    names = sorted(name for name in environ if name.startswith(VARIABLE_PREFIXES))
    return "\n".join(map(partial(_format_variable, environ), names)) or "none"


def _format_variable(environ: Mapping[str, str], name: str) -> str:
    value = environ[name]
    is_shown = name in _SHOWN_VARIABLES and re.fullmatch(_PLAIN_VALUE, value)
    return f"{name}={value}" if is_shown else f"{name} is set" if value else f"{name} is empty"


def _fence(text: str) -> str:
    """Fence a text with more backticks than it has in a row."""
    fence = "```"
    while fence in text:
        fence += "`"
    return f"{fence}\n{text.rstrip()}\n{fence}"


def _run_section(collect: CollectSection, project: Path, environment: Environment) -> str:
    try:
        return json.dumps(collect(project, environment), indent=1, default=str)
    except Exception as error:  # noqa: BLE001 (the report has to survive the bug that it reports)
        return f"{type(error).__name__}: {error}"


def _versions(_project: Path, environment: Environment) -> dict[str, Any]:
    return {
        "hatch-torch": __version__,
        "python": platform.python_version(),
        "platform": platform.platform(),
        "environment": str(environment.path),
        "its python": environment.python_version,
        "has pip": environment.has_pip,
    }


def _hardware(project: Path, environment: Environment) -> dict[str, Any]:
    return take_snapshot(project, os.environ, environment).hardware.to_json()


def _project(project: Path, _environment: Environment) -> dict[str, Any]:
    pyproject = read_toml(project / "pyproject.toml")
    table, tools = get_table(pyproject, "project"), get_table(pyproject, "tool")
    return {
        "build-system": pyproject.get("build-system"),
        "project": {key: table[key] for key in _PROJECT_KEYS if key in table},
        "tool": {name: tools[name] for name in _TOOL_TABLES if name in tools},
    }


def _decision(project: Path, environment: Environment) -> dict[str, Any]:
    config = load_config(project)
    request = BuildRequest(allows_version_pins=environment.has_pip)
    lock = read_current_lock(project, config)
    decision = decide(collect_environment_inputs(config, os.environ, environment, request, lock))
    backends: dict[str, list[str]] = {}
    for verdict in decision.verdicts:
        backends.setdefault(verdict.reason, []).append(verdict.backend.name)
    candidates = {reason: ", ".join(names) for reason, names in backends.items()}
    report = {**to_json(decision), "candidates": candidates}
    return {key: value for key, value in report.items() if key != "hardware"}


def _status(project: Path, environment: Environment) -> dict[str, Any]:
    status = status_to_json(take_snapshot(project, os.environ, environment))
    return {key: value for key, value in status.items() if key != "packages"}


def _record(project: Path, environment: Environment) -> Any:  # noqa: ANN401 (it is JSON)
    installed = take_snapshot(project, os.environ, environment).project
    return installed.record if installed else None


def _known_faults(project: Path, environment: Environment) -> list[str]:
    snapshot = take_snapshot(project, os.environ, environment)
    return list(describe_known_faults(snapshot, (EXCLUDE, AVOID, NOTE, DOCTOR)))


def _overdue_rows(_project: Path, _environment: Environment) -> list[str]:
    today = datetime.now(timezone.utc).date().isoformat()
    return [f"{row}; to be confirmed by {row.check_after}" for row in find_overdue_rows(today)]


_SECTIONS: tuple[tuple[str, CollectSection], ...] = (
    ("Versions", _versions),
    ("Hardware (a profile for `--hardware`)", _hardware),
    ("Project", _project),
    ("Decision", _decision),
    ("Status", _status),
    ("Record", _record),
    ("Known faults of what is installed", _known_faults),
    ("Rows of the tables that were not confirmed in time", _overdue_rows),
)
