"""Print tables, fields, lists, messages and progress, for people and for pipes.

rich draws tables and bars on a terminal if the extra `cli` is installed. Without it, in a pipe and
in a file, the output is plain text with one line per row, and nothing is left out. Every text that
comes from elsewhere loses its control characters.
"""

from __future__ import annotations

import json
import os
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from hatch_torch._redact import strip_control

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from hatch_torch.hardware.model import Accelerator, Hardware
    from hatch_torch.verification.checks import Finding

    ProgressCallback = Callable[[str, int, int], None]
    """Takes the name of a task, how much of it is done, and how much there is."""


def print_json(value: Mapping[str, Any]) -> None:
    """Print one JSON object."""
    print(json.dumps(value, indent=2))


def print_messages(kind: str, messages: Iterable[str]) -> None:
    """Print messages to stderr, each as `kind: message` and each once."""
    for message in dict.fromkeys(messages):
        print(f"{kind}: {strip_control(message)}", file=sys.stderr)


def print_fields(title: str, pairs: Iterable[tuple[str, str]]) -> None:
    """Print names and values below a title, one pair per line."""
    rows = [(name, strip_control(value)) for name, value in pairs]
    width = max((len(name) for name, _ in rows), default=0)
    _print_heading(title)
    for name, value in rows:
        print(f"  {name:<{width}}  {value}")


def print_lines(title: str, lines: Iterable[str]) -> None:
    """Print lines below a title; without lines, print nothing."""
    cleaned = [strip_control(line) for line in lines]
    if cleaned:
        _print_heading(title)
    for line in cleaned:
        print(f"  {line}")


def print_table(title: str, columns: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """Print a table below a title."""
    cells = [[strip_control(cell) for cell in row] for row in rows]
    _print_heading(title)
    if not _is_styled():
        _print_plain_table(columns, cells)
        return
    try:
        from rich import box  # noqa: PLC0415 (in the extra `cli`; the commands work without)
        from rich.console import Console  # noqa: PLC0415 (likewise)
        from rich.table import Table  # noqa: PLC0415 (likewise)
        from rich.text import Text  # noqa: PLC0415 (likewise)
    except ImportError:
        _print_plain_table(columns, cells)
        return
    table = Table(*columns, box=box.SIMPLE_HEAD, pad_edge=False, header_style="bold")
    for row in cells:
        table.add_row(*map(Text, row))  # Text: brackets in a cell are no markup
    Console().print(table)


def _print_plain_table(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    widths = [max(map(len, column)) for column in zip(columns, *rows, strict=True)]
    for row in (columns, ["-" * width for width in widths], *rows):
        padded = (f"{cell:<{width}}" for cell, width in zip(row, widths, strict=True))
        print(("  " + "  ".join(padded)).rstrip())


def _print_heading(text: str) -> None:
    is_plain = os.environ.get("NO_COLOR") or not _is_styled()  # https://no-color.org
    print(text if is_plain else f"\033[1m{text}\033[0m")


def _is_styled() -> bool:
    return sys.stdout.isatty() or bool(os.environ.get("FORCE_COLOR"))  # https://force-color.org


def print_findings(findings: Iterable[Finding]) -> None:
    """Print each finding with its reason and its fix, or that there is none."""
    findings = tuple(findings)
    if not findings:
        print_lines("Status", ["OK: the installed torch matches this machine and the project"])
    for finding in findings:
        print_fields("Finding", [("reason", finding.reason), ("fix", finding.fix)])


def print_hardware(hardware: Hardware) -> None:
    """Print the machine's system, accelerators, drivers and environment hints."""
    print_fields("Machine", _hardware_rows(hardware))


def format_accelerators(hardware: Hardware) -> Iterator[str]:
    """Yield a line for each accelerator, or `none found`."""
    yield from map(_format_accelerator, hardware.accelerators)
    if not hardware.accelerators:
        yield "none found"


def _hardware_rows(hardware: Hardware) -> Iterator[tuple[str, str]]:
    system = filter(None, (hardware.system, hardware.machine, hardware.libc))
    yield "system", " ".join(system) or "unknown"
    yield "Python", hardware.python or "unknown"
    for accelerator in format_accelerators(hardware):
        yield "accelerator", accelerator
    if hardware.nvidia:
        yield "driver", f"{hardware.nvidia.driver} (CUDA {hardware.nvidia.cuda or 'unknown'})"
    if hardware.rocm:
        yield "ROCm", str(hardware.rocm.version)
    if hardware.environment_hints:
        yield "environment hints", ", ".join(hardware.environment_hints)


def _format_accelerator(accelerator: Accelerator) -> str:
    memory = f", {accelerator.memory_mib / 1024:.0f} GiB" if accelerator.memory_mib else ""
    return f"{accelerator.name} ({accelerator.architecture or 'architecture unknown'}{memory})"


@contextmanager
def show_progress(*, of_bytes: bool = False) -> Iterator[ProgressCallback]:
    """Yield a callback that draws a bar for each task on a terminal.

    Elsewhere it prints a line for each tenth of a file (`of_bytes`), since a file may take
    minutes, and nothing for other tasks.
    """
    bars = _create_bars(of_bytes=of_bytes) if sys.stderr.isatty() else None
    if bars is None:
        yield _print_tenths() if of_bytes else lambda *_: None
        return
    tasks: dict[str, Any] = {}

    def update(task: str, completed: int, total: int) -> None:
        if task not in tasks:
            tasks[task] = bars.add_task(task, total=total or None)
        bars.update(tasks[task], completed=completed)

    with bars:
        yield update


def _print_tenths() -> ProgressCallback:
    tenths: dict[str, int] = {}

    def update(task: str, completed: int, total: int) -> None:
        tenth = completed * 10 // total if total else 0
        if tenth != tenths.get(task):
            tenths[task] = tenth
            print(f"{task}: {tenth * 10} %", file=sys.stderr)

    return update


def _create_bars(*, of_bytes: bool) -> Any:  # noqa: ANN401 (rich may be missing, and its type with it)
    try:
        from rich import progress  # noqa: PLC0415 (in the extra `cli`)
        from rich.console import Console  # noqa: PLC0415 (likewise)
    except ImportError:
        return None
    sizes = (progress.DownloadColumn(), progress.TransferSpeedColumn()) if of_bytes else ()
    columns = (*progress.Progress.get_default_columns(), *sizes)
    return progress.Progress(*columns, console=Console(stderr=True), transient=True)
