"""Tables and lines, with rich and without."""

from __future__ import annotations

import json
import re
import sys

import pytest

from hatch_torch.cli import render as show

_COLUMNS = ("backend", "usable", "reason")
_ROWS = [("cu130", "no", "driver"), ("cu126", "yes", "")]


@pytest.fixture
def drawn(monkeypatch: pytest.MonkeyPatch) -> None:
    """Ask for what a terminal gets."""
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("NO_COLOR", "1")


@pytest.fixture
def plain(drawn: None, monkeypatch: pytest.MonkeyPatch) -> None:  # noqa: ARG001 (its variables)
    """Take rich away, as where the extra `cli` is not installed."""
    monkeypatch.setitem(sys.modules, "rich", None)


def test_as_json(capsys: pytest.CaptureFixture[str]) -> None:
    """One object is printed, and nothing else."""
    show.as_json({"schema": 1, "name": "Radeon™"})
    assert json.loads(capsys.readouterr().out) == {"schema": 1, "name": "Radeon™"}


def test_fields(capsys: pytest.CaptureFixture[str]) -> None:
    """Values stand below each other."""
    show.fields("Decision", iter([("backend", "cu124"), ("by", "detection")]))
    assert capsys.readouterr().out == "Decision\n  backend  cu124\n  by       detection\n"


def test_no_fields(capsys: pytest.CaptureFixture[str]) -> None:
    """A title stands alone where there is nothing below it."""
    show.fields("Decision", [])
    assert capsys.readouterr().out == "Decision\n"


@pytest.mark.usefixtures("plain")
def test_plain_table(capsys: pytest.CaptureFixture[str]) -> None:
    """Without rich a table is complete too."""
    show.table("Backends", _COLUMNS, iter(_ROWS))
    assert capsys.readouterr().out.splitlines() == [
        "Backends",
        "  backend  usable  reason",
        "  -------  ------  ------",
        "  cu130    no      driver",
        "  cu126    yes",
    ]


@pytest.mark.usefixtures("plain")
def test_empty_plain_table(capsys: pytest.CaptureFixture[str]) -> None:
    """A table without rows has its columns."""
    show.table("Backends", ("a", "b"), [])
    assert capsys.readouterr().out.splitlines() == ["Backends", "  a  b", "  -  -"]


@pytest.mark.usefixtures("drawn")
def test_rich_table(capsys: pytest.CaptureFixture[str]) -> None:
    """With rich every cell is shown as it is: brackets are no markup."""
    show.table("Backends", _COLUMNS, [("cu130", "no", "[bold]too old[/bold]")])
    said = re.sub(r"\x1b\[\d*m", "", capsys.readouterr().out)
    title, head, *_, row = filter(None, map(str.strip, said.splitlines()))
    assert (title, head.split()) == ("Backends", [*_COLUMNS])
    assert row.split(maxsplit=2) == ["cu130", "no", "[bold]too old[/bold]"]


def test_table_for_programs(capsys: pytest.CaptureFixture[str]) -> None:
    """In a pipe a row is a line, however long, and nothing is drawn."""
    show.table("Backends", _COLUMNS, [("cu130", "no", "too old " * 30)])
    *_, row = capsys.readouterr().out.splitlines()
    assert row == "  cu130    no      " + ("too old " * 30).strip()


def test_notes(capsys: pytest.CaptureFixture[str]) -> None:
    """Lines stand under a title."""
    show.notes("Notes", iter(["one", "two"]))
    assert capsys.readouterr().out == "Notes\n  one\n  two\n"


def test_no_notes(capsys: pytest.CaptureFixture[str]) -> None:
    """Nothing to note is not worth a title."""
    show.notes("Notes", [])
    assert capsys.readouterr().out == ""


def test_control_characters(capsys: pytest.CaptureFixture[str]) -> None:
    """The name of a device cannot steer the terminal."""
    show.notes("Notes", ["\x1b[31mGPU\x07 \x9b2J™"])
    assert capsys.readouterr().out == "Notes\n  [31mGPU 2J™\n"


def test_title_on_a_terminal(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A title is bold on a terminal, unless NO_COLOR asks for plain text."""
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    monkeypatch.delenv("NO_COLOR", raising=False)
    show.notes("Notes", ["one"])
    assert capsys.readouterr().out == "\033[1mNotes\033[0m\n  one\n"
    monkeypatch.setenv("NO_COLOR", "1")
    show.notes("Notes", ["one"])
    assert capsys.readouterr().out == "Notes\n  one\n"
