"""How far a long task is: bars on a terminal, where rich is there to draw them."""

from __future__ import annotations

import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    Tell = Callable[[str, int, int], None]
    """Takes what is being done, how much of it is done, and how much there is."""


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
