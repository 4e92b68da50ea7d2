"""The stamp that makes uv ask the build hook again, instead of answering from its cache.

uv's key is the time (ctime) of the newest file that `cache-keys` names. It looks once for the
metadata, and once more before it installs. A file that the hook writes has changed in between, so
that uv builds twice. On Linux the stamp is a link to a file of whichever process looks: it is as
old as that process's first look at it (proc(5) makes its files when they are looked up). So all
looks of one uv are the same, and the next uv sees a newer stamp though nobody wrote one.
"""

from __future__ import annotations

import os
import time
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

STAMP = ".torch-variant.stamp"
"""Its file name; uv's key holds the time of the newest file that `cache-keys` names."""
PROCESS = Path("/proc/self")
"""Where Linux shows to each process its own files."""
_TICK = 0.02
"""Seconds: two ticks of the clock that dates files, where it is slowest (Linux's HZ is 100)."""


def write_stamp(project: Path, process: Path = PROCESS) -> None:
    """Leave a stamp that every later uv finds newer; a folder that forbids it is left alone.

    `process`: where a process finds its own files, if the system has such a place.
    """
    stamp, of_process = project / STAMP, process / "stat"
    with suppress(OSError):
        may_link = of_process.is_file() and _is_left_out(project)
        if stamp.is_symlink():
            if may_link and stamp.readlink() == of_process:
                return
            stamp.unlink()  # to write through it would change another file
        looked_up = may_link and _is_made_by_looking(of_process, process / "statm")
        if not (looked_up and _is_linked(stamp, of_process)):
            stamp.write_text(f"{os.urandom(8).hex()}\n", encoding="ascii")


def is_ignored(text: str) -> bool:
    """Tell whether a .gitignore names the stamp."""
    return STAMP in (line.strip().lstrip("/") for line in text.splitlines())


def _is_left_out(project: Path) -> bool:
    """Tell whether git ignores the stamp, and with it who packs what git has into an sdist.

    Nobody unpacks an sdist with a link that leads out of it.
    """
    for folder in (project, *project.parents):
        with suppress(OSError, UnicodeDecodeError):
            if is_ignored((folder / ".gitignore").read_text(encoding="utf-8")):
                return True
        if (folder / ".git").exists():
            return False
    return False


def _is_made_by_looking(one: Path, other: Path) -> bool:
    """Tell whether files are as old as the first look at them; a sandbox may do otherwise."""
    first = one.stat().st_ctime_ns
    time.sleep(_TICK)
    return first < other.stat().st_ctime_ns


def _is_linked(stamp: Path, of_process: Path) -> bool:
    """Put a link in the stamp's place; tell whether the file system has such."""
    new = stamp.with_name(f"{STAMP}.new")
    try:
        new.unlink(missing_ok=True)  # of a run that was killed
        new.symlink_to(of_process)
        new.replace(stamp)
    except OSError:
        return False
    return True


def names_stamp(pyproject: Mapping[str, Any]) -> bool:
    """Tell whether `[tool.uv] cache-keys` names the stamp."""
    match pyproject:
        case {"tool": {"uv": {"cache-keys": list(keys)}}}:
            return any(_names(key) for key in keys)
    return False


def _names(key: object) -> bool:
    match key:
        case str(name) | {"file": str(name)}:
            return name.removeprefix("./") == STAMP
    return False


def has_uv_lock(project: Path) -> bool:
    """Tell whether a checkout has a `uv.lock`."""
    return (project / "uv.lock").is_file()
