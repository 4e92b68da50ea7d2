"""Whether a lock still is for the project that it lies in."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hatch_torch.errors import ConfigurationError
from hatch_torch.lock import LOCK
from hatch_torch.lock.contents import MadeFor
from hatch_torch.lock.read import read_lock

if TYPE_CHECKING:
    from pathlib import Path

    from hatch_torch.lock.contents import Lock
    from hatch_torch.project.config import Config


def current_lock(root: Path, config: Config) -> Lock | None:
    """Return the lock that decides in a checkout, or None where there is none.

    Raises ConfigurationError where it is stale, or cannot be read.
    """
    lock = read_lock(root)
    if lock and (reason := staleness(lock, config)):
        raise ConfigurationError([f"{reason}; renew it with `hatch-torch lock`"])
    return lock


def staleness(lock: Lock, config: Config) -> str | None:
    """Say what of a project has changed since its lock was made, or None where nothing has."""
    then, now = lock.made_for, MadeFor.of(config)
    for key in MadeFor._fields:
        was, is_now = _listed(getattr(then, key)), _listed(getattr(now, key))
        if was != is_now:
            gone = ", ".join(one for one in was if one not in is_now) or "nothing"
            new = ", ".join(one for one in is_now if one not in was) or "nothing"
            return f"{LOCK} is stale: it was made for {gone}, where the project now has {new}"
    return None


def _listed(value: tuple[str, ...] | str) -> tuple[str, ...]:
    return (value,) if isinstance(value, str) else value
