"""Values as TOML writes them."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping


def inline(table: Mapping[str, object]) -> str:
    """Write a table of strings and booleans on one line: ``{ extra = "cpu" }``."""
    return f"{{ {', '.join(f'{key} = {_value(value)}' for key, value in table.items())} }}"


def pairs(table: Mapping[str, object]) -> str:
    """Write the same below a header, a line for each key."""
    return "".join(f"{key} = {_value(value)}\n" for key, value in table.items())


def row(items: Iterable[str]) -> str:
    """Write an array on one line; the items are written already."""
    return f"[{', '.join(items)}]"


def column(items: Iterable[str]) -> str:
    """Write an array with a line for each item; a single one needs none of its own."""
    found = [*items]
    lines = "".join(f"  {item},\n" for item in found)
    return f"[\n{lines}]" if len(found) > 1 else row(found)


def _value(value: object) -> str:
    return json.dumps(value, ensure_ascii=False)
