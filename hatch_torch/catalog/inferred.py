"""The rows of the tables that are inferred, and those of them that should have been confirmed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from hatch_torch.catalog import FOLDER, load_table
from hatch_torch.catalog.releases import is_certain

if TYPE_CHECKING:
    from collections.abc import Iterator


class InferredRow(NamedTuple):
    """A row with ``certain = false``, and its table."""

    table: str
    row: dict[str, Any]

    @property
    def check_after(self) -> str:
        """The day from which on it has to be confirmed or dropped, as ``2026-12-15``."""
        return str(self.row["check_after"])

    def __str__(self) -> str:
        """Return the table with the row's first values."""
        values = (
            f"{key} = {value}"
            for key, value in self.row.items()
            if key not in {"certain", "check_after", "source", "gfx", "sm"}
        )
        return f"{self.table}.toml: {', '.join(values)}"


def list_inferred_rows() -> Iterator[InferredRow]:
    """Yield the inferred rows of all tables."""
    for name in sorted(path.stem for path in FOLDER.glob("*.toml")):
        for row in load_table(name):
            if not is_certain(row):
                yield InferredRow(name, row)


def find_overdue_rows(today: str) -> Iterator[InferredRow]:
    """Yield the inferred rows whose `check_after` is before a day, given as ``2026-11-28``."""
    return (inferred for inferred in list_inferred_rows() if inferred.check_after < today)
