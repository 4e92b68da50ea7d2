"""Reading the words of a command line."""

from __future__ import annotations

import pytest
from hypothesis import given, settings, strategies as st

from hatch_torch.frontend.installers import WORD, Grammar, Option

GRAMMAR = Grammar.of(values=["--editable -e", "--log --log-file"], flags=["--upgrade -U"])
ABBREVIATING = GRAMMAR | Grammar.of(flags=["--user"], abbreviates=True)


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("-e .", [("--editable", ".")]),
        ("-e.", [("--editable", ".")]),
        ("-e=.", [("--editable", ".")]),
        ("-qUe . x", [("-q", ""), ("--upgrade", ""), ("--editable", "."), (WORD, "x")]),
        ("--editable=. x", [("--editable", "."), (WORD, "x")]),
        ("--log install x", [("--log", "install"), (WORD, "x")]),
        ("--log-file a", [("--log", "a")]),
        ("--unknown x", [("--unknown", ""), (WORD, "x")]),
        ("--unknown=x", [("--unknown", "x")]),
        ("--upgr", [("--upgr", "")]),
        ("- x", [(WORD, "-"), (WORD, "x")]),
        ("-- -U", [(WORD, "-U")]),
        ("-e", [("--editable", "")]),
        ("--log", [("--log", "")]),
    ],
)
def test_read(line: str, expected: list[tuple[str, str]]) -> None:
    """Every way to write an option and its value is read."""
    assert [Option(*pair) for pair in expected] == [*GRAMMAR.read(line.split())]


@pytest.mark.parametrize(
    ("spelled", "expected"), [("--upg", "--upgrade"), ("--u", "--u"), ("--edi", "--editable")]
)
def test_abbreviation(spelled: str, expected: str) -> None:
    """A beginning stands for an option where only one begins so (Python's optparse)."""
    assert expected == ABBREVIATING.canonical(spelled)


@settings(max_examples=100, deadline=None)
@given(st.lists(st.text()))
def test_read_anything(words: list[str]) -> None:
    """Any words are read, and no word comes out that was not put in."""
    given_text = "\0".join(words)

    assert all(option.value in given_text for option in GRAMMAR.read(words))
