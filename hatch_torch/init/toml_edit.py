"""Edit the text of a TOML file; whatever is not edited stays byte for byte.

The text is split into statements: a header, a key with its value, a comment or a blank line.
An edit replaces, moves or removes whole statements; tomlkit parses only the one statement whose
value changes, so that it keeps the layout of that value and cannot touch anything else.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import tomlkit

from hatch_torch._toml import format_key_lines, format_path, loads

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    TomlPath = tuple[str, ...]
    """The keys that lead to a value: ``("tool", "uv", "sources")``."""

_STRING = r'"""(?:\\.|[^\\])*?"{3,5}|' + r"'''.*?'{3,5}|" + r'"(?:\\.|[^"\\\n])*"|' + r"'[^'\n]*'"
_TOKEN = re.compile(rf"{_STRING}|\#[^\n]*|.", re.DOTALL)
_KEY = re.compile(rf"(?:{_STRING}|[^=\"'])+")


@dataclass(frozen=True, slots=True)
class Statement:
    """A header, a key with its value, a comment or a blank line."""

    text: str
    """As written, with its line end; an array may span several lines."""
    table: TomlPath = ()
    """The table it is in; for a header, the table it opens."""
    key: TomlPath = ()
    """The full path that it sets; empty unless it is a key with a value."""
    is_header: bool = False
    in_array: bool = False
    """Whether its table is an element of an array of tables."""
    section: int = 0
    """The number of headers so far; tells the elements of an array of tables apart."""

    @property
    def value(self) -> str:
        """The value as written, with a trailing comment and the line end."""
        return self.text[len(_key_text(self.text)) + 1 :].lstrip(" \t")

    @property
    def is_comment(self) -> bool:
        """Whether it is a comment on a line of its own."""
        return self.text.lstrip().startswith("#")

    @property
    def indent(self) -> str:
        """The blanks before it."""
        return self.text[: len(self.text) - len(self.text.lstrip(" \t"))]

    def reaches(self, path: TomlPath) -> bool:
        """Return whether it sets the value at a path, or a table on the way to it."""
        return bool(self.key) and self.key == path[: len(self.key)]


@lru_cache(maxsize=4)
def parse_statements(text: str) -> tuple[Statement, ...]:
    """Split a valid TOML text into statements; their texts, joined, are the text again."""
    return tuple(_locate(_split_lines(text if text.endswith("\n") or not text else f"{text}\n")))


def join_statements(statements: Iterable[Statement]) -> str:
    """Return the text of statements."""
    return "".join(statement.text for statement in statements)


def _split_lines(text: str) -> Iterator[str]:
    """Cut at every line end outside of strings and brackets."""
    start = depth = 0
    for token in _TOKEN.finditer(text):
        depth += (token[0] in "[{") - (token[0] in "]}")
        if token[0] == "\n" and depth == 0:
            yield text[start : token.end()]
            start = token.end()


def _locate(lines: Iterable[str]) -> Iterator[Statement]:
    table: TomlPath = ()
    section, in_array = 0, False
    for text in lines:
        stripped = text.lstrip()
        if stripped.startswith("["):
            table, section, in_array = _parse_path(text), section + 1, stripped.startswith("[[")
            yield Statement(text, table, is_header=True, in_array=in_array, section=section)
        elif stripped and not stripped.startswith("#"):
            key = (*table, *_parse_path(f"{_key_text(text)}= {{}}"))
            yield Statement(text, table, key, in_array=in_array, section=section)
        else:
            yield Statement(text, table, in_array=in_array, section=section)


def _key_text(text: str) -> str:
    match = _KEY.match(text)
    return match[0] if match else ""


@lru_cache(maxsize=1024)
def _parse_path(text: str) -> TomlPath:
    """Return the path that a header, or a key with an empty table as its value, leads to."""
    nested: Any = loads(text)
    keys: TomlPath = ()
    while nested:
        if isinstance(nested, list):  # an array of tables
            (nested,) = nested
        else:
            ((key, nested),) = nested.items()
            keys += (key,)
    return keys


def set_value(text: str, path: TomlPath, value: str) -> str:
    """Set a key to a value, given as TOML: in place, else in its table, else in a new table."""

    def assign(holder: Any, key: str) -> None:  # noqa: ANN401 (tomlkit's containers)
        holder[key] = _parse_value(value)

    if _is_spread(text, path):
        text = remove_key(text, path)
    edited = _edit(text, path, assign, create=True)
    return _insert(text, path, value) if edited is None else edited


def append_item(text: str, path: TomlPath, item: str, *, first: Iterable[str] = ()) -> str:
    """Append an item, given as TOML, to an array; a new array begins with the `first` items."""

    def append(holder: Any, key: str) -> None:  # noqa: ANN401 (tomlkit's containers)
        holder[key].append(_parse_value(item))

    if has_table(text, path):
        body = format_key_lines(_parse_value(item).unwrap())
        return append_table(text, path, f"{body}\n", in_array=True)
    edited = _edit(text, path, append)
    return set_value(text, path, f"[{', '.join([*first, item])}]") if edited is None else edited


def move_key(text: str, old: TomlPath, new: TomlPath) -> str:
    """Move a key to another table, together with the comments directly above it."""
    statements = parse_statements(text)
    for index, statement in enumerate(statements):
        if statement.key == old:
            start = _comment_start(statements, index)
            kept = join_statements(_drop(statements, start, index + 1))
            comments = join_statements(statements[start:index])
            return _insert(kept, new, statement.value.rstrip("\n"), comments)
    value: Any = tomlkit.parse(text)
    for key in old:
        value = value[key]
    return _insert(remove_key(text, old), new, value.as_string())


def remove_key(text: str, path: TomlPath) -> str:
    """Remove a key, or a table with its subtables; comments inside the table stay."""

    def remove(holder: Any, key: str) -> None:  # noqa: ANN401 (tomlkit's containers)
        del holder[key]

    statements = parse_statements(text)
    for index, statement in enumerate(statements):
        if statement.key == path:
            return join_statements(_drop(statements, index, index + 1))
    sections = {
        statement.section
        for statement in statements
        if statement.is_header and _is_below(statement.table, path)
    }
    kept = [
        statement
        for statement in statements
        if not _is_below(statement.key, path)
        and (statement.section not in sections or statement.is_comment)
    ]
    edited = _edit(join_statements(kept), path, remove)
    return edited or (text if len(kept) == len(statements) else join_statements(kept))


def remove_section(text: str, section: int) -> str:
    """Remove one element of an array of tables, with the comments directly above it."""
    statements = parse_statements(text)
    indexes = [index for index, statement in enumerate(statements) if statement.section == section]
    start, end = _comment_start(statements, indexes[0]), indexes[-1] + 1
    next_start = _comment_start(statements, end)
    return join_statements((*statements[:start], *statements[next_start:]))


def rename_table(text: str, old: TomlPath, new: TomlPath) -> str:
    """Rename the header of a table and leave its content as it is."""

    def rename(statement: Statement) -> str:
        if not (statement.is_header and statement.table == old):
            return statement.text
        return f"[{format_path(new)}]{statement.text[statement.text.index(']') + 1 :]}"

    return "".join(map(rename, parse_statements(text)))


def append_table(text: str, path: TomlPath, body: str = "", *, in_array: bool = False) -> str:
    """Append a table; an empty one goes directly below an empty sibling."""
    header = f"[[{format_path(path)}]]" if in_array else f"[{format_path(path)}]"
    statements = parse_statements(text)
    last = statements[-1] if statements else None
    is_sibling = last and last.is_header and not body and last.table[:2] == path[:2]
    gap = "" if is_sibling or not statements else "\n"
    return f"{join_statements(statements).rstrip()}\n{gap}{header}\n{body}".lstrip("\n")


def has_table(text: str, path: TomlPath) -> bool:
    """Return whether a header opens this table."""
    return any(
        statement.is_header and statement.table == path for statement in parse_statements(text)
    )


def ensure_table(text: str, path: TomlPath) -> str:
    """Add an empty table: inside the inline table on its path, else with a header of its own."""
    is_inline = any(statement.reaches(path) for statement in parse_statements(text))
    return set_value(text, path, "{}") if is_inline else append_table(text, path)


def _insert(text: str, path: TomlPath, value: str, comments: str = "") -> str:
    """Add a key below the last one of its table, or in a new table."""
    statements = parse_statements(text)
    end = _insertion_index(statements, path)
    if not end:
        return append_table(text, path[:-1], f"{comments}{format_path(path[-1:])} = {value}\n")
    last = statements[end - 1]
    line = f"{last.indent}{format_path(path[len(last.table) :])} = {value}\n"
    return join_statements((*statements[:end], Statement(f"{comments}{line}"), *statements[end:]))


def _insertion_index(statements: Sequence[Statement], path: TomlPath) -> int:
    """Return the index below the last key of a path's table; 0 where there is no such table."""
    numbered = [
        (end, statement)
        for end, statement in enumerate(statements, 1)
        if statement.is_header or statement.key
    ]
    own = [end for end, one in numbered if one.table == path[:-1] and not one.in_array]
    dotted = [end for end, one in numbered if _is_dotted_sibling(one, path)]
    return (own or dotted or [0])[-1]


def _is_dotted_sibling(statement: Statement, path: TomlPath) -> bool:
    """Return whether a dotted key defines a table on the path, which no header may reopen."""
    depths = range(len(statement.table) + 1, min(len(statement.key), len(path)))
    return any(statement.key[:depth] == path[:depth] for depth in depths)


def _is_spread(text: str, path: TomlPath) -> bool:
    """Return whether a table is written with headers or dotted keys, not as one value."""
    statements = parse_statements(text)
    return any(
        _is_below(statement.key or statement.table, path) and statement.key != path
        for statement in statements
    )


def _is_below(path: TomlPath, parent: TomlPath) -> bool:
    return path[: len(parent)] == parent


def _comment_start(statements: Sequence[Statement], index: int) -> int:
    """Return the index of the first comment directly above a statement, else its own."""
    while index and statements[index - 1].is_comment:
        index -= 1
    return index


def _drop(statements: Sequence[Statement], start: int, end: int) -> Sequence[Statement]:
    """Leave out statements, and one of the two blank lines that would then be adjacent."""
    neighbours = (*statements[start - 1 : start], *statements[end : end + 1])
    end += len(neighbours) > 1 and not any(statement.text.strip() for statement in neighbours)
    return (*statements[:start], *statements[end:])


def _edit(
    text: str, path: TomlPath, change: Callable[[Any, str], None], *, create: bool = False
) -> str | None:
    """Change the value at a path within its statement; None where no statement holds it.

    `create`: a statement that sets a table on the way to the path gets the missing keys.
    """
    statements = parse_statements(text)
    for index, statement in enumerate(statements):
        if not statement.reaches(path):
            continue
        document: Any = tomlkit.parse(statement.text)
        holder = document
        *parents, last = path[len(statement.table) :]
        for key in parents:
            if create:
                holder.setdefault(key, tomlkit.inline_table())
            holder = holder.get(key, {})
        if create or last in holder:
            change(holder, last)
            edited = replace(statement, text=tomlkit.dumps(document))
            return join_statements((*statements[:index], edited, *statements[index + 1 :]))
    return None


def _parse_value(written: str) -> Any:  # noqa: ANN401 (tomlkit's items)
    return tomlkit.parse(f"value = {written}\n")["value"]
