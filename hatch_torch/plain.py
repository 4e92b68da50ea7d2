"""Text that moves no terminal: what comes from elsewhere may hold escape sequences."""

from __future__ import annotations

# The control characters of ASCII and Latin-1, and those that turn the direction of writing.
_MOVING = (*range(32), *range(127, 160), 0x2028, 0x2029, *range(0x202A, 0x202F))
_TURNING = (*range(0x2066, 0x206A), *range(0xD800, 0xE000))  # and halves of pairs (UTF-16)
_PLAIN = {code: None for code in (*_MOVING, *_TURNING) if code not in {ord("\n"), ord("\t")}}


def plain(text: str) -> str:
    """Return text without control characters, but for ends of lines and tabs."""
    return text.translate(_PLAIN)
