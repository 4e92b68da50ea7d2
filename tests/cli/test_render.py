"""Tables, fields and lines, with and without rich."""

from __future__ import annotations

import json
import re
import sys

import pytest

from hatch_torch.cli.render import print_fields, print_json, print_lines, print_table

_COLUMNS = ("backend", "usable", "reason")
_ROWS = [("cu130", "no", "driver"), ("cu126", "yes", "")]


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    """Format the output as on a terminal."""
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("NO_COLOR", "1")


@pytest.fixture
def without_rich(terminal: None, monkeypatch: pytest.MonkeyPatch) -> None:  # noqa: ARG001 (its variables)
    """Hide rich, as if the extra `cli` were not installed."""
    monkeypatch.setitem(sys.modules, "rich", None)


def test_json(capsys: pytest.CaptureFixture[str]) -> None:
    """One object is printed, and nothing else."""
    print_json({"schema": 1, "name": "Radeon™"})
    assert json.loads(capsys.readouterr().out) == {"schema": 1, "name": "Radeon™"}


def test_fields(capsys: pytest.CaptureFixture[str]) -> None:
    """Values are aligned."""
    print_fields("Decision", iter([("backend", "cu124"), ("by", "detection")]))
    assert capsys.readouterr().out == "Decision\n  backend  cu124\n  by       detection\n"


def test_no_fields(capsys: pytest.CaptureFixture[str]) -> None:
    """Without fields the title is printed alone."""
    print_fields("Decision", [])
    assert capsys.readouterr().out == "Decision\n"


@pytest.mark.usefixtures("without_rich")
def test_plain_table(capsys: pytest.CaptureFixture[str]) -> None:
    """Without rich a table is complete too."""
    print_table("Backends", _COLUMNS, iter(_ROWS))
    assert capsys.readouterr().out.splitlines() == [
        "Backends",
        "  backend  usable  reason",
        "  -------  ------  ------",
        "  cu130    no      driver",
        "  cu126    yes",
    ]


@pytest.mark.usefixtures("without_rich")
def test_empty_plain_table(capsys: pytest.CaptureFixture[str]) -> None:
    """A table without rows has its header."""
    print_table("Backends", ("a", "b"), [])
    assert capsys.readouterr().out.splitlines() == ["Backends", "  a  b", "  -  -"]


@pytest.mark.usefixtures("terminal")
def test_rich_table(capsys: pytest.CaptureFixture[str]) -> None:
    """Rich prints every cell as it is: brackets are no markup."""
    print_table("Backends", _COLUMNS, [("cu130", "no", "[bold]too old[/bold]")])
    screen = re.sub(r"\x1b\[\d*m", "", capsys.readouterr().out)
    title, head, *_, row = filter(None, map(str.strip, screen.splitlines()))
    assert (title, head.split()) == ("Backends", [*_COLUMNS])
    assert row.split(maxsplit=2) == ["cu130", "no", "[bold]too old[/bold]"]


def test_table_in_a_pipe(capsys: pytest.CaptureFixture[str]) -> None:
    """In a pipe a row is one line, however long, and nothing is drawn."""
    print_table("Backends", _COLUMNS, [("cu130", "no", "too old " * 30)])
    *_, row = capsys.readouterr().out.splitlines()
    assert row == "  cu130    no      " + ("too old " * 30).strip()


def test_lines(capsys: pytest.CaptureFixture[str]) -> None:
    """Lines are printed below the title."""
    print_lines("Notes", iter(["one", "two"]))
    assert capsys.readouterr().out == "Notes\n  one\n  two\n"


def test_no_lines(capsys: pytest.CaptureFixture[str]) -> None:
    """Without lines there is no title."""
    print_lines("Notes", [])
    assert capsys.readouterr().out == ""


def test_control_characters(capsys: pytest.CaptureFixture[str]) -> None:
    """The name of a device cannot control the terminal."""
    print_lines("Notes", ["\x1b[31mGPU\x07 \x9b2J™"])
    assert capsys.readouterr().out == "Notes\n  [31mGPU 2J™\n"


def test_title_on_a_terminal(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A title is bold on a terminal, unless NO_COLOR is set."""
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    monkeypatch.delenv("NO_COLOR", raising=False)
    print_lines("Notes", ["one"])
    assert capsys.readouterr().out == "\033[1mNotes\033[0m\n  one\n"
    monkeypatch.setenv("NO_COLOR", "1")
    print_lines("Notes", ["one"])
    assert capsys.readouterr().out == "Notes\n  one\n"
