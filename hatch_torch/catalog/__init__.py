"""What PyTorch and the vendors publish: tables in `data/*.toml`, with a source in every row."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

from hatch_torch._toml import loads

FOLDER = Path(__file__).parent / "data"


def find_table(name: str) -> Path:
    """Return the file of one of the package's own tables."""
    return FOLDER / f"{name}.toml"


@cache
def load_table(name: str, folder: Path | None = None) -> tuple[dict[str, Any], ...]:
    """Return the rows of ``<name>.toml``, which holds one array of tables.

    `folder` is the table's folder, if it is not one of the package's own.
    """
    path = folder / f"{name}.toml" if folder else find_table(name)
    (array,) = loads(path.read_text(encoding="utf-8")).values()
    return tuple(array)
