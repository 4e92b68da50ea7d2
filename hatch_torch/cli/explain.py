"""`hatch-torch explain`: the decision, with every backend's verdict and every wheel."""

from __future__ import annotations

import os
import platform
import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from packaging.requirements import InvalidRequirement, Requirement

from hatch_torch import target as targets
from hatch_torch.assemble import assemble, read_profile
from hatch_torch.cli import show
from hatch_torch.cli.detect import show_hardware
from hatch_torch.decide import decide
from hatch_torch.errors import ConfigurationError
from hatch_torch.frontend import Request, site_packages
from hatch_torch.hardware.together import together
from hatch_torch.project.config import Config
from hatch_torch.project.files import read_project
from hatch_torch.record import to_json

if TYPE_CHECKING:
    import argparse

    from hatch_torch.case import Case
    from hatch_torch.decision import Decision
    from hatch_torch.hardware.facts import Hardware
    from hatch_torch.target import Target


def add_to(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command to the parser."""
    parser = commands.add_parser("explain", help="the decision for a project, and the reasons")
    parser.add_argument("project", nargs="?", metavar="PROJECT", help="its folder (default: .)")
    parser.add_argument("--backend", metavar="B", help="ask for a backend, a family or auto")
    parser.add_argument(
        "--hardware",
        nargs="+",
        metavar="FILE",
        help="a profile from `detect --json`; of several, what fits all",
    )
    parser.add_argument("--python", metavar="3.12", help="another Python")
    parser.add_argument("--platform", metavar="P", help=f"one of {', '.join(targets.PLATFORMS)}")
    parser.add_argument("--index-url", metavar="URL", help="root of another index")
    parser.add_argument("--require", nargs="+", metavar="REQ", help="requirements to add")
    parser.add_argument("--json", action="store_true", help="print the decision as JSON")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Decide as a build would, and print the decision."""
    decision = decide(_case(options))
    if options.json:
        show.as_json(to_json(decision))
    else:
        show_decision(decision)
    return 0


def show_decision(decision: Decision) -> None:
    """Print a decision on one screen."""
    show_hardware(decision.hardware)
    backend = decision.backend.name if decision.backend else "none: the requirements stay portable"
    show.fields("Decision", [("backend", backend), ("decided by", decision.decided_by)])
    rows = [
        (one.backend.name, "yes" if one.usable else "no", one.reason) for one in decision.verdicts
    ]
    show.table("Backends, the most preferred first", ("backend", "usable", "reason"), rows)
    show.notes("Added", (one.line for one in decision.additions))
    show.notes("Notes", decision.warnings)


def _case(options: argparse.Namespace) -> Case:
    environ = dict(os.environ)
    if options.index_url:
        environ["TORCH_VARIANT_INDEX_URL"] = options.index_url
    hardware = _hardware(options)
    elsewhere = hardware is not None or options.python or options.platform
    environment = () if elsewhere else _environment(environ)
    request = Request("pip", "pip install", "install", pinnable=True, environment=environment)
    case = assemble(
        _config(options),
        environ,
        request=request,
        target=_target(options, hardware),
        probe=(lambda _: hardware) if hardware else None,
    )
    return replace(case, asked=("--backend", options.backend) if options.backend else None)


def _config(options: argparse.Namespace) -> Config:
    required = options.require or ()
    config = read_project(Path(options.project or ".")) if _has_project(options) else Config()
    return replace(config, dependencies=(*config.dependencies, *map(_requirement, required)))


def _has_project(options: argparse.Namespace) -> bool:
    return bool(options.project or not options.require)


def _requirement(text: str) -> Requirement:
    try:
        return Requirement(text)
    except InvalidRequirement as error:
        raise ConfigurationError([f"--require {text!r}: {str(error).splitlines()[0]}"]) from None


def _hardware(options: argparse.Namespace) -> Hardware | None:
    profiles = [read_profile(path, f"--hardware {path}") for path in options.hardware or ()]
    return together(profiles) if profiles else None


def _target(options: argparse.Namespace, hardware: Hardware | None) -> Target | None:
    """Return the Python and platform to decide for, or None for those that run this."""
    if not (options.python or options.platform or (hardware and hardware.system)):
        return None
    known = hardware if hardware and hardware.system else None
    name = options.platform or (
        targets.platform_of(known.system or "", known.machine or "")
        if known
        else targets.here().platform
    )
    python = options.python or ".".join(platform.python_version_tuple()[:2])
    return targets.of(python, name, known.libc if known and not options.platform else None)


def _environment(environ: dict[str, str]) -> tuple[Path, ...]:
    """Return the packages' folders of the active environment, as an installer would find it."""
    prefix = environ.get("VIRTUAL_ENV") or environ.get("CONDA_PREFIX") or sys.prefix
    return site_packages(Path(prefix))
