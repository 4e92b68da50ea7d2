"""`hatch-torch lock`: write `torch-variant.lock`, or say whether it would change."""

from __future__ import annotations

import argparse
import os
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from hatch_torch.cli import render as show
from hatch_torch.cli.options import add_hardware, case_of
from hatch_torch.cli.render import progress
from hatch_torch.config.env import Settings
from hatch_torch.config.pyproject import read_project, read_toml
from hatch_torch.errors import NoAnswerError
from hatch_torch.frontend.request import Request
from hatch_torch.index.index_config import find_origin
from hatch_torch.lock import LOCK
from hatch_torch.lock.locker import Made, Order, make
from hatch_torch.lock.lockfile import read_lock, spell, staleness, write_lock
from hatch_torch.lock.model import Lock, Narrowed, rank_of
from hatch_torch.lock.scope import places
from hatch_torch.resolution.decide import decide
from hatch_torch.resolution.inputs import assemble
from hatch_torch.resolution.multi_host import fits_all

if TYPE_CHECKING:
    from collections.abc import Mapping

    from hatch_torch.cli.render import Tell
    from hatch_torch.config.config import Config
    from hatch_torch.resolution.model import Case

_PATIENCE = "600"
"""Seconds for a whole lock, unless TORCH_VARIANT_TIMEOUT names others."""

_UNSAID = {"backend": None, "index_url": None, "require": None}
"""What `explain` has an option for, and this command none, or another."""

_EXAMPLES = """\
examples:
  hatch-torch lock                # for all that the project supports
  hatch-torch lock --check        # in CI: 1 where the lock is stale, or would change
  hatch-torch lock --upgrade      # go to the newest releases in range
  hatch-torch lock --backend cu126 --backend cpu --python 3.12
  hatch-torch lock --hardware nodes/*.json        # the one backend that runs on every node
"""


def add_to(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command to the parser."""
    parser = commands.add_parser(
        "lock", help=f"write {LOCK}: the same torch for everybody", epilog=_EXAMPLES
    )
    parser.add_argument("project", nargs="?", default=".", metavar="PROJECT", help="its folder")
    parser.add_argument("--check", action="store_true", help="1 where it is stale, write nothing")
    parser.add_argument("--upgrade", action="store_true", help="take the newest releases")
    either = parser.add_mutually_exclusive_group()
    add_hardware(either)
    _narrow(either, "backend", "cu126")
    _narrow(parser, "python", "3.12")
    _narrow(parser, "platform", "linux_x86_64")
    parser.set_defaults(run=run)


def _narrow(parser: argparse._ActionsContainer, name: str, example: str) -> None:
    parser.add_argument(
        f"--{name}",
        action="append",
        metavar=example,
        help=f"lock for this {name} only; may be repeated, and is remembered in the lock",
    )


def run(options: argparse.Namespace) -> int:
    """Make the lock anew; write it, or compare it with what is there."""
    root = Path(options.project)
    config = read_project(root)
    old = read_lock(root)
    if options.check and (reason := _reason_to_renew(old, config)):
        print(f"{reason}; run `hatch-torch lock`")
        return 1
    with progress() as tell:
        made = _made(options, config, old, tell)
    if options.check:
        return _compared(old or Lock(), made.lock)
    text = spell(made.lock)
    changed = old is None or spell(old) != text
    if changed:
        write_lock(root, text)
    _show(made, f"{root / LOCK}: {'written' if changed else 'nothing has changed'}")
    return 0


def _reason_to_renew(old: Lock | None, config: Config) -> str | None:
    return staleness(old, config) if old else f"there is no {LOCK}"


def _made(options: argparse.Namespace, config: Config, old: Lock | None, tell: Tell) -> Made:
    environ = {"TORCH_VARIANT_TIMEOUT": _PATIENCE, **os.environ}
    order = _order(options, config, old, environ)
    if options.hardware:
        made = _for_all(order, _case(options, environ), tell)
    else:
        made = make(order, assemble(config, environ).offers, tell)
    if not made.lock.parts:
        raise NoAnswerError("no torch in range has its whole family for any of these Pythons")
    return made


def _order(
    options: argparse.Namespace, config: Config, old: Lock | None, environ: Mapping[str, str]
) -> Order:
    settings = Settings.of(environ)
    narrowed = _narrowed(options, old.narrowed if old else Narrowed())
    pyproject = read_toml(Path(options.project) / "pyproject.toml")
    kept = {} if options.upgrade or old is None else old.parts
    return Order(
        config,
        places(config, pyproject, narrowed),
        narrowed,
        find_origin(config, settings.index_url, Request(), environ).root,
        {backend: part.torch for backend, part in kept.items()},
        settings.timeout,
    )


def _case(options: argparse.Namespace, environ: Mapping[str, str]) -> Case:
    """Put together the case of the machines, on the newest Python and the platform asked for."""
    one = {name: (getattr(options, name) or [None])[-1] for name in ("python", "platform")}
    alone = argparse.Namespace(**{**vars(options), **one, **_UNSAID})
    return case_of(alone, environ=environ, locked=False)


def _for_all(order: Order, case: Case, tell: Tell) -> Made:
    """Lock the one backend that runs on every machine of a case, and releases that do."""
    backend = decide(case).backend
    if backend is None:
        raise NoAnswerError("nothing is decided for these machines, so there is nothing to lock")
    narrowed = order.narrowed._replace(backends=(backend.name,))
    wanted = tuple(place for place in order.places if place[0] == backend)
    order = replace(order, narrowed=narrowed, places=wanted, fits=fits_all(case))
    made = make(order, case.offers, tell)
    named = ", ".join(name for name, _ in case.profiles)
    return replace(made, notes=(f"{backend} alone is locked: it runs on {named}", *made.notes))


def _narrowed(options: argparse.Namespace, before: Narrowed) -> Narrowed:
    """Return what the options narrow the lock to; an option that is not given stays as it was."""
    return Narrowed(
        tuple(options.backend or before.backends),
        tuple(options.python or before.pythons),
        tuple(options.platform or before.platforms),
    )


def _compared(old: Lock, new: Lock) -> int:
    """Print which backends would change."""
    names = [
        backend.name
        for backend in sorted({*old.parts, *new.parts}, key=rank_of)
        if old.parts.get(backend) != new.parts.get(backend)
    ]
    if not names:
        print(f"{LOCK} is as it would be written now")
        return 0
    print(f"{LOCK} would change: {', '.join(names)}; run `hatch-torch lock`")
    return 1


def _show(made: Made, outcome: str) -> None:
    rows = [
        (backend.name, str(part.torch), str(len(part.wheels)))
        for backend, part in made.lock.parts.items()
    ]
    show.table("Locked", ("backend", "torch", "wheels"), rows)
    without = sum(
        wheel.sha256 is None for part in made.lock.parts.values() for wheel in part.wheels
    )
    unhashed = [f"the index gives no hash for {without} of the wheels"] if without else []
    show.notes("Notes", (*made.notes, *unhashed))
    print(outcome)
