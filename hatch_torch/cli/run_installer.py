"""Run an installer for `install` and `sync`, with its own output on the terminal."""

from __future__ import annotations

import os
import sys
from types import MappingProxyType
from typing import TYPE_CHECKING

from hatch_torch.frontend.shell import join_command
from hatch_torch.hardware.process import run_interactive

if TYPE_CHECKING:
    from collections.abc import Mapping

    from hatch_torch.verification.repair import Command, InstallContext


def run_installer(
    command: Command,
    context: InstallContext,
    *,
    dry_run: bool,
    variables: Mapping[str, str] = MappingProxyType({}),
) -> int:
    """Print a command and, unless `dry_run`, run it; return 0 if it succeeds, else 1.

    `variables` are set for it, so that a build hook decides as this command does.
    """
    line = join_command(command, variables)
    if dry_run:
        print(line)
        return 0
    print(f"+ {line}", file=sys.stderr)
    environ = {**os.environ, **variables, "VIRTUAL_ENV": str(context.environment.path)}
    return int(run_interactive(command, environ, context.project) != 0)
