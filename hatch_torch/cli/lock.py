"""`hatch-torch lock`: write `torch-variant.lock`, or check that it is up to date."""

from __future__ import annotations

import argparse
import os
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from hatch_torch.cli.options import add_hardware_option, collect_cli_inputs, read_profiles
from hatch_torch.cli.render import print_lines, print_table, show_progress
from hatch_torch.config.env import Settings
from hatch_torch.config.pyproject import read_project, read_toml
from hatch_torch.errors import NoAnswerError
from hatch_torch.frontend.request import BuildRequest, default_request
from hatch_torch.index.index_config import find_index_config
from hatch_torch.lock import LOCK
from hatch_torch.lock.locker import LockResult, create_lock
from hatch_torch.lock.lockfile import dumps, read_lock, staleness, write_lock
from hatch_torch.lock.model import Lock, LockScope, backend_sort_key
from hatch_torch.lock.scope import expand_scope
from hatch_torch.lock.target import LockRequest
from hatch_torch.resolution.inputs import collect_inputs
from hatch_torch.resolution.multi_host import decide_for_hosts, make_host_check

if TYPE_CHECKING:
    from collections.abc import Mapping

    from hatch_torch.cli.render import ProgressCallback
    from hatch_torch.config.config import Config
    from hatch_torch.resolution.model import ResolutionInputs

_TIMEOUT = "600"
"""Seconds for a whole lock, unless TORCH_VARIANT_TIMEOUT is set."""
_MISSING_OPTIONS = {"backend": None, "index_url": None, "require": None}
"""Options that `collect_cli_inputs` reads and this command lacks, or has with another meaning."""
_SHOWN_NOTES = 3
_EXAMPLES = """\
examples:
  hatch-torch lock                # every backend, Python and platform of the project
  hatch-torch lock --check        # in CI: exit 1 if the lock is out of date
  hatch-torch lock --upgrade      # take the newest releases in range
  hatch-torch lock --backend cu126 --backend cpu --python 3.12
  hatch-torch lock --hardware nodes/*.json        # the one backend that runs on every node
"""


def add_parser(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command `lock`."""
    parser = commands.add_parser(
        "lock", help=f"write {LOCK}: the same torch on every machine", epilog=_EXAMPLES
    )
    parser.add_argument(
        "project", nargs="?", default=".", metavar="PROJECT", help="project folder (default: .)"
    )
    parser.add_argument(
        "--check", action="store_true", help="exit 1 if the lock is out of date; write nothing"
    )
    parser.add_argument("--upgrade", action="store_true", help="take the newest releases in range")
    group = parser.add_mutually_exclusive_group()
    add_hardware_option(group)
    _add_scope_option(group, "backend", "cu126")
    _add_scope_option(parser, "python", "3.12")
    _add_scope_option(parser, "platform", "linux_x86_64")
    parser.set_defaults(run=run)


def _add_scope_option(parser: argparse._ActionsContainer, name: str, example: str) -> None:
    parser.add_argument(
        f"--{name}",
        action="append",
        metavar=example,
        help=f"lock this {name} only (repeatable; the lock remembers it)",
    )


def run(options: argparse.Namespace) -> int:
    """Create the lock; write it, or compare it with the present one."""
    root = Path(options.project)
    config = read_project(root)
    old = read_lock(root)
    if options.check:
        reason = staleness(old, config) if old else f"{LOCK} does not exist"
        if reason:
            print(f"{reason}\nhint: run `hatch-torch lock`")
            return 1
    with show_progress() as progress:
        result = _create_lock(options, config, old, progress)
    if options.check:
        return _print_changes(old or Lock(), result.lock)
    text = dumps(result.lock)
    is_changed = old is None or dumps(old) != text
    if is_changed:
        write_lock(root, text)
    _print_result(result)
    print(f"{root / LOCK}: {'written' if is_changed else 'unchanged'}")
    return 0


def _create_lock(
    options: argparse.Namespace, config: Config, old: Lock | None, progress: ProgressCallback
) -> LockResult:
    environ = {"TORCH_VARIANT_TIMEOUT": _TIMEOUT, **os.environ}
    request = _create_request(options, config, old, environ)
    if options.hardware:
        result = _lock_common_backend(options, request, environ, progress)
    else:
        inputs = _collect_inputs(Path(options.project), config, environ)
        result = create_lock(request, inputs.finder, progress, inputs.open_tree)
    if not result.lock.backends:
        reason = "no torch in range has its whole family for any of these Pythons"
        raise NoAnswerError("; ".join((reason, *result.notes[:_SHOWN_NOTES])))
    return result


def _collect_inputs(root: Path, config: Config, environ: Mapping[str, str]) -> ResolutionInputs:
    """Return the inputs with the installer's own indexes, folders and rules.

    The constraints and requirements of this machine's variables are no part of a shared lock.
    """
    own = default_request(root, environ)
    resolver = own.resolver._replace(requirements=(), constraints=(), local_projects=())
    request = BuildRequest(indexes=own.indexes, find_links=own.find_links, resolver=resolver)
    return collect_inputs(config, environ, request=request)


def _create_request(
    options: argparse.Namespace, config: Config, old: Lock | None, environ: Mapping[str, str]
) -> LockRequest:
    """Return what to lock; a scope option that is not given stays as the old lock has it."""
    settings = Settings.of(environ)
    old_scope = old.scope if old else LockScope()
    scope = LockScope(
        tuple(options.backend or old_scope.backends),
        tuple(options.python or old_scope.pythons),
        tuple(options.platform or old_scope.platforms),
    )
    pyproject = read_toml(Path(options.project) / "pyproject.toml")
    kept = {} if options.upgrade or old is None else old.backends
    return LockRequest(
        config,
        expand_scope(config, pyproject, scope),
        scope,
        find_index_config(config, settings.index_url, BuildRequest(), environ).root,
        {backend: locked.torch for backend, locked in kept.items()},
        settings.timeout,
    )


def _lock_common_backend(
    options: argparse.Namespace,
    request: LockRequest,
    environ: Mapping[str, str],
    progress: ProgressCallback,
) -> LockResult:
    """Lock the one backend that runs on every machine of `--hardware`, and releases that do.

    The backend is decided for the last Python and platform that the options name.
    """
    last = {name: (getattr(options, name) or [None])[-1] for name in ("python", "platform")}
    single = argparse.Namespace(**{**vars(options), **last, **_MISSING_OPTIONS})
    inputs = collect_cli_inputs(single, environ=environ, use_lock=False)
    profiles = read_profiles(options)
    backend = decide_for_hosts(inputs, profiles).decision.backend
    if backend is None:
        raise NoAnswerError("no backend is decided for these machines, so there is nothing to lock")
    request = replace(
        request,
        scope=request.scope._replace(backends=(backend.name,)),
        targets=tuple(target for target in request.targets if target[0] == backend),
        incompatibility=make_host_check(inputs, profiles),
    )
    result = create_lock(request, inputs.finder, progress, inputs.open_tree)
    names = ", ".join(name for name, _ in profiles)
    return replace(result, notes=(f"locked {backend} only: it runs on {names}", *result.notes))


def _print_changes(old: Lock, new: Lock) -> int:
    """Print which backends would change; return 1 if any would."""
    names = [
        backend.name
        for backend in sorted({*old.backends, *new.backends}, key=backend_sort_key)
        if old.backends.get(backend) != new.backends.get(backend)
    ]
    if not names:
        print(f"{LOCK} is up to date")
        return 0
    print(f"{LOCK} is out of date: {', '.join(names)} would change\nhint: run `hatch-torch lock`")
    return 1


def _print_result(result: LockResult) -> None:
    locked = result.lock.backends
    rows = [
        (backend.name, str(content.torch), str(len(content.wheels)))
        for backend, content in locked.items()
    ]
    print_table("Locked", ("backend", "torch", "wheels"), rows)
    unhashed = sum(wheel.sha256 is None for content in locked.values() for wheel in content.wheels)
    notes = [f"the index gives no hash for {unhashed} of the wheels"] if unhashed else []
    print_lines("Notes", (*result.notes, *notes))
