"""Edits of a TOML text, each with the text around it that must not change."""

from __future__ import annotations

import pytest

from hatch_torch.init.toml_edit import (
    append_item,
    append_table,
    ensure_table,
    has_table,
    move_key,
    remove_key,
    remove_section,
    rename_table,
    set_value,
)


@pytest.mark.parametrize(
    ("text", "path", "expected"),
    [
        ("", "a.b", "[a]\nb = 1\n"),
        ("[a]\n", "a.b", "[a]\nb = 1\n"),
        ("[a]\nx = 2 # x\n\n# c\n[c]\n", "a.b", "[a]\nx = 2 # x\nb = 1\n\n# c\n[c]\n"),
        ("[a]\n  x = 2\n", "a.b", "[a]\n  x = 2\n  b = 1\n"),
        ("[a]\nb = 2   # why\n", "a.b", "[a]\nb = 1   # why\n"),
        ("[a]\nb.x = 2\nc = 3\n", "a.b.y", "[a]\nb.x = 2\nb.y = 1\nc = 3\n"),
        ("a.x = 2\n[c]\n", "a.b", "a.x = 2\na.b = 1\n[c]\n"),
        ("a = { x = 2 }\n", "a.b", "a = { x = 2, b = 1}\n"),
        ("[a]\nb.x = 2\nb.y = 3\n", "a.b", "[a]\nb = 1\n"),
        ("[a]\n[a.b]\nx = 2\n[c]\n", "a.b", "[a]\nb = 1\n[c]\n"),
        ("[[a]]\nx = 2\n", "c.d", "[[a]]\nx = 2\n\n[c]\nd = 1\n"),
        ('[a."x y"]\n', "a.x y.b", '[a."x y"]\nb = 1\n'),
    ],
)
def test_set_value(text: str, path: str, expected: str) -> None:
    """A key is set in place, else below the last key of its table, else in a new table."""
    assert set_value(text, tuple(path.split(".")), "1") == expected


def test_set_value_quotes_keys() -> None:
    """A key that is not bare is quoted."""
    assert set_value("", ("a", "x y", "b.c"), "1") == '[a."x y"]\n"b.c" = 1\n'


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", '[a]\nb = ["x", "new"]\n'),
        ("[a]\nb = ['y']  # c\n", "[a]\nb = ['y', \"new\"]  # c\n"),
        (
            "[a]\nb = [\n    'y',  # c\n    # d\n]\n",
            "[a]\nb = [\n    'y',  # c\n    # d\n    \"new\"\n]\n",
        ),
        ("[a]\nb = []\n", '[a]\nb = ["new"]\n'),
        ("a = { x = 1 }\n", 'a = { x = 1, b = ["x", "new"]}\n'),
        ("a = { b = ['y'] }\n", "a = { b = ['y', \"new\"] }\n"),
    ],
)
def test_append_item(text: str, expected: str) -> None:
    """The new item comes last and follows the layout of the array."""
    assert append_item(text, ("a", "b"), '"new"', first=['"x"']) == expected


def test_append_item_to_array_of_tables() -> None:
    """An array written with headers gets one more header."""
    text = '[[a]]\nfile = "x"\n'
    assert append_item(text, ("a",), '{ file = "y" }') == f'{text}\n[[a]]\nfile = "y"\n'


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("[a]\nx = 1\nb = 2\n\n[c]\n", "[a]\nx = 1\n\n[c]\n"),
        ("[a]\nx = 1\n\nb = 2\n\n[c]\n", "[a]\nx = 1\n\n[c]\n"),
        ("[a]\nx = 1\n[a.b]\n# c\ny = 2\n\n[c]\n", "[a]\nx = 1\n# c\n[c]\n"),
        ("[a]\nb.x = 1\nb.y = 2\n", "[a]\n"),
        ("a = { x = 1, b = 2 }\n", "a = { x = 1 }\n"),
        ("[a]\nx = 1", "[a]\nx = 1"),
    ],
)
def test_remove_key(text: str, expected: str) -> None:
    """A key or a table is removed, however it is written; everything else stays."""
    assert remove_key(text, ("a", "b")).replace("1  }", "1 }") == expected


def test_remove_section() -> None:
    """One table of an array is removed, with the comment above it."""
    text = "# a\n[[t]]\nx = 1\n\n# b\n[[t]]\n# in it\nx = 2\n\n# c\n[c]\n"
    assert remove_section(text, 2) == "# a\n[[t]]\nx = 1\n\n# c\n[c]\n"


def test_rename_table() -> None:
    """Only the header changes."""
    text = "[a]\n# c\nx = [\n]\n[ b ]  # d\n"
    assert rename_table(text, ("a",), ("n", "m")) == text.replace("[a]", "[n.m]")
    assert rename_table(text, ("b",), ("n",)) == text.replace("[ b ]", "[n]")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("[a]\nx = 1\n# c\nb = 2 # d\n", "[a]\nx = 1\n\n[n]\n# c\nm = 2 # d\n"),
        ("[n]\ny = 1\n[a]\nb = 2\n", "[n]\ny = 1\nm = 2\n[a]\n"),
        ("[a]\n\nb = 2\n\nx = 1\n", "[a]\n\nx = 1\n\n[n]\nm = 2\n"),
        ("a = { b = [2] }\n", "a = { }\n\n[n]\nm = [2]\n"),
    ],
)
def test_move_key(text: str, expected: str) -> None:
    """A key takes its comments along, however its table is written."""
    assert move_key(text, ("a", "b"), ("n", "m")).replace("{  }", "{ }") == expected


def test_empty_tables() -> None:
    """Empty sibling tables go together; inside an inline table there is no header."""
    text = append_table("[a]\n", ("t", "u", "x"))
    assert append_table(text, ("t", "u", "y")) == "[a]\n\n[t.u.x]\n[t.u.y]\n"
    assert ensure_table("t = { u = {} }\n", ("t", "u", "x")) == "t = { u = {x = {}} }\n"
    assert has_table(text, ("t", "u", "x"))
    assert not has_table(text, ("t", "u"))
