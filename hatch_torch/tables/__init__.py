"""What is true of the world: tables with a source beside each row, read when they are needed."""

from __future__ import annotations

import sys
from functools import cache
from pathlib import Path
from typing import Any

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib  # pragma: no cover - Python 3.10 alone gets here


@cache
def rows(name: str, folder: Path = Path(__file__).parent) -> tuple[dict[str, Any], ...]:
    """Return the rows of ``<name>.toml``, which holds one array of tables and nothing else."""
    text = (folder / f"{name}.toml").read_text(encoding="utf-8")
    (array,) = tomllib.loads(text).values()
    return tuple(array)
