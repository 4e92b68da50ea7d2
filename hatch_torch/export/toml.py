"""Values as TOML (v1.0), as much of it as the exports need."""

from __future__ import annotations

import json
from collections.abc import Mapping

Value = str | list["Value"] | Mapping[str, "Value"]


def inline(value: Value) -> str:
    """Return a value on one line.

    Strings are basic ones, of which JSON's are a subset where nothing needs a pair of surrogates.
    """
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=False)
    if isinstance(value, Mapping):
        return "{ " + pairs(value, ", ") + " }"
    return "[" + ", ".join(map(inline, value)) + "]"


def pairs(table: Mapping[str, Value], between: str = "\n") -> str:
    """Return the keys of a table, which are bare, with their values."""
    return between.join(f"{key} = {inline(value)}" for key, value in table.items())


def listed(value: list[Value]) -> str:
    """Return an array with an item a line, where it has more than one."""
    if len(value) == 1:
        return inline(value)
    return "[\n" + "".join(f"  {inline(item)},\n" for item in value) + "]"
