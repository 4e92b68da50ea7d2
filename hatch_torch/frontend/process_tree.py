"""The ancestors of this process. Their command lines are read, never stored or printed."""

from __future__ import annotations

import os
import platform
import re
import subprocess
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from hatch_torch.frontend.windows_processes import Parameters

PS = ("ps", "-A", "-ww", "-o", "pid=,ppid=,command=")
"""POSIX: every process with its parent and its command line (`ps(1)`)."""
_TIMEOUT = 20  # seconds
_MAX_BLANKS = 8  # words of a path with blanks
_MAX_DEPTH = 64  # more ancestors are a cycle of reused process numbers


class Process(NamedTuple):
    """A running process."""

    pid: int
    argv: tuple[str, ...] = ()
    cwd: str | None = None
    """Its working directory, None if it can't be read."""
    environ: Mapping[str, str] = MappingProxyType({})
    """Its environment, empty if it can't be read."""

    def __repr__(self) -> str:
        """Show the number alone: command line, folder and variables may hold secrets."""
        return f"Process({self.pid})"


def run_command(command: Sequence[str]) -> str:
    """Return a command's output; raises OSError or subprocess.SubprocessError."""
    completed = subprocess.run(  # noqa: S603 (the constant above)
        command,
        capture_output=True,
        check=True,
        encoding="utf-8",
        errors="replace",
        stdin=subprocess.DEVNULL,
        timeout=_TIMEOUT,
    )
    return completed.stdout


def read_windows_ancestors(pid: int) -> Iterable[tuple[int, Parameters]]:
    """Return a process and its ancestors on Windows, with their parameters; raises OSError."""
    from hatch_torch.frontend import windows_processes  # noqa: PLC0415 (ctypes: Windows alone)

    return windows_processes.read_ancestors(pid)


def get_ancestors(
    pid: int | None = None,
    *,
    system: str | None = None,
    proc: Path = Path("/proc"),
    run: Callable[[Sequence[str]], str] = run_command,
    read_windows: Callable[[int], Iterable[tuple[int, Parameters]]] = read_windows_ancestors,
) -> tuple[Process, ...] | None:
    """Return a process, by default this one, and its ancestors, nearest first.

    None if they cannot be read. Never raises.
    """
    pid, system = pid or os.getpid(), system or platform.system()
    if system == "Linux":
        return tuple(_walk_proc(pid, proc)) or None if _is_own_proc(proc) else None
    try:
        if system == "Windows":
            return tuple(_walk_windows(pid, read_windows)) or None
        return tuple(walk_ancestors(parse_ps(run(PS)), pid)) or None
    except (OSError, ValueError, subprocess.SubprocessError):
        return None


def _is_own_proc(proc: Path) -> bool:
    """Return whether `/proc` numbers processes as this one does; another namespace's does not."""
    try:
        own = (proc / "self").readlink().name
    except OSError:
        return True  # without the link, the walk itself finds what can be read
    return own == str(os.getpid())


def _walk_proc(pid: int, proc: Path) -> Iterator[Process]:
    """Yield a process and its ancestors in `/proc`, up to the first that cannot be read."""
    for _ in range(_MAX_DEPTH):
        folder = proc / str(pid)
        try:
            parent = parse_stat((folder / "stat").read_text(errors="replace"))
            argv = parse_words((folder / "cmdline").read_bytes())
        except (OSError, ValueError):
            return
        yield Process(pid, argv, _read_cwd(folder), _read_environ(folder))
        if parent <= 0:
            return
        pid = parent


def _read_cwd(folder: Path) -> str | None:
    try:
        return str((folder / "cwd").readlink())
    except OSError:
        return None


def _read_environ(folder: Path) -> dict[str, str]:
    try:
        return parse_environ((folder / "environ").read_bytes())
    except OSError:
        return {}


def parse_stat(text: str) -> int:
    """Return the parent in `/proc/<pid>/stat`, the fourth field (proc_pid_stat(5)).

    The second field, the name, may hold blanks and brackets. Raises ValueError for other text.
    """
    _, bracket, fields = text.rpartition(") ")
    if not bracket:
        raise ValueError("not a line of /proc/<pid>/stat")
    _, parent = fields.split(maxsplit=2)[:2]
    return int(parent)


def parse_words(data: bytes) -> tuple[str, ...]:
    """Return the words of `/proc/<pid>/cmdline`, each of which ends with a NUL."""
    return tuple(map(os.fsdecode, data.removesuffix(b"\0").split(b"\0"))) if data else ()


def parse_environ(data: bytes) -> dict[str, str]:
    """Return the variables of `/proc/<pid>/environ`: `NAME=value`, each ending with a NUL."""
    pairs = (word.partition("=") for word in parse_words(data))
    return {name: value for name, equals, value in pairs if name and equals}


Table = dict[int, tuple[int, tuple[str, ...]]]
"""Process number -> (its parent's number, its command line)."""


def parse_ps(text: str) -> Table:
    """Return the processes that `ps` printed; a word with blanks comes out as several words.

    The program's own path may hold blanks, though (`/Users/J Doe/.venv/bin/python -m pip`).
    """
    lines = (line.split(maxsplit=2) for line in text.splitlines())
    return {
        int(pid): (int(parent), join_program(" ".join(command).split()))
        for pid, parent, *command in (line for line in lines if len(line) > 1)
    }


def join_program(words: Sequence[str]) -> tuple[str, ...]:
    """Return words, the first of which are one path with blanks if that makes it a program."""
    from hatch_torch.frontend.installers import (  # noqa: PLC0415 (only needed on macOS)
        identify_installer,
        is_python,
    )

    for end in range(1, min(len(words), _MAX_BLANKS) + 1) if words[0:1] else ():
        joined = (" ".join(words[:end]), *words[end:])
        is_path = end == 1 or (words[0].startswith("/") and "/" in words[end - 1])
        if joined[0].endswith("/Py"):
            continue  # the beginning of a path, not the launcher of Windows
        if is_path and (is_python(joined) or identify_installer(joined)):
            return joined
    return tuple(words)


def _walk_windows(
    pid: int, read: Callable[[int], Iterable[tuple[int, Parameters]]]
) -> Iterator[Process]:
    """Yield a process of Windows and its ancestors; names of variables in upper case.

    Windows ignores the case of these names, and Python gives them in upper case in `os.environ`.
    """
    for number, (command_line, folder, environment) in read(pid):
        pairs = (word.partition("=") for word in environment.split("\0"))
        environ = {name.upper(): value for name, equals, value in pairs if name and equals}
        yield Process(number, split_command_line(command_line), folder, environ)


# Backslashes, then a quotation mark; or blanks; or other characters.
_PIECE = r'(\\*)(")|([ \t]+)|(\\+|[^\\" \t]+)'


def split_command_line(line: str) -> tuple[str, ...]:
    """Split a Windows command line into words, as `CommandLineToArgvW` does.

    Backslashes are literal except before a quotation mark, where two stand for one, and an odd one
    makes the mark literal (Microsoft, "Parsing C command-line arguments").
    """
    words, is_quoted, is_open = [""], False, False
    for slashes, mark, blank, plain in re.findall(_PIECE, line):
        if blank and not is_quoted:
            words += [""] if is_open else []
            is_open = False
            continue
        is_literal = len(slashes) % 2
        words[-1] += "\\" * (len(slashes) // 2) + mark * is_literal + blank + plain
        is_quoted ^= bool(mark) and not is_literal
        is_open = True
    return tuple(words if is_open else words[:-1])


def walk_ancestors(table: Table, pid: int) -> Iterator[Process]:
    """Yield a process of a table and its ancestors, nearest first."""
    for _ in range(_MAX_DEPTH):
        if pid not in table:
            return
        parent, argv = table[pid]
        yield Process(pid, argv)
        pid = parent
