"""Which processes stand above this one; a command line is read, never stored or printed."""

from __future__ import annotations

import os
import platform
import re
import subprocess
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

PS = ("ps", "-A", "-ww", "-o", "pid=,ppid=,command=")
"""POSIX: every process with its parent and its command line (`ps(1)`)."""
_QUERY = (
    "[Console]::OutputEncoding = [Text.Encoding]::UTF8; Get-CimInstance Win32_Process"
    " | Select-Object ProcessId, ParentProcessId, CommandLine | ConvertTo-Json -Compress"
)
POWERSHELL = ("powershell.exe", "-NoProfile", "-NonInteractive", "-Command", _QUERY)
"""Windows: the same from the class Win32_Process."""
_SECONDS = 20  # PowerShell takes some seconds when it starts for the first time
_DEEPEST = 64  # more ancestors than this is a circle of process numbers that were used again


class Process(NamedTuple):
    """A running process; its words stay out of its `repr`, for they may hold secrets."""

    pid: int
    argv: tuple[str, ...] = ()
    cwd: str | None = None
    """Its folder, None where the system does not tell."""
    environ: Mapping[str, str] = MappingProxyType({})
    """Its environment, empty where the system does not tell."""

    def __repr__(self) -> str:
        """Show its number alone: words, folder and variables may hold secrets."""
        return f"Process({self.pid})"


def run(command: Sequence[str]) -> str:
    """Return what a command prints. Raises OSError or subprocess.SubprocessError."""
    done = subprocess.run(  # noqa: S603 - one of the two constants above
        command,
        capture_output=True,
        check=True,
        encoding="utf-8",
        errors="replace",
        stdin=subprocess.DEVNULL,
        timeout=_SECONDS,
    )
    return done.stdout


def ancestors(
    pid: int | None = None,
    *,
    system: str | None = None,
    proc: Path = Path("/proc"),
    run: Callable[[Sequence[str]], str] = run,
) -> tuple[Process, ...] | None:
    """Return the process itself and those above it, the nearest first.

    None where they cannot be read. Never raises.
    """
    pid, system = pid or os.getpid(), system or platform.system()
    if system == "Linux":
        return tuple(_ask_proc(pid, proc)) or None
    command, parse = (POWERSHELL, parse_cim) if system == "Windows" else (PS, parse_ps)
    try:
        return tuple(chain(parse(run(command)), pid)) or None
    except (OSError, ValueError, subprocess.SubprocessError):
        return None


def _ask_proc(pid: int, proc: Path) -> Iterator[Process]:
    """Walk up `/proc`; ends at the first process that another user or namespace hides."""
    for _ in range(_DEEPEST):
        folder = proc / str(pid)
        try:
            parent = parse_stat((folder / "stat").read_text(errors="replace"))
            argv = parse_words((folder / "cmdline").read_bytes())
        except (OSError, ValueError):
            return
        yield Process(pid, argv, _ask_cwd(folder), _ask_environ(folder))
        if parent <= 0:
            return
        pid = parent


def _ask_cwd(folder: Path) -> str | None:
    try:
        return str((folder / "cwd").readlink())
    except OSError:
        return None


def _ask_environ(folder: Path) -> dict[str, str]:
    try:
        return parse_environ((folder / "environ").read_bytes())
    except OSError:
        return {}


def parse_stat(text: str) -> int:
    """Read the parent from `/proc/<pid>/stat`, where a name may hold blanks and brackets.

    Raises ValueError for any other text (proc_pid_stat(5): the parent is the fourth field).
    """
    _, bracket, fields = text.rpartition(") ")
    if not bracket:
        raise ValueError("not a line of /proc/<pid>/stat")
    _, parent = fields.split(maxsplit=2)[:2]
    return int(parent)


def parse_words(data: bytes) -> tuple[str, ...]:
    """Read `/proc/<pid>/cmdline`: words, each ended by a NUL."""
    return tuple(map(os.fsdecode, data.removesuffix(b"\0").split(b"\0"))) if data else ()


def parse_environ(data: bytes) -> dict[str, str]:
    """Read `/proc/<pid>/environ`: `NAME=value`, each ended by a NUL."""
    pairs = (word.partition("=") for word in parse_words(data))
    return {name: value for name, equals, value in pairs if name and equals}


Table = dict[int, tuple[int, tuple[str, ...]]]
"""Process number -> (its parent's number, its words)."""


def parse_ps(text: str) -> Table:
    """Read what `ps` prints; a word that holds blanks comes out as several."""
    lines = (line.split(maxsplit=2) for line in text.splitlines())
    return {
        int(pid): (int(parent), tuple(" ".join(command).split()))
        for pid, parent, *command in (line for line in lines if len(line) > 1)
    }


def parse_cim(text: str) -> Table:
    """Read PowerShell's JSON. Raises ValueError where it is none."""
    import json  # noqa: PLC0415 (only Windows' answer is JSON)

    found = json.loads(text)
    return dict(_cim_rows(found if isinstance(found, list) else [found]))


def _cim_rows(found: Iterable[Any]) -> Iterator[tuple[int, tuple[int, tuple[str, ...]]]]:
    for row in found:
        match row:
            case {"ProcessId": int(pid), "ParentProcessId": int(parent)}:
                yield pid, (parent, split_command_line(str(row.get("CommandLine") or "")))


_PIECE = r'(\\*)(")|([ \t]+)|(\\+|[^\\" \t]+)'


def split_command_line(line: str) -> tuple[str, ...]:
    """Split a Windows command line into its words, as `CommandLineToArgvW` does.

    Backslashes are themselves, but before a quotation mark: there two stand for one, and an odd
    one makes the mark a letter (Microsoft, "Parsing C command-line arguments").
    """
    words, quoted, open_word = [""], False, False
    for slashes, mark, blank, plain in re.findall(_PIECE, line):
        if blank and not quoted:
            words += [""] if open_word else []
            open_word = False
            continue
        odd = len(slashes) % 2
        words[-1] += "\\" * (len(slashes) // 2) + mark * odd + blank + plain
        quoted ^= bool(mark) and not odd
        open_word = True
    return tuple(words if open_word else words[:-1])


def chain(table: Table, pid: int) -> Iterator[Process]:
    """Yield a process of a table and its ancestors, the nearest first."""
    for _ in range(_DEEPEST):
        if pid not in table:
            return
        parent, argv = table[pid]
        yield Process(pid, argv)
        pid = parent
