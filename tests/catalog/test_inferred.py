"""The rows that are inferred."""

from __future__ import annotations

from hatch_torch.catalog.inferred import find_overdue_rows, list_inferred_rows


def test_each_says_until_when() -> None:
    """Each names the day by which it has to be confirmed."""
    rows = [*list_inferred_rows()]
    assert rows
    assert all(len(row.check_after) == len("2026-12-15") for row in rows)


def test_overdue() -> None:
    """A row is overdue after its day, not on it."""
    first = min(list_inferred_rows(), key=lambda row: row.check_after)
    assert [*find_overdue_rows(first.check_after)] == []
    assert first in [*find_overdue_rows("9999-01-01")]
    assert str(first).startswith("backends.toml: backend = ")
