"""`hatch-torch install`: run pip or uv with the decision applied."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from hatch_torch.cli.render import print_findings, print_lines, print_messages
from hatch_torch.cli.run_installer import run_installer
from hatch_torch.environment.prefix import find_environment
from hatch_torch.verification.checks import collect_findings
from hatch_torch.verification.install_plan import RequestedPackages, plan_install
from hatch_torch.verification.repair import InstallContext, find_uv
from hatch_torch.verification.snapshot import take_snapshot

if TYPE_CHECKING:
    import argparse

_EXAMPLES = """\
examples:
  hatch-torch install torch torchvision
  hatch-torch install -r requirements.txt
  hatch-torch install --dry-run "torch>=2.6" transformers
  hatch-torch install --backend cpu timm
  hatch-torch install torch -- --no-cache-dir     # options for pip or uv
"""


def add_parser(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command `install`."""
    parser = commands.add_parser(
        "install", help="run pip or uv with the right torch", epilog=_EXAMPLES
    )
    parser.add_argument(
        "requirements",
        nargs="*",
        metavar="REQ",
        help="requirements (default: the project in this folder)",
    )
    parser.add_argument(
        "-r", "--requirement", action="append", default=[], metavar="FILE", help="requirements file"
    )
    parser.add_argument(
        "--backend", metavar="B", help="auto, a vendor (such as cuda) or a backend (such as cu128)"
    )
    parser.add_argument("--index-url", metavar="URL", help="base URL of another torch index")
    parser.add_argument("--dry-run", action="store_true", help="print the command, run nothing")
    parser.set_defaults(run=run, installer_options=())


def run(options: argparse.Namespace) -> int:
    """Decide, run the installer, and check the environment; return 1 if a step fails."""
    given = {"TORCH_VARIANT": options.backend, "TORCH_VARIANT_INDEX_URL": options.index_url}
    variables = {name: value for name, value in given.items() if value}
    environ = {**os.environ, **variables}
    environment = find_environment(environ)
    context = InstallContext(Path(), environment, environ, find_uv(environ))
    requested = RequestedPackages(
        tuple(options.requirements),
        tuple(options.requirement),
        tuple(options.installer_options),
        options.backend,
    )
    plan = plan_install(context, requested)
    print_messages("warning", plan.notes)
    if not plan.command:
        print_lines("Installed", ["OK: every requirement is installed already"])
        return 0
    dry_run = options.dry_run
    exit_code = run_installer(plan.command, context, dry_run=dry_run, variables=variables)
    if exit_code or dry_run:
        return exit_code
    findings = collect_findings(take_snapshot(context.project, environ, environment))
    print_findings(findings)
    return int(bool(findings))
