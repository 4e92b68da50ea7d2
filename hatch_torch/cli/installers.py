"""Running an installer for a person, who sees its own progress."""

from __future__ import annotations

import os
import shlex
import sys
from typing import TYPE_CHECKING

from hatch_torch.hardware.call import attend

if TYPE_CHECKING:
    from hatch_torch.environment.installer import Command
    from hatch_torch.environment.mending import Place


def carry_out(command: Command, place: Place, *, dry_run: bool) -> int:
    """Print a command and run it in the project's folder; 0 where it ended well, else 1."""
    line = shlex.join(command)
    if dry_run:
        print(line)
        return 0
    print(f"+ {line}", file=sys.stderr)
    environ = {**os.environ, "VIRTUAL_ENV": str(place.prefix.path)}
    return int(attend(command, environ, place.project) != 0)
