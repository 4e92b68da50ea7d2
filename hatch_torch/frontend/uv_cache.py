"""The stamp that makes uv run the build hook again, instead of reusing its cached result.

uv's cache key holds the ctime of the newest file that `cache-keys` names. uv reads it once for the
metadata, and once more before it installs. If the hook wrote the file in between, uv builds twice.
On Linux the stamp is therefore a symlink to `/proc/self/stat`, whose ctime is when the reading
process first looked it up (proc(5)): it stays the same within one uv, and is newer for the next.
"""

from __future__ import annotations

import os
import time
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hatch_torch._files import read_bounded

if TYPE_CHECKING:
    from collections.abc import Mapping

STAMP = ".torch-variant.stamp"
"""Its file name in the checkout."""
PROCESS = Path("/proc/self")
"""The folder in which Linux shows each process its own files."""
_TICK = 0.02
"""Seconds: two ticks of the kernel's clock for file times at its slowest (HZ = 100)."""


def write_stamp(project: Path, process: Path = PROCESS) -> None:
    """Write a stamp that every later uv finds newer; a read-only checkout is left unchanged.

    `process` is the folder with a process's own files, which only Linux has.
    """
    stamp, stat = project / STAMP, process / "stat"
    with suppress(OSError):
        may_link = stat.is_file() and _is_git_ignored(project)
        if stamp.is_symlink():
            if may_link and stamp.readlink() == stat:
                return
            stamp.unlink()  # writing through it would change another file
        is_per_process = may_link and _is_dated_by_lookup(stat, process / "statm")
        if not (is_per_process and _replace_by_link(stamp, stat)):
            stamp.write_text(f"{os.urandom(8).hex()}\n", encoding="ascii")


def ignores_stamp(text: str) -> bool:
    """Return whether the text of a .gitignore names the stamp."""
    return STAMP in (line.strip().lstrip("/") for line in text.splitlines())


def _is_git_ignored(project: Path) -> bool:
    """Return whether git ignores the stamp, so that no sdist of the files in git has it.

    Installers refuse to unpack an sdist with a symlink that leads out of it.
    """
    for folder in (project, *project.parents):
        with suppress(OSError, UnicodeDecodeError):
            if ignores_stamp(read_bounded(folder / ".gitignore").decode("utf-8")):
                return True
        if (folder / ".git").exists():
            return False
    return False


def _is_dated_by_lookup(one: Path, other: Path) -> bool:
    """Return whether a file's ctime is that of its first lookup; in some sandboxes it is not."""
    first = one.stat().st_ctime_ns
    time.sleep(_TICK)
    return first < other.stat().st_ctime_ns


def _replace_by_link(stamp: Path, target: Path) -> bool:
    """Replace the stamp by a symlink; return False if the file system has none."""
    new = stamp.with_name(f"{STAMP}.new")
    try:
        new.unlink(missing_ok=True)  # left over from a run that was killed
        new.symlink_to(target)
        new.replace(stamp)
    except OSError:
        return False
    return True


def names_stamp(pyproject: Mapping[str, Any]) -> bool:
    """Return whether `[tool.uv] cache-keys` names the stamp."""
    match pyproject:
        case {"tool": {"uv": {"cache-keys": list(keys)}}}:
            return any(_is_stamp(key) for key in keys)
    return False


def _is_stamp(key: object) -> bool:
    match key:
        case str(name) | {"file": str(name)}:
            return name.removeprefix("./") == STAMP
    return False


def has_uv_lock(project: Path) -> bool:
    """Return whether a checkout has a `uv.lock`."""
    return (project / "uv.lock").is_file()
