"""Values written as TOML are read back as they were."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, strategies as st

from hatch_torch._toml import (
    format_array,
    format_key_lines,
    format_path,
    format_value,
    loads,
    quote,
)

# TOML has no surrogates.
_TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
_VALUES = st.recursive(
    _TEXT | st.booleans() | st.integers(-(2**63), 2**63 - 1),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_TEXT, inner, max_size=3),
    max_leaves=8,
)


@given(_TEXT)
def test_quote(text: str) -> None:
    """Any string survives, control characters too."""
    assert loads(f"a = {quote(text)}") == {"a": text}


@given(st.dictionaries(_TEXT, _VALUES, max_size=4))
def test_key_lines(table: dict[str, Any]) -> None:
    """A table survives, with keys that have to be quoted."""
    assert loads(format_key_lines(table)) == table


@given(st.lists(_VALUES, max_size=4))
def test_array(items: list[Any]) -> None:
    """An array survives, with one item a line if it has several."""
    text = format_array(items)
    assert loads(f"a = {text}") == {"a": items}
    assert len(text.splitlines()) >= (len(items) + 2 if len(items) > 1 else 1)


def test_formats() -> None:
    """Values look as people write them."""
    assert format_path(("tool", "uv", "a b")) == 'tool.uv."a b"'
    assert (
        format_value({"index": "pytorch", "extra": "cpu"}) == '{ index = "pytorch", extra = "cpu" }'
    )
    assert format_value([{}, ["a"], True, 1]) == '[{}, ["a"], true, 1]'
    marker = 'torch; platform_system == "Linux"'
    assert (quote(marker), quote(f"{marker}'")) == (
        f"'{marker}'",
        '"torch; platform_system == \\"Linux\\"\'"',
    )
    assert format_array(["a"]) == '["a"]'
    assert format_array(["a", "b"]) == '[\n  "a",\n  "b",\n]'


def test_other_types() -> None:
    """A type that the writer does not know is refused."""
    with pytest.raises(TypeError, match="cannot write NoneType as TOML"):
        format_value(None)
