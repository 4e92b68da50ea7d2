"""One run of a build hook: what is being built, for whom, and the decision where it is an install.

Lazy imports are for what a portable build does not need: it decides nothing and records nothing.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, NamedTuple

from packaging.utils import canonicalize_name

from hatch_torch.catalog.releases import FAMILY, TORCH
from hatch_torch.config.pyproject import read_project
from hatch_torch.frontend import process_tree
from hatch_torch.frontend.request import BuildRequest, read_build_request
from hatch_torch.frontend.uv_cache import write_stamp
from hatch_torch.lock import LOCK

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
    from pathlib import Path
    from typing import Any

    from hatch_torch.config.config import Config
    from hatch_torch.frontend.process_tree import Process
    from hatch_torch.lock.model import Lock
    from hatch_torch.resolution.model import Decision

    GetAncestors = Callable[[], Sequence[Process] | None]

_log = logging.getLogger("hatch_torch")


class HookRun(NamedTuple):
    """A build of a project, by an installer or another tool."""

    config: Config
    request: BuildRequest
    decision: Decision | None
    """None where the build is portable: nothing is injected, nothing is recorded."""

    @property
    def record(self) -> dict[str, Any] | None:
        """What goes into the installed project's dist-info."""
        if self.decision is None:
            return None
        from hatch_torch.record import make_record  # noqa: PLC0415 (see above)

        request = self.request
        return make_record(
            self.decision,
            installer=request.installer,
            purpose=request.purpose,
            extras=request.extras,
        )


def list_build_requirements(
    root: Path,
    environ: Mapping[str, str],
    *,
    get_ancestors: GetAncestors = process_tree.get_ancestors,
) -> list[str]:
    """Return what the build environment needs of the family: the same wheels as are installed.

    In a portable build they are the project's own requirements, or the bare names. Raises
    HatchTorchError; its message is for the user.
    """
    config = read_project(root)
    if not config.build_requires:
        return []
    # Wheels are named by URL even where the target has them: the build environment is new.
    run = run_hook(
        root, environ, editable=True, fresh_environment=True, get_ancestors=get_ancestors
    )
    names = {canonicalize_name(name) for name in config.build_requires}
    if run.decision is None or run.decision.backend is None:
        own = [str(one) for one in config.dependencies if canonicalize_name(one.name) in names]
        return own or sorted(names)
    pins = run.decision.pins
    companions = {pin.name for pin in pins} - {*FAMILY, *config.family}
    needed = {TORCH, *names, *companions}
    return [pin.requirement for pin in pins if pin.name in needed]


def run_hook(  # noqa: PLR0913 (a parameter that is not given is the real thing)
    root: Path,
    environ: Mapping[str, str],
    *,
    editable: bool,
    fresh_environment: bool = False,
    metadata_overrides: Mapping[str, Any] | None = None,
    get_ancestors: GetAncestors = process_tree.get_ancestors,
) -> HookRun:
    """Read the project, find out who builds it for what, and decide where it is an install.

    `fresh_environment`: the wheels are for an environment that has nothing yet, where `==` would
    find nothing. `metadata_overrides`: what the build backend read of `[project]` from elsewhere
    (see `read_project`). `get_ancestors` returns the processes that this one runs for.

    Raises HatchTorchError; its message is for the user.
    """
    config = read_project(root, metadata_overrides)
    request = read_build_request(
        root, get_ancestors(), environ, editable=editable, family={*FAMILY, *config.family}
    )
    if fresh_environment:
        request = request._replace(allows_version_pins=False)
    _log_debug(describe_request(request))
    if request.installer == "uv" and request.is_local_checkout:
        write_stamp(root)
    if request.purpose == "portable":
        return HookRun(config, request, None)
    from hatch_torch.config.uv_wiring import check_uv_wiring  # noqa: PLC0415 (see above)
    from hatch_torch.resolution.decide import decide  # noqa: PLC0415 (see above)
    from hatch_torch.resolution.inputs import collect_inputs  # noqa: PLC0415 (see above)

    notes = check_uv_wiring(config, request, root, environ)
    lock = _read_lock(root, config)
    decision = decide(collect_inputs(config, environ, request=request, lock=lock))
    _log_debug(describe_decision(decision))
    return HookRun(config, request, decision.with_warnings(*notes))


def _read_lock(root: Path, config: Config) -> Lock | None:
    if not (root / LOCK).exists():
        return None
    from hatch_torch.lock.lockfile import read_current_lock  # noqa: PLC0415 (few have a lock)

    return read_current_lock(root, config)


def _log_debug(lines: Iterable[str]) -> None:
    """Log what `TORCH_VARIANT_LOG=debug` prints."""
    if _log.isEnabledFor(logging.DEBUG):
        for line in lines:
            _log.debug("%s", line)


def describe_request(request: BuildRequest) -> Iterator[str]:
    """Yield who builds the project, and for what."""
    # Of the command line no more than the sub-command: the rest may hold secrets.
    yield f"installer {request.installer}: {request.command or 'no command'}"
    yield f"purpose {request.purpose}: {request.reason}"
    if request.extras:
        yield f"extras {', '.join(sorted(request.extras))}"


def describe_decision(decision: Decision) -> Iterator[str]:
    """Yield every probe, verdict, pin, injected requirement and warning."""
    for report in decision.hardware.probe_reports:
        yield f"probe {report.probe}: {report.result}: {report.detail}"
    for verdict in decision.verdicts:
        usable = "usable" if verdict.is_compatible else "not usable"
        yield f"{verdict.backend} {usable}: {verdict.reason}"
    yield f"backend {decision.backend or 'none'}, decided by {decision.decided_by}"
    for pin in decision.pins:
        yield f"pin {pin.requirement}"
    for requirement in decision.injected:
        yield f"add {requirement.requires_dist}"
    for warning in decision.warnings:
        yield f"note {warning}"
