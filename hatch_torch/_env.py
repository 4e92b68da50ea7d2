"""Whether an environment variable switches something on, in two vocabularies."""

from __future__ import annotations

_YES = frozenset({"1", "on", "t", "true", "y", "yes"})
_NO = frozenset({"", "0", "f", "false", "n", "no", "off"})


def is_on(value: str | None) -> bool:
    """Return whether a variable of hatch-torch or of a CI system is on: set to anything but no."""
    return (value or "").strip().lower() not in _NO


def is_yes(value: str) -> bool:
    """Return whether a variable of pip or uv is on: they know these words alone (`strtobool`)."""
    return value.strip().lower() in _YES
