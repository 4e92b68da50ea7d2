"""TOML v1.0: the standard library's reader (tomli on Python 3.10), and a writer for its values.

The writer serves whatever prints TOML: the lock, the exports and `init`. It imports `json` only
where something is written, so that a build, which only reads, does not pay for it.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Mapping
from typing import TYPE_CHECKING

if sys.version_info >= (3, 11):
    from tomllib import loads
else:
    from tomli import loads  # pragma: no cover - Python 3.10 alone gets here

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

__all__ = [
    "format_array",
    "format_key",
    "format_key_lines",
    "format_path",
    "format_value",
    "loads",
    "quote",
]

_BARE_KEY = re.compile(r"[A-Za-z0-9_-]+")


def quote(text: str) -> str:
    """Return a string as a TOML basic string, or as a literal one where that needs no escapes."""
    if '"' in text and "'" not in text and text.isprintable():
        return f"'{text}'"  # a requirement with a marker
    import json  # noqa: PLC0415 (only for writing)

    # JSON's strings are basic strings, but for DEL, which TOML wants escaped.
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")


def format_key(key: str) -> str:
    """Return a key, quoted where it is not bare."""
    return key if _BARE_KEY.fullmatch(key) else quote(key)


def format_path(keys: Iterable[str]) -> str:
    """Return a dotted key: `tool.uv."a b"`."""
    return ".".join(map(format_key, keys))


def format_value(value: object) -> str:
    """Return a value on one line: a string, boolean, number, array or inline table.

    Raises TypeError for any other type.
    """
    if isinstance(value, str):
        return quote(value)
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (int, float)):
        return str(value)
    if isinstance(value, Mapping):
        pairs = [f"{format_key(key)} = {format_value(item)}" for key, item in value.items()]
        return f"{{ {', '.join(pairs)} }}" if pairs else "{}"
    if isinstance(value, (list, tuple)):
        return f"[{', '.join(map(format_value, value))}]"
    raise TypeError(f"cannot write {type(value).__name__} as TOML")


def format_array(items: Sequence[object]) -> str:
    """Return an array with one item a line; an array of at most one item stays on one line."""
    if len(items) <= 1:
        return format_value([*items])
    return "[\n" + "".join(f"  {format_value(item)},\n" for item in items) + "]"


def format_key_lines(table: Mapping[str, object]) -> str:
    """Return the lines `key = value` of a table, without its header and the last line's end."""
    return "\n".join(f"{format_key(key)} = {format_value(item)}" for key, item in table.items())
