"""What is true of the world: tables with a source beside each row, read when they are needed."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

from hatch_torch._toml import loads


@cache
def rows(name: str, folder: Path = Path(__file__).parent / "data") -> tuple[dict[str, Any], ...]:
    """Return the rows of ``<name>.toml``, which holds one array of tables and nothing else."""
    text = (folder / f"{name}.toml").read_text(encoding="utf-8")
    (array,) = loads(text).values()
    return tuple(array)
