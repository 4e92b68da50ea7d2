"""The command `hatch-torch`: its help, its errors and its exit codes."""

from __future__ import annotations

import io
import runpy
import sys
from typing import TYPE_CHECKING, NoReturn

import pytest

from hatch_torch import __version__
from hatch_torch.cli import detect
from hatch_torch.cli.main import COMMANDS, main

if TYPE_CHECKING:
    import argparse


def test_version(capsys: pytest.CaptureFixture[str]) -> None:
    """`--version` is one line."""
    with pytest.raises(SystemExit):
        main(["--version"])
    assert capsys.readouterr().out == f"hatch-torch {__version__}\n"


def test_no_command() -> None:
    """Without a subcommand it is a usage error."""
    with pytest.raises(SystemExit) as ended:
        main([])
    assert ended.value.code == 2


def test_python_m(monkeypatch: pytest.MonkeyPatch) -> None:
    """`python -m hatch_torch` is the same command."""
    monkeypatch.setattr(sys, "argv", ["hatch-torch", "detect", "--json"])
    with pytest.raises(SystemExit) as ended:
        runpy.run_module("hatch_torch", run_name="__main__")
    assert ended.value.code == 0


@pytest.mark.parametrize(
    ("command", "message"),
    [
        ("statsu", "error: unknown command 'statsu'\nhint: did you mean 'status'?"),
        ("zzz", "error: unknown command 'zzz' (choose from init, detect"),
    ],
)
def test_unknown_command(capsys: pytest.CaptureFixture[str], command: str, message: str) -> None:
    """An unknown command is a usage error, with the nearest command as a hint."""
    with pytest.raises(SystemExit) as ended:
        main([command])
    assert ended.value.code == 2
    assert message in capsys.readouterr().err


def test_help_has_examples(capsys: pytest.CaptureFixture[str]) -> None:
    """`--help` ends with examples that keep their line breaks."""
    for arguments in (["--help"], ["install", "--help"]):
        with pytest.raises(SystemExit) as ended:
            main(arguments)
        assert ended.value.code == 0
        assert "\nexamples:\n  hatch-torch " in capsys.readouterr().out


def test_every_command_has_a_module() -> None:
    """Every command's module is named after it."""
    assert len(COMMANDS) == len({*COMMANDS})
    for name in COMMANDS:
        with pytest.raises(SystemExit) as ended:
            main([name, "--help"])
        assert ended.value.code == 0


def test_interrupted(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """Ctrl-C ends a command without a traceback, with the exit code that shells expect."""

    def interrupt(_options: argparse.Namespace) -> NoReturn:
        raise KeyboardInterrupt

    monkeypatch.setattr(detect, "run", interrupt)
    assert main(["detect"]) == 130
    assert capsys.readouterr().err == "interrupted\n"


def test_output_that_the_code_page_lacks(monkeypatch: pytest.MonkeyPatch) -> None:
    """A character that the output's encoding can't spell is escaped, and ends no command."""

    def show(_options: object) -> int:
        print("C:\\тест é")  # noqa: T201 (a command)
        return 0

    output = io.BytesIO()
    stream = io.TextIOWrapper(output, encoding="cp1252", newline="\n", write_through=True)
    monkeypatch.setattr(sys, "stdout", stream)
    monkeypatch.setattr(detect, "run", show)

    assert main(["detect"]) == 0
    assert output.getvalue() == b"C:\\\\u0442\\u0435\\u0441\\u0442 \xe9\n"
