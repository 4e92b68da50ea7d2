"""A TOML file as statements: each with the table that it is in, and its text as it was written.

Edits of a TOML text, each from the text to the text; what is not edited stays as it was.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import tomlkit

from hatch_torch._toml import loads

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

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


_BARE = re.compile(r"[A-Za-z0-9_-]+")


def dotted(path: Path) -> str:
    """Write a path as TOML does; a key that is not bare is quoted."""
    return ".".join(key if _BARE.fullmatch(key) else json.dumps(key) for key in path)


def put(text: str, path: Path, value: str) -> str:
    """Set a key to a value, which is written in TOML: in place, in its table, or in a new one."""
    if _is_spread(text, path):
        text = without(text, path)
    statements = read(text)
    for place, one in enumerate(statements):
        if one.key and one.key == path[: len(one.key)]:
            changed = replace(one, text=_set_within(one, path, value))
            return text_of((*statements[:place], changed, *statements[place + 1 :]))
    return _inserted(text, path, value)


def add_item(text: str, path: Path, item: str, *, first: Iterable[str] = ()) -> str:
    """Append an item, written in TOML, to an array; a new array gets what is `first` before it."""

    def append(holder: Any, key: str) -> None:  # noqa: ANN401 (tomlkit's containers)
        holder[key].append(_value(item))

    if has_table(text, path):
        pairs = (f"{key} = {value.as_string()}\n" for key, value in _value(item).items())
        return with_section(text, path, "".join(pairs), array=True)
    found = _changed(text, path, append)
    return put(text, path, f"[{', '.join([*first, item])}]") if found is None else found


def moved(text: str, old: Path, new: Path) -> str:
    """Move a key into another table, with its comments, those right above it too."""
    statements = read(text)
    for place, one in enumerate(statements):
        if one.key == old:
            start = _above(statements, place)
            kept = text_of(_cut(statements, start, place + 1))
            return _inserted(kept, new, one.value.rstrip("\n"), text_of(statements[start:place]))
    value: Any = tomlkit.parse(text)
    for key in old:
        value = value[key]
    return _inserted(without(text, old), new, value.as_string())


def without(text: str, path: Path) -> str:
    """Remove a key or a table, with the tables in it."""

    def remove(holder: Any, key: str) -> None:  # noqa: ANN401 (tomlkit's containers)
        del holder[key]

    statements = read(text)
    for place, one in enumerate(statements):
        if one.key == path:
            return text_of(_cut(statements, place, place + 1))
    gone = {one.section for one in statements if one.header and one.table[: len(path)] == path}
    kept = [
        one
        for one in statements
        if one.key[: len(path)] != path and not (one.section in gone and not one.comment)
    ]
    changed = _changed(text_of(kept), path, remove)
    return changed or (text if len(kept) == len(statements) else text_of(kept))


def without_section(text: str, section: int) -> str:
    """Remove one table of an array, with the comments right above it."""
    statements = read(text)
    places = [place for place, one in enumerate(statements) if one.section == section]
    start, end = _above(statements, places[0]), places[-1] + 1
    return text_of(
        (*statements[:start], *statements[_above(statements, end) : end], *statements[end:])
    )


def renamed(text: str, old: Path, new: Path) -> str:
    """Give a table another header, and leave all that is in it."""

    def line(one: Statement) -> str:
        if not (one.header and one.table == old):
            return one.text
        return f"[{dotted(new)}]{one.text[one.text.index(']') + 1 :]}"

    return "".join(map(line, read(text)))


def with_section(text: str, path: Path, body: str = "", *, array: bool = False) -> str:
    """Append a table; one without keys stands right below another such one of its kind."""
    header = f"[[{dotted(path)}]]" if array else f"[{dotted(path)}]"
    statements = read(text)
    last = statements[-1] if statements else None
    beside = last and last.header and not body and last.table[:2] == path[:2]
    gap = "" if beside or not statements else "\n"
    return f"{text_of(statements).rstrip()}\n{gap}{header}\n{body}".lstrip("\n")


def has_table(text: str, path: Path) -> bool:
    """Answer whether a header opens this table."""
    return any(one.header and one.table == path for one in read(text))


def with_table(text: str, path: Path) -> str:
    """Have a table without keys: in an inline table, or by a header of its own."""
    inline = any(one.key and one.key == path[: len(one.key)] for one in read(text))
    return put(text, path, "{}") if inline else with_section(text, path)


def _inserted(text: str, path: Path, value: str, above: str = "") -> str:
    statements = read(text)
    after = _place(statements, path)
    if not after:
        return with_section(text, path[:-1], f"{above}{dotted(path[-1:])} = {value}\n")
    beside = statements[after - 1]
    line = f"{_indent(beside)}{dotted(path[len(beside.table) :])} = {value}\n"
    return text_of((*statements[:after], Statement(f"{above}{line}"), *statements[after:]))


def _above(statements: Sequence[Statement], place: int) -> int:
    """Return where the comments begin that stand right above a statement."""
    while place and statements[place - 1].comment:
        place -= 1
    return place


def _cut(statements: Sequence[Statement], start: int, end: int) -> Sequence[Statement]:
    """Leave statements out, and one of two blank lines that would then follow each other."""
    around = (*statements[start - 1 : start], *statements[end : end + 1])
    end += len(around) > 1 and not any(one.text.strip() for one in around)
    return (*statements[:start], *statements[end:])


def _is_spread(text: str, path: Path) -> bool:
    """Answer whether a table is written by headers or dotted keys, not as one value."""
    return any((one.key or one.table)[: len(path)] == path != one.key for one in read(text))


def _place(statements: Sequence[Statement], path: Path) -> int:
    """Return the place below a table's last key, also one that is dotted; 0 without the table."""
    said = [(place, one) for place, one in enumerate(statements, 1) if one.header or one.key]
    own = [place for place, one in said if one.table == path[:-1] and not one.array]
    beside = [place for place, one in said if _dotted_beside(one, path)]
    return (own or beside or [0])[-1]


def _dotted_beside(one: Statement, path: Path) -> bool:
    """Answer whether a dotted key makes a table on the path, which no header may open again."""
    depths = range(len(one.table) + 1, min(len(one.key), len(path)))
    return any(one.key[:depth] == path[:depth] for depth in depths)


def _indent(one: Statement) -> str:
    return one.text[: len(one.text) - len(one.text.lstrip(" \t"))]


def _set_within(one: Statement, path: Path, value: str) -> str:
    def assign(holder: Any, key: str) -> None:  # noqa: ANN401 (tomlkit's containers)
        holder[key] = _value(value)

    return _walked(one, path, assign)


def _changed(text: str, path: Path, change: Callable[[Any, str], None]) -> str | None:
    """Change the value at a path, where a statement has it."""
    statements = read(text)
    for place, one in enumerate(statements):
        if one.key and one.key == path[: len(one.key)] and _has(one, path):
            changed = replace(one, text=_walked(one, path, change))
            return text_of((*statements[:place], changed, *statements[place + 1 :]))
    return None


def _has(one: Statement, path: Path) -> bool:
    value: Any = tomlkit.parse(one.text)
    for key in path[len(one.table) :]:
        if key not in value:
            return False
        value = value[key]
    return True


def _walked(one: Statement, path: Path, change: Callable[[Any, str], None]) -> str:
    """Change a value inside a statement, which alone is parsed: tomlkit keeps its layout."""
    document: Any = tomlkit.parse(one.text)
    holder = document
    keys = path[len(one.table) :]
    for key in keys[:-1]:
        holder = holder.setdefault(key, tomlkit.inline_table())
    change(holder, keys[-1])
    return tomlkit.dumps(document)


def _value(written: str) -> Any:  # noqa: ANN401 (tomlkit's items)
    return tomlkit.parse(f"value = {written}\n")["value"]
