"""A TOML text as statements."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import tomlkit
from hypothesis import given, settings, strategies as st

from hatch_torch.init.toml_edit import read, text_of, values

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[2]
FILES = [
    ROOT / "pyproject.toml",
    *sorted(ROOT.glob("hatch_torch/catalog/data/*.toml")),
    *sorted(ROOT.glob("tests/**/projects/*.toml")),
]
HARD = '''\
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
def test_makes_the_text_again(path: Path) -> None:
    """Nothing is lost between the statements."""
    text = path.read_text(encoding="utf-8")
    assert text_of(read(text)) == text


def test_strings_and_brackets() -> None:
    """An end of a line, a bracket or a `#` in a string or an array ends nothing."""
    statements = read(HARD)
    assert text_of(statements) == HARD
    assert [(one.table, one.key, one.header, one.array) for one in statements] == [
        ((), ("a", "b.c", "d = e"), False, False),
        ((), ("l",), False, False),
        ((), ("m",), False, False),
        (("t", "u v"), (), True, False),
        (("t", "u v"), ("t", "u v", "k"), False, False),
        (("t", "n"), (), True, True),
        (("t", "n"), ("t", "n", "="), False, True),
        (("t", "n"), (), True, True),
    ]
    assert [one.section for one in statements] == [0, 0, 0, 1, 1, 2, 2, 3]


def test_adds_the_last_end_of_a_line() -> None:
    """The last line may lack its end, and there may be none."""
    assert (text_of(read("a = 1")), read("")) == ("a = 1\n", ())


@settings(max_examples=80, deadline=None)
@given(st.dictionaries(KEYS, TABLES, max_size=4))
def test_any_text(document: dict[str, Any]) -> None:
    """Whatever a writer of TOML writes is cut and put together, and every key is where it is."""
    text = tomlkit.dumps(document)
    statements = read(text)
    assert text_of(statements).rstrip("\n") == text.rstrip("\n")
    for one in statements:
        assert any(True for _ in _at(values(text), one.key))


def _at(value: Any, path: tuple[str, ...]) -> Iterator[Any]:  # noqa: ANN401 (it is TOML)
    """Yield what stands at a path, in each of the tables of an array."""
    if isinstance(value, list):
        for one in value:
            yield from _at(one, path)
    elif not path:
        yield value
    elif isinstance(value, dict) and path[0] in value:
        yield from ([value] if path[1:] == () else _at(value[path[0]], path[1:]))
