"""Tables and lines: drawn by rich on a terminal, where it is installed; else plain and complete.

What goes into a pipe or a file is neither drawn nor wrapped, and does not wait for rich.
"""

from __future__ import annotations

import json
import os
import sys
from typing import TYPE_CHECKING, Any

from hatch_torch.plain import plain

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence


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
