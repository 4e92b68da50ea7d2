"""One run of a hook: what is being built, and the decision where it is an install."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, NamedTuple

from packaging.utils import canonicalize_name

from hatch_torch.companions import FAMILY
from hatch_torch.frontend import read_request, write_stamp
from hatch_torch.hardware.processes import ancestors
from hatch_torch.lock import LOCK
from hatch_torch.project.files import read_project

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path
    from typing import Any

    from hatch_torch.deciding.decision import Decision
    from hatch_torch.frontend import Request
    from hatch_torch.hardware.processes import Process
    from hatch_torch.lock.contents import Lock
    from hatch_torch.project.config import Config

    Above = Callable[[], Sequence[Process] | None]


_log = logging.getLogger("hatch_torch")


class Run(NamedTuple):
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
        from hatch_torch.record import record  # noqa: PLC0415 (a portable build has none)

        request = self.request
        return record(
            self.decision,
            frontend=request.frontend,
            purpose=request.purpose,
            extras=request.extras,
        )


def build_requirements(
    root: Path, environ: Mapping[str, str], *, above: Above = ancestors
) -> list[str]:
    """Return what the build environment needs of the family: the same wheels as are installed.

    The environment is new, so that wheels are named by URL even where the target has them. In a
    portable build they are the project's own lines, or the bare names.
    """
    config = read_project(root)
    if not config.build_requires:
        return []
    done = run(root, environ, editable=True, anew=True, above=above)
    names = {canonicalize_name(name) for name in config.build_requires}
    if done.decision is None or done.decision.backend is None:
        own = [str(one) for one in config.dependencies if canonicalize_name(one.name) in names]
        return own or sorted(names)
    companions = {pin.name for pin in done.decision.pins} - {*FAMILY, *config.family}
    wanted = {"torch", *names, *companions}
    return [pin.requirement for pin in done.decision.pins if pin.name in wanted]


def run(  # noqa: PLR0913 (what is not given is the real thing)
    root: Path,
    environ: Mapping[str, str],
    *,
    editable: bool,
    anew: bool = False,
    stated: Mapping[str, Any] | None = None,
    above: Above = ancestors,
) -> Run:
    """Read the project, find out who builds it for what, and decide where it is an install.

    `anew`: for an environment that has nothing yet, so that `==` finds nothing in it. `stated`:
    what the build backend found of `[project]` elsewhere (see `read_project`). `above`
    tells which processes this one runs for.

    Raises HatchTorchError; its sentence is for the user.
    """
    config = read_project(root, stated)
    request = read_request(root, above(), environ, editable=editable)
    request = request._replace(pinnable=request.pinnable and not anew)
    _tell(request)
    if request.frontend == "uv" and request.in_place:
        write_stamp(root)
    if request.purpose == "portable":
        return Run(config, request, None)
    from hatch_torch import under_uv  # noqa: PLC0415 (a portable build is right under uv, too)

    notes = under_uv.check(config, request, root, environ)
    from hatch_torch.assemble import assemble  # noqa: PLC0415 (a portable build decides nothing)
    from hatch_torch.deciding.decide import decide  # noqa: PLC0415 (likewise)

    lock = _lock(root, config)
    decision = decide(assemble(config, environ, request=request, lock=lock))
    _tell(decision)
    return Run(config, request, decision.noting(*notes))


def _lock(root: Path, config: Config) -> Lock | None:
    if not (root / LOCK).exists():
        return None
    from hatch_torch.lock.stale import current_lock  # noqa: PLC0415 (few have a lock)

    return current_lock(root, config)


def _tell(done: Request | Decision) -> None:
    if _log.isEnabledFor(logging.DEBUG):
        from hatch_torch.steps import steps  # noqa: PLC0415 (few want to know)

        for step in steps(done):
            _log.debug("%s", step)
