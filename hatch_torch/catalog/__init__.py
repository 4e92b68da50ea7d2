"""What is true of the world: tables with a source beside each row, read when they are needed."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

from hatch_torch._toml import loads

FOLDER = Path(__file__).parent / "data"


def find_table(name: str) -> Path:
    """Return the file of one of the package's own tables; the tests replace it by a frozen copy."""
    return FOLDER / f"{name}.toml"


@cache
def load_table(name: str, folder: Path | None = None) -> tuple[dict[str, Any], ...]:
    """Return the rows of ``<name>.toml``, which holds one array of tables and nothing else.

    `folder`: where the table lies, if it is not one of the package's own.
    """
    path = folder / f"{name}.toml" if folder else find_table(name)
    (array,) = loads(path.read_text(encoding="utf-8")).values()
    return tuple(array)
