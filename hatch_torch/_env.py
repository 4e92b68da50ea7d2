"""Whether a variable of the environment switches something on, in two vocabularies."""

from __future__ import annotations

_YES = frozenset({"1", "on", "t", "true", "y", "yes"})
_NO = frozenset({"", "0", "f", "false", "n", "no", "off"})


def is_on(value: str | None) -> bool:
    """Answer for what is set at will, as ours and those of CI systems: anything but a no."""
    return (value or "").strip().lower() not in _NO


def is_yes(value: str) -> bool:
    """Answer for what pip and uv read: they know these words, and refuse others (`strtobool`)."""
    return value.strip().lower() in _YES
