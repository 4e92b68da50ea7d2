"""Running a vendor's tool: from a place that is not the project's, within limits.

Commands that are run for a person: an installer, an interpreter.
"""

from __future__ import annotations

import os
import signal
import subprocess
from contextlib import suppress
from pathlib import Path
from subprocess import DEVNULL, PIPE, Popen, TimeoutExpired
from threading import Thread
from time import monotonic
from typing import IO, TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


LIMIT = 2**20
"""Bytes that are read of a file or of a tool's output; what comes behind is left out."""
_FOLDER = Path(os.sep).absolute()  # libraries and settings are not taken from the project's folder
_GRACE = 1.0  # seconds that a killed tool has to go; one that the kernel holds is left behind


class Ran(NamedTuple):
    """How a tool ended."""

    out: str = ""
    """What it wrote to its standard output."""
    code: int | None = 0
    """Its exit status, negative for a signal; None where its time was over."""


def find(name: str, path: str, here: Path, *, suffix: str = "") -> str | None:
    """Return where a tool is: an absolute name itself, or the first of that name on PATH.

    Folders of PATH that are relative are passed over, and what lies in the folder `here` or leads
    there: it belongs to a project, and need not be what its name says.
    """
    if Path(name).is_absolute():
        return name if _is_program(Path(name)) else None
    folders = filter(Path.is_absolute, map(Path, filter(None, path.split(os.pathsep))))
    programs = filter(_is_program, (folder / f"{name}{suffix}" for folder in folders))
    return next((str(one) for one in programs if not _is_in(here, one)), None)


def run(command: Sequence[str], environ: Mapping[str, str], seconds: float) -> Ran | None:
    """Run a tool without input, and stop it after some seconds; None where it cannot be started.

    Bytes that are no UTF-8 are replaced, and what it writes to its standard error is dropped.
    """
    end = monotonic() + seconds
    try:
        process = Popen(  # noqa: S603 - our own constants, the tool found by `find`
            command,
            stdin=DEVNULL,
            stdout=PIPE,
            stderr=DEVNULL,
            cwd=_FOLDER,
            env=dict(environ),
            start_new_session=True,
        )
    except (OSError, ValueError):
        return None
    parts: list[bytes] = []
    reader = Thread(target=_read, args=(process.stdout, parts), daemon=True)
    reader.start()
    reader.join(max(0, end - monotonic()))
    code = _wait(process, 0 if reader.is_alive() else max(0, end - monotonic()))
    if code is None:
        _kill(process)
        reader.join(_GRACE)
    return Ran(b"".join(parts).decode("utf-8", "replace"), code)


def _is_in(here: Path, program: Path) -> bool:
    """Answer whether a program is below a folder, by its own path or by where links lead.

    Below the root of the system everything is; there only what lies in the root itself counts.
    """
    inner, outer = {program, program.resolve()}, {here, here.resolve()}
    if here == Path(here.anchor):
        return any(one.parent in outer for one in inner)
    return any(not outer.isdisjoint(one.parents) for one in inner)


def _is_program(path: Path) -> bool:
    return path.is_file() and os.access(path, os.X_OK)


def _read(stream: IO[bytes], parts: list[bytes]) -> None:
    """Read up to the limit; closing ends a tool that would go on writing."""
    with stream:
        parts.append(stream.read(LIMIT))


def _wait(process: Popen[bytes], seconds: float) -> int | None:
    try:
        return process.wait(seconds)
    except TimeoutExpired:
        return None


def _kill(process: Popen[bytes]) -> None:
    """End a tool and what it started."""
    if os.name == "posix":
        with suppress(ProcessLookupError):  # it may have ended by itself just now
            os.killpg(process.pid, signal.SIGKILL)
    else:  # pragma: no cover - Windows alone gets here, and has no groups
        process.kill()
    with suppress(TimeoutExpired):
        process.wait(_GRACE)


class Completed(NamedTuple):
    """How a command ended, and what it said on both of its streams."""

    code: int
    output: str


def call(command: Sequence[str], environ: Mapping[str, str], folder: Path) -> Completed:
    """Run a command in a folder, with this environment and no other, and wait for its end."""
    done = subprocess.run(  # noqa: S603 (a list of words, never a shell)
        command,
        cwd=folder,
        env=environ,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        check=False,
    )
    return Completed(done.returncode, done.stdout)


def attend(command: Sequence[str], environ: Mapping[str, str], folder: Path) -> int:
    """Run a command that a person looks at: its streams are ours; returns its exit code.

    Ctrl-C reaches the command too. It is left to end by itself, so that an installer can clean up.
    """
    with subprocess.Popen(command, cwd=folder, env=environ) as process:  # noqa: S603 (as above)
        try:
            return process.wait()
        except KeyboardInterrupt:
            process.wait()
            raise
