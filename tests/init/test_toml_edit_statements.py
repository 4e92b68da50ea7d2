"""Splitting a TOML text into statements."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import tomlkit
from hypothesis import given, settings, strategies as st

from hatch_torch._toml import loads
from hatch_torch.init.toml_edit import join_statements, parse_statements

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[2]
FILES = [
    ROOT / "pyproject.toml",
    *sorted(ROOT.glob("hatch_torch/catalog/data/*.toml")),
    *sorted(ROOT.glob("tests/**/projects/*.toml")),
]
TRICKY = '''\
a.'b.c'."d = e" = """
[x]
# no comment \\""" "still"""""
l = \'\'\'[[
''\'\'\'
m = [ # [
  "]", {x = '['}, # ]
]
[ t . "u v" ] # [w]
k = "#"
[[ t.n ]]
"=" = 1
[[ t.n ]]
'''
KEYS = st.text(st.characters(codec="utf-8", exclude_categories=("Cs", "Cc")), max_size=5)
TABLES = st.recursive(
    st.integers() | st.booleans() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=3),
    max_leaves=8,
)


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_round_trip(path: Path) -> None:
    """The statements, joined, are the text again."""
    text = path.read_text(encoding="utf-8")
    assert join_statements(parse_statements(text)) == text


def test_strings_and_brackets() -> None:
    """A line end, a bracket or a `#` inside a string or an array ends no statement."""
    statements = parse_statements(TRICKY)
    assert join_statements(statements) == TRICKY
    assert [
        (statement.table, statement.key, statement.is_header, statement.in_array)
        for statement in statements
    ] == [
        ((), ("a", "b.c", "d = e"), False, False),
        ((), ("l",), False, False),
        ((), ("m",), False, False),
        (("t", "u v"), (), True, False),
        (("t", "u v"), ("t", "u v", "k"), False, False),
        (("t", "n"), (), True, True),
        (("t", "n"), ("t", "n", "="), False, True),
        (("t", "n"), (), True, True),
    ]
    assert [statement.section for statement in statements] == [0, 0, 0, 1, 1, 2, 2, 3]


def test_adds_final_newline() -> None:
    """A missing final newline is added; an empty text has no statements."""
    assert (join_statements(parse_statements("a = 1")), parse_statements("")) == ("a = 1\n", ())


@settings(max_examples=80, deadline=None)
@given(st.dictionaries(KEYS, TABLES, max_size=4))
def test_any_document(document: dict[str, Any]) -> None:
    """Any document that tomlkit writes round-trips, and every key has the right path."""
    text = tomlkit.dumps(document)
    statements = parse_statements(text)
    assert join_statements(statements).rstrip("\n") == text.rstrip("\n")
    for statement in statements:
        assert any(True for _ in _find_values(loads(text), statement.key))


def _find_values(value: Any, path: tuple[str, ...]) -> Iterator[Any]:  # noqa: ANN401 (it is TOML)
    """Yield the values at a path, one for each table of an array."""
    if isinstance(value, list):
        for item in value:
            yield from _find_values(item, path)
    elif not path:
        yield value
    elif isinstance(value, dict) and path[0] in value:
        yield from ([value] if path[1:] == () else _find_values(value[path[0]], path[1:]))
