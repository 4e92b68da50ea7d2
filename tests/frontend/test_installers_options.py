"""Splitting a command line into options."""

from __future__ import annotations

import pytest
from hypothesis import given, settings, strategies as st

from hatch_torch.frontend.installers import POSITIONAL, Option, OptionParser

PARSER = OptionParser.of(values=["--editable -e", "--log --log-file"], flags=["--upgrade -U"])
ABBREVIATING = PARSER | OptionParser.of(flags=["--user"], abbreviates=True)


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("-e .", [("--editable", ".")]),
        ("-e.", [("--editable", ".")]),
        ("-e=.", [("--editable", ".")]),
        ("-qUe . x", [("-q", ""), ("--upgrade", ""), ("--editable", "."), (POSITIONAL, "x")]),
        ("--editable=. x", [("--editable", "."), (POSITIONAL, "x")]),
        ("--log install x", [("--log", "install"), (POSITIONAL, "x")]),
        ("--log-file a", [("--log", "a")]),
        ("--unknown x", [("--unknown", ""), (POSITIONAL, "x")]),
        ("--unknown=x", [("--unknown", "x")]),
        ("--upgr", [("--upgr", "")]),
        ("- x", [(POSITIONAL, "-"), (POSITIONAL, "x")]),
        ("-- -U", [(POSITIONAL, "-U")]),
        ("-e", [("--editable", "")]),
        ("--log", [("--log", "")]),
    ],
)
def test_parse(line: str, expected: list[tuple[str, str]]) -> None:
    """Every way to write an option and its value is parsed."""
    assert [Option(*pair) for pair in expected] == [*PARSER.parse(line.split())]


@pytest.mark.parametrize(
    ("spelled", "expected"), [("--upg", "--upgrade"), ("--u", "--u"), ("--edi", "--editable")]
)
def test_abbreviation(spelled: str, expected: str) -> None:
    """A prefix stands for an option if only one option begins with it (Python's optparse)."""
    assert expected == ABBREVIATING.canonical(spelled)


@settings(max_examples=100, deadline=None)
@given(st.lists(st.text()))
def test_parse_anything(words: list[str]) -> None:
    """Any words are parsed, and no value comes out that was not put in."""
    given_text = "\0".join(words)

    assert all(option.value in given_text for option in PARSER.parse(words))
