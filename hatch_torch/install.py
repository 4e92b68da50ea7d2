"""One run of a hook: what is being built, and the decision where it is an install."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from hatch_torch import under_uv
from hatch_torch.assemble import assemble
from hatch_torch.decide import decide
from hatch_torch.frontend import read_request, write_stamp
from hatch_torch.hardware.processes import ancestors
from hatch_torch.project.files import read_project
from hatch_torch.record import record

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path
    from typing import Any

    from hatch_torch.decision import Decision
    from hatch_torch.frontend import Request
    from hatch_torch.project.config import Config


@dataclass(frozen=True, slots=True)
class Run:
    """A build of a project, by an installer or another tool."""

    config: Config
    request: Request
    decision: Decision | None
    """None where the build is portable: nothing is added, nothing is recorded."""

    @property
    def record(self) -> dict[str, Any] | None:
        """What goes into the installed project's dist-info."""
        if self.decision is None:
            return None
        request = self.request
        return record(self.decision, frontend=request.frontend, purpose=request.purpose)


def run(root: Path, environ: Mapping[str, str], *, editable: bool) -> Run:
    """Read the project, find out who builds it for what, and decide where it is an install.

    Raises HatchTorchError; its sentence is for the user.
    """
    config = read_project(root)
    request = read_request(root, ancestors(), environ, editable=editable)
    if request.frontend == "uv" and request.in_place:
        write_stamp(root)
    if request.purpose == "portable":
        return Run(config, request, None)
    notes = under_uv.check(config, request, root)
    decision = decide(assemble(config, environ, request=request))
    return Run(config, request, decision.noting(*notes))
