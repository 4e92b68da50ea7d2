"""One run of a hook: what is being built, and the decision where it is an install.

A run in words, step by step: what `TORCH_VARIANT_LOG=debug` prints.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, NamedTuple

from packaging.utils import canonicalize_name

from hatch_torch.catalog.releases import FAMILY
from hatch_torch.config.pyproject import read_project
from hatch_torch.frontend.process_tree import ancestors
from hatch_torch.frontend.request import Request, read_request
from hatch_torch.frontend.uv_cache import write_stamp
from hatch_torch.lock import LOCK

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from pathlib import Path
    from typing import Any

    from hatch_torch.config.config import Config
    from hatch_torch.frontend.process_tree import Process
    from hatch_torch.lock.model import Lock
    from hatch_torch.resolution.model import Decision

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
    from hatch_torch.config import uv_wiring as under_uv  # noqa: PLC0415 (a portable build is right under uv, too)

    notes = under_uv.check(config, request, root, environ)
    from hatch_torch.resolution.decide import decide  # noqa: PLC0415 (likewise)
    from hatch_torch.resolution.inputs import assemble  # noqa: PLC0415 (a portable build decides nothing)

    lock = _lock(root, config)
    decision = decide(assemble(config, environ, request=request, lock=lock))
    _tell(decision)
    return Run(config, request, decision.noting(*notes))


def _lock(root: Path, config: Config) -> Lock | None:
    if not (root / LOCK).exists():
        return None
    from hatch_torch.lock.lockfile import current_lock  # noqa: PLC0415 (few have a lock)

    return current_lock(root, config)


def _tell(done: Request | Decision) -> None:
    if _log.isEnabledFor(logging.DEBUG):
        for step in steps(done):
            _log.debug("%s", step)


def steps(done: Request | Decision) -> Iterator[str]:
    """Yield what was read of a run, or what was decided for it."""
    return _asked(done) if isinstance(done, Request) else _decided(done)


def _asked(request: Request) -> Iterator[str]:
    """Yield who asks, and for what; nothing of a command line but its sub-command."""
    yield f"asked by {request.frontend}: {request.command or 'no command'}"
    yield f"purpose {request.purpose}: {request.why}"
    if request.extras:
        yield f"extras {', '.join(sorted(request.extras))}"


def _decided(decision: Decision) -> Iterator[str]:
    """Yield what was found, judged, picked and added."""
    for source in decision.hardware.sources:
        yield f"probe {source.probe}: {source.result}: {source.detail}"
    for verdict in decision.verdicts:
        usable = "usable" if verdict.usable else "not usable"
        yield f"{verdict.backend} {usable}: {verdict.reason}"
    yield f"backend {decision.backend or 'none'}, decided by {decision.decided_by}"
    for pin in decision.pins:
        yield f"pin {pin.requirement}"
    for addition in decision.additions:
        yield f"add {addition.line}"
    for warning in decision.warnings:
        yield f"note {warning}"
