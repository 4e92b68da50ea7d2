"""Find and run other programs: vendors' tools within limits, and commands that a user waits for.

This is the only place in the package that runs a program, but for `frontend.process_tree`.
"""

from __future__ import annotations

import os
import signal
import subprocess
from contextlib import contextmanager, suppress
from pathlib import Path
from subprocess import DEVNULL, PIPE, STDOUT, Popen, TimeoutExpired
from threading import Thread, current_thread, main_thread
from time import monotonic
from typing import IO, TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence


MAX_BYTES = 2**20
"""The most that is read of a file or of a program's output; the rest is dropped."""
_ROOT = Path(os.sep).absolute()
_DRAIN_SECONDS = 0.5
_SIGNALLED = 128
"""What shells add to a signal's number for the exit code."""
_KILL_SECONDS = 1.0  # a process that the kernel doesn't release within this time is left behind


class CompletedProcess(NamedTuple):
    """The output of a program, and how it ended."""

    output: str = ""
    exit_code: int | None = 0
    """Negative for a signal, None after a timeout."""


def find_program(name: str, path: str, project: Path, *, suffix: str = "") -> str | None:
    """Return the path of a program: the first on PATH with that name, or an absolute `name` itself.

    A checkout must not be able to plant a tool: relative folders of PATH are skipped, and so is
    everything in the folder `project`, by its own path or by where links lead.
    """
    if Path(name).is_absolute():
        return name if _is_program(Path(name)) else None
    folders = filter(Path.is_absolute, map(Path, filter(None, path.split(os.pathsep))))
    programs = filter(_is_program, (folder / f"{name}{suffix}" for folder in folders))
    return next((str(program) for program in programs if not _is_inside(program, project)), None)


def run_captured(
    command: Sequence[str],
    environ: Mapping[str, str],
    folder: Path = _ROOT,
    *,
    seconds: float | None = None,
    keep_stderr: bool = True,
) -> CompletedProcess:
    """Run a command without input, and return its output, at most MAX_BYTES of it.

    After `seconds`, and on Ctrl-C, the command is killed with everything that it started. Bytes
    that are not UTF-8 are replaced. Raises OSError or ValueError if the command can't be started.
    """
    deadline = None if seconds is None else monotonic() + seconds
    process = Popen(  # noqa: S603 (a list of words, never a shell)
        command,
        stdin=DEVNULL,
        stdout=PIPE,
        stderr=STDOUT if keep_stderr else DEVNULL,
        cwd=folder,
        env=dict(environ),
        start_new_session=True,  # so that `_kill` reaches the children too
    )
    chunks: list[bytes] = []
    # A grandchild can keep the pipe open after the command ended: a thread doesn't hang with it.
    reader = Thread(target=_read, args=(process.stdout, chunks), daemon=True)
    try:
        with _stop_on_signals():
            reader.start()
            exit_code = _wait(process, _remaining(deadline))
            # What the command itself wrote is complete, though a child of it keeps the pipe open.
            reader.join(_DRAIN_SECONDS)
    except BaseException:
        _kill(process)
        raise
    if exit_code is None or reader.is_alive():
        _kill(process)
        reader.join(_KILL_SECONDS)
    return CompletedProcess(b"".join(chunks).decode("utf-8", "replace"), exit_code)


def run_interactive(command: Sequence[str], environ: Mapping[str, str], folder: Path) -> int:
    """Run a command on our own standard streams, and return its exit code.

    Ctrl-C reaches the command too. We wait for it to end by itself, so that an installer can
    clean up, and raise KeyboardInterrupt afterwards.
    """
    with subprocess.Popen(command, cwd=folder, env=environ) as process:  # noqa: S603 (as above)
        try:
            with _stop_on_signals():
                return process.wait()
        except KeyboardInterrupt:
            process.wait()
            raise
        except SystemExit:
            process.terminate()
            process.wait()
            raise


@contextmanager
def _stop_on_signals() -> Iterator[None]:
    """Turn SIGTERM and SIGHUP into SystemExit, so that no command goes on without us.

    Only where they would end this process anyway, and in the main thread, which alone may do so.
    """
    numbers = [getattr(signal, name) for name in ("SIGTERM", "SIGHUP") if hasattr(signal, name)]
    is_main = current_thread() is main_thread()
    changed = [one for one in numbers if is_main and signal.getsignal(one) is signal.SIG_DFL]
    for number in changed:
        signal.signal(number, _exit)
    try:
        yield
    finally:
        for number in changed:
            signal.signal(number, signal.SIG_DFL)


def _exit(number: int, _frame: object) -> None:
    raise SystemExit(_SIGNALLED + number)


def _is_inside(program: Path, folder: Path) -> bool:
    """Return whether a program is below a folder, by its own path or by where links lead."""
    programs, folders = {program, program.resolve()}, {folder, folder.resolve()}
    if folder == Path(folder.anchor):  # everything is below the root: only its own files count
        return any(path.parent in folders for path in programs)
    return any(not folders.isdisjoint(path.parents) for path in programs)


def _is_program(path: Path) -> bool:
    return path.is_file() and os.access(path, os.X_OK)


def _read(stream: IO[bytes], chunks: list[bytes]) -> None:
    """Read up to the limit, then close the pipe, which ends a program that goes on writing."""
    left = MAX_BYTES
    with stream:
        while left and (chunk := os.read(stream.fileno(), min(left, 65536))):
            chunks.append(chunk)
            left -= len(chunk)


def _remaining(deadline: float | None) -> float | None:
    return None if deadline is None else max(0, deadline - monotonic())


def _wait(process: Popen[bytes], seconds: float | None) -> int | None:
    try:
        return process.wait(seconds)
    except TimeoutExpired:
        return None


def _kill(process: Popen[bytes]) -> None:
    """Kill a program and everything that it started."""
    if os.name == "posix":
        with suppress(ProcessLookupError):  # it may have ended by itself just now
            os.killpg(process.pid, signal.SIGKILL)
    else:  # pragma: no cover - only Windows gets here; it has no process groups to kill
        process.kill()
    with suppress(TimeoutExpired):
        process.wait(_KILL_SECONDS)
