"""Where a text goes: to the terminal, or into a file, whole or not at all.

How far a long task is: bars on a terminal, where rich is there to draw them.

How a machine is shown, this one or another; nothing is looked for here.

Tables and lines: drawn by rich on a terminal, where it is installed; else plain and complete.

What goes into a pipe or a file is neither drawn nor wrapped, and does not wait for rich.
"""

from __future__ import annotations

import json
import os
import shlex
import sys
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hatch_torch._files import replace
from hatch_torch._redact import plain
from hatch_torch.errors import ConfigurationError
from hatch_torch.hardware.process import attend

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
    from pathlib import Path

    from hatch_torch.hardware.model import Accelerator, Hardware
    from hatch_torch.verification.repair import Command, Place

    Tell = Callable[[str, int, int], None]
    """Takes what is being done, how much of it is done, and how much there is."""


def carry_out(command: Command, place: Place, *, dry_run: bool) -> int:
    """Print a command and run it in the project's folder; 0 where it ended well, else 1."""
    line = shlex.join(command)
    if dry_run:
        print(line)
        return 0
    print(f"+ {line}", file=sys.stderr)
    environ = {**os.environ, "VIRTUAL_ENV": str(place.prefix.path)}
    return int(attend(command, environ, place.project) != 0)


def put(content: bytes, path: Path | None, *, mark: str, force: bool = False) -> None:
    """Write to a file, or (None) to stdout, byte for byte.

    A file that has no line which begins with the mark was written by somebody else: it is
    overwritten where `force` says so. Raises ConfigurationError where it does not, and where the
    file can't be written.
    """
    if path is None:
        sys.stdout.buffer.write(content)
        sys.stdout.buffer.flush()
        return
    try:
        _put(content, path, mark.encode(), force=force)
    except OSError as error:
        raise ConfigurationError([f"-o {path}: {error.strerror or error}"]) from None


def _put(content: bytes, path: Path, mark: bytes, *, force: bool) -> None:
    present = path.read_bytes() if path.exists() else None
    if present == content:
        return
    if present is not None and not force and not _has(present, mark):
        raise ConfigurationError(
            [f"-o {path}: the file is there, and this command did not write it; --force overwrites"]
        )
    replace(path.resolve(), content)


def _has(content: bytes, mark: bytes) -> bool:
    # Without the zeros of an encoding of 16 or 32 bits.
    return any(line.lstrip().startswith(mark) for line in content.replace(b"\0", b"").splitlines())


@contextmanager
def progress(*, of_bytes: bool = False) -> Iterator[Tell]:
    """Yield what draws a bar for each thing that it is told of.

    Elsewhere there are plain lines for files, of which each may take minutes, and nothing else.
    """
    bars = _bars(of_bytes=of_bytes) if sys.stderr.isatty() else None
    if bars is None:
        yield _lines() if of_bytes else lambda *_: None
        return
    tasks: dict[str, Any] = {}

    def tell(what: str, done: int, total: int) -> None:
        if what not in tasks:
            tasks[what] = bars.add_task(what, total=total or None)
        bars.update(tasks[what], completed=done)

    with bars:
        yield tell


def _lines() -> Tell:
    """Return what prints a line for each tenth of a file."""
    tenths: dict[str, int] = {}

    def tell(what: str, done: int, total: int) -> None:
        tenth = done * 10 // total if total else 0
        if tenth != tenths.get(what):
            tenths[what] = tenth
            print(f"{what}: {tenth * 10} %", file=sys.stderr)

    return tell


def _bars(*, of_bytes: bool) -> Any:  # noqa: ANN401 (rich may be missing, and its type with it)
    try:
        from rich import progress as of_rich  # noqa: PLC0415 (of the extra `cli`)
        from rich.console import Console  # noqa: PLC0415 (likewise)
    except ImportError:
        return None
    sizes = (of_rich.DownloadColumn(), of_rich.TransferSpeedColumn()) if of_bytes else ()
    columns = (*of_rich.Progress.get_default_columns(), *sizes)
    return of_rich.Progress(*columns, console=Console(stderr=True), transient=True)


def show_hardware(hardware: Hardware) -> None:
    """Print the machine's facts."""
    fields("Machine", _facts(hardware))


def accelerators(hardware: Hardware) -> Iterator[str]:
    """Yield a line for each accelerator, or one that says that there is none."""
    yield from map(_accelerator, hardware.accelerators)
    if not hardware.accelerators:
        yield "none found"


def _facts(hardware: Hardware) -> Iterator[tuple[str, str]]:
    system = filter(None, (hardware.system, hardware.machine, hardware.libc))
    yield "system", " ".join(system) or "unknown"
    yield "Python", hardware.python or "unknown"
    for accelerator in accelerators(hardware):
        yield "accelerator", accelerator
    if hardware.nvidia:
        yield "driver", f"{hardware.nvidia.driver} (CUDA {hardware.nvidia.cuda or 'unknown'})"
    if hardware.rocm:
        yield "ROCm", str(hardware.rocm.version)
    if hardware.signs:
        yield "signs", ", ".join(hardware.signs)


def _accelerator(one: Accelerator) -> str:
    memory = f", {one.memory_mib / 1024:.0f} GiB" if one.memory_mib else ""
    return f"{one.name} ({one.architecture or 'architecture unknown'}{memory})"


def as_json(value: Mapping[str, Any]) -> None:
    """Print one JSON object."""
    print(json.dumps(value, indent=2))


def fields(title: str, pairs: Iterable[tuple[str, str]]) -> None:
    """Print names and values under a title, a pair a line."""
    found = [(name, plain(value)) for name, value in pairs]
    width = max((len(name) for name, _ in found), default=0)
    _heading(title)
    for name, value in found:
        _line(f"  {name:<{width}}  {value}")


def table(title: str, columns: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """Print a table under a title."""
    cells = [[plain(cell) for cell in row] for row in rows]
    _heading(title)
    if not _is_drawn():
        _plain_table(columns, cells)
        return
    try:
        from rich import box  # noqa: PLC0415 (of the extra `cli`: the commands work without)
        from rich.console import Console  # noqa: PLC0415
        from rich.table import Table  # noqa: PLC0415
        from rich.text import Text  # noqa: PLC0415
    except ImportError:
        _plain_table(columns, cells)
        return
    drawn = Table(*columns, box=box.SIMPLE_HEAD, pad_edge=False, header_style="bold")
    for row in cells:
        drawn.add_row(*map(Text, row))
    Console().print(drawn)


def notes(title: str, lines: Iterable[str]) -> None:
    """Print lines under a title, or nothing where there are none."""
    found = [plain(line) for line in lines]
    if found:
        _heading(title)
    for line in found:
        _line(f"  {line}")


def _plain_table(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    widths = [max(map(len, column)) for column in zip(columns, *rows, strict=True)]
    for row in (columns, ["-" * width for width in widths], *rows):
        padded = (f"{cell:<{width}}" for cell, width in zip(row, widths, strict=True))
        _line("  " + "  ".join(padded).rstrip())


def _heading(text: str) -> None:
    plain = os.environ.get("NO_COLOR") or not _is_drawn()  # no-color.org
    bold, end = ("", "") if plain else ("\033[1m", "\033[0m")
    _line(f"{bold}{text}{end}")


def _is_drawn() -> bool:
    return sys.stdout.isatty() or bool(os.environ.get("FORCE_COLOR"))  # force-color.org


def _line(text: str) -> None:
    print(text)
