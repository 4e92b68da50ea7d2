"""The tables as files: rows of one line each, whose order and comments stay as they are."""

from __future__ import annotations

import difflib
from typing import TYPE_CHECKING, Any, NamedTuple

from hatch_torch._toml import format_value, loads

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    Row = dict[str, Any]


class Change(NamedTuple):
    """A row that differs from what upstream publishes."""

    table: str
    action: str
    """``add``, ``extend``, ``confirm`` or ``drop``; ``look`` where a person has to decide."""
    row: str
    source: str

    def __str__(self) -> str:
        """Return the change on one line, with its source."""
        return f"{self.action:<8}{self.table}: {self.row}\n        source: {self.source}"


class TableFile:
    """One array of a TOML file, whose rows are inline tables of one line each."""

    def __init__(self, path: Path, array: str | None = None) -> None:
        """Read the file; `array` names the array where there are several."""
        self.path, self.name = path, array or path.stem
        text = path.read_text(encoding="utf-8")
        arrays = loads(text)
        self.array = array or next(iter(arrays))
        lines = text.splitlines()
        start, end = self._locate(lines)
        values = iter(arrays[self.array])
        self.rows: list[Row | str] = [
            next(values) if line.startswith("  {") else line for line in lines[start:end]
        ]
        # The rows are kept beside their lines: an id is unique only while its object lives.
        self._lines = {
            id(row): (row, line) for row, line in zip(self.rows, lines[start:end], strict=True)
        }

    def _locate(self, lines: list[str]) -> tuple[int, int]:
        """Return the first line of the rows, and the one behind them."""
        start = lines.index(f"{self.array} = [") + 1
        return start, lines.index("]", start)

    def list_rows(self) -> list[Row]:
        """Return every row, in the order of the file."""
        return [row for row in self.rows if isinstance(row, dict)]

    def find(self, condition: Callable[[Row], bool]) -> list[Row]:
        """Return the rows that meet a condition, in the order of the file."""
        return [row for row in self.list_rows() if condition(row)]

    def replace(self, row: Row, **values: Any) -> Row:  # noqa: ANN401 (values of TOML)
        """Replace values of a row; None removes a key. Returns the new row."""
        changed = {key: value for key, value in {**row, **values}.items() if value is not None}
        self.rows[self._index(row)] = changed
        return changed

    def insert(self, row: Row, after: Row | None) -> Row:
        """Insert a row behind another one, or at the end."""
        place = self._index(after) + 1 if after is not None else len(self.rows)
        self.rows.insert(place, row)
        return row

    def remove(self, row: Row) -> None:
        """Remove a row."""
        del self.rows[self._index(row)]

    def _index(self, row: Row) -> int:
        return next(place for place, item in enumerate(self.rows) if item is row)

    def render(self) -> str:
        """Return the file's text; rows that did not change are as they were."""
        lines = self.path.read_text(encoding="utf-8").splitlines()
        start, end = self._locate(lines)
        lines[start:end] = map(self._format, self.rows)
        return "\n".join(lines) + "\n"

    def _format(self, row: Row | str) -> str:
        _, line = self._lines.get(id(row), (None, None))
        return format_row(row) if line is None else line

    def diff(self) -> str:
        """Return what differs from the file, as a unified diff without context."""
        before = self.path.read_text(encoding="utf-8").splitlines()
        name = self.path.name
        after = self.render().splitlines()
        return "\n".join(difflib.unified_diff(before, after, name, name, lineterm="", n=0))

    def write(self) -> None:
        """Write the rows into the file, if any has changed."""
        if self.diff():
            self.path.write_text(self.render(), encoding="utf-8")


def format_row(row: Mapping[str, Any] | str) -> str:
    """Return a row as the tables write it."""
    return row if isinstance(row, str) else f"  {format_value(row)},"
