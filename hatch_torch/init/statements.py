"""A TOML file as statements: each with the table that it is in, and its text as it was written."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from hatch_torch.toml import loads

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    Path = tuple[str, ...]
    """The keys that lead to a value: ``("tool", "uv", "sources")``."""

_STRING = r'"""(?:\\.|[^\\])*?"{3,5}|' + r"'''.*?'{3,5}|" + r'"(?:\\.|[^"\\\n])*"|' + r"'[^'\n]*'"
_TOKEN = re.compile(rf"{_STRING}|\#[^\n]*|.", re.DOTALL)
_HEADER = re.compile(r"\s*\[")
_ARRAY_HEADER = re.compile(r"\s*\[\[")
_KEY = re.compile(rf"(?:{_STRING}|[^=\"'])+")


@dataclass(frozen=True, slots=True)
class Statement:
    """A header, a key with its value, a comment or a blank line."""

    text: str
    """As it was written, with the end of its line; an array may span several."""
    table: Path = ()
    """The table that it is in; for a header the one that it opens."""
    key: Path = ()
    """The full path of what it sets; empty for everything but a key."""
    header: bool = False
    array: bool = False
    """Whether its table is one of an array of tables."""
    section: int = 0
    """Counts the headers above, so that the tables of an array can be told apart."""

    @property
    def value(self) -> str:
        """The value as it was written, with the comment behind it and the end of the line."""
        return self.text[len(_written_key(self.text)) + 1 :].lstrip(" \t")

    @property
    def comment(self) -> bool:
        """Whether it is a comment on a line of its own."""
        return self.text.lstrip().startswith("#")


@lru_cache(maxsize=4)
def read(text: str) -> tuple[Statement, ...]:
    """Split a TOML text, which must be valid; the statements' texts make it again."""
    return tuple(_placed(_pieces(text if text.endswith("\n") or not text else f"{text}\n")))


def text_of(statements: Iterable[Statement]) -> str:
    """Return the text of statements."""
    return "".join(one.text for one in statements)


def values(text: str) -> dict[str, Any]:
    """Return what a TOML text says."""
    return loads(text)


def _pieces(text: str) -> Iterator[str]:
    """Cut at each end of a line that is outside strings and brackets."""
    start = depth = 0
    for token in _TOKEN.finditer(text):
        depth += (token[0] in "[{") - (token[0] in "]}")
        if token[0] == "\n" and depth == 0:
            yield text[start : token.end()]
            start = token.end()


def _placed(pieces: Iterable[str]) -> Iterator[Statement]:
    table: Path = ()
    section, array = 0, False
    for text in pieces:
        if _HEADER.match(text):
            table, section = _path_of(text), section + 1
            array = bool(_ARRAY_HEADER.match(text))
            yield Statement(text, table, header=True, array=array, section=section)
        elif text.strip() and not text.lstrip().startswith("#"):
            key = (*table, *_path_of(f"{_written_key(text)}= {{}}"))
            yield Statement(text, table, key, array=array, section=section)
        else:
            yield Statement(text, table, array=array, section=section)


def _written_key(text: str) -> str:
    found = _KEY.match(text)
    return found[0] if found else ""


@lru_cache(maxsize=1024)
def _path_of(text: str) -> Path:
    """Return where a header, or a key with an empty table, leads to."""
    return _path(loads(text))


def _path(nested: Any) -> Path:  # noqa: ANN401 (a table or an array of one)
    """Return the keys of tables that hold one key each."""
    keys: Path = ()
    while nested:
        if isinstance(nested, list):
            (nested,) = nested
            continue
        ((key, nested),) = nested.items()
        keys += (key,)
    return keys
