"""Reading JSON that anybody may have written: each value is checked, a fault names its place."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

MOST_TEXT = 2**20
"""Characters of the largest profile."""
_MOST_VALUES, _LONGEST = 1024, 1000
_CONTROL = r"[\x00-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069\ud800-\udfff]"


class Fields(NamedTuple):
    """The values of a JSON object, and the place where it stands; null is what is left out."""

    values: Mapping[str, Any]
    place: str = ""

    def text(self, name: str, pattern: str = ".+", example: str = "text") -> str | None:
        """Return a text that fits a pattern. Raises ValueError for anything else."""
        value = self.values.get(name)
        return None if value is None else _text(value, self.place + name, pattern, example)

    def number(self, name: str, most: int) -> int | None:
        """Return a number from 0 on. Raises ValueError for anything else."""
        value = self.values.get(name)
        if value is None or (type(value) is int and 0 <= value <= most):
            return value
        raise _fault(self.place + name, value, f"a whole number up to {most}")

    def within(self, name: str, allowed: Collection[str]) -> Fields | None:
        """Return an object with no other than these names. Raises ValueError for anything else."""
        value = self.values.get(name)
        return None if value is None else _fields(value, self.place + name, allowed)

    def each(self, name: str, allowed: Collection[str]) -> list[Fields]:
        """Return the objects of a list. Raises ValueError for anything else."""
        listed = enumerate(self._list(name))
        return [_fields(one, f"{self.place}{name}[{number}]", allowed) for number, one in listed]

    def texts(self, name: str) -> list[str]:
        """Return the texts of a list. Raises ValueError for anything else."""
        listed = enumerate(self._list(name))
        return [_text(one, f"{self.place}{name}[{number}]", ".+", "text") for number, one in listed]

    def _list(self, name: str) -> list[Any]:
        value = self.values.get(name)
        if value is None:
            return []
        if isinstance(value, list) and len(value) <= _MOST_VALUES:
            return value
        raise _fault(self.place + name, value, f"a list of at most {_MOST_VALUES}")


def load(text: str, allowed: Collection[str]) -> Fields:
    """Read one JSON object with no other than these names. Raises ValueError where it is none."""
    if len(text) > MOST_TEXT:
        raise ValueError(f"found {len(text)} characters, allowed are {MOST_TEXT}")
    try:
        value = json.loads(text)
    except RecursionError:
        raise ValueError("found JSON that is nested too deep") from None
    except ValueError as error:
        raise ValueError(f"found no JSON: {error}") from None
    return _fields(value, "", allowed)


def _fields(value: Any, place: str, allowed: Collection[str]) -> Fields:  # noqa: ANN401 - JSON
    if not isinstance(value, dict):
        raise _fault(place or "profile", value, "an object")
    dot = f"{place}." if place else ""
    for name in value:
        if name not in allowed:
            raise _fault(dot + _shown(name), "a name", _one_of(name, allowed))
    return Fields(value, dot)


def _one_of(name: str, allowed: Collection[str]) -> str:
    from difflib import get_close_matches  # noqa: PLC0415 (only a mistake is told)

    close = get_close_matches(name, allowed, n=1)
    meant = f" (did you mean {close[0]}?)" if close else ""
    return f"one of {', '.join(allowed)}{meant}"


def _text(value: Any, place: str, pattern: str, example: str) -> str:  # noqa: ANN401 - JSON
    plain = isinstance(value, str) and len(value) <= _LONGEST and not re.search(_CONTROL, value)
    if plain and re.fullmatch(pattern, value):
        return str(value)
    raise _fault(place, value, example)


def _fault(place: str, found: object, allowed: str) -> ValueError:
    return ValueError(f"{place}: found {_shown(repr(found))}, allowed is {allowed}")


def _shown(text: str) -> str:
    """Return the beginning of a text, without what would disturb a terminal."""
    plain = re.sub(_CONTROL, "?", text)
    return plain if len(plain) <= 60 else f"{plain[:60]}…"  # noqa: PLR2004 - a line has room for it
