"""`hatch-torch completion`, and what the command does for people who type."""

from __future__ import annotations

import shutil
import subprocess
from typing import TYPE_CHECKING, NoReturn

import pytest

from hatch_torch.cli import detect, main as commands
from hatch_torch.cli.main import main

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable

    Run = Callable[..., tuple[int, str]]

ASK_BASH = """
{script}
COMP_WORDS=(hatch-torch {words}); COMP_CWORD={place}
_hatch_torch
echo "${{COMPREPLY[@]}}"
"""


@pytest.mark.parametrize(
    ("words", "place", "expected"),
    [
        ("sta", 1, "status"),
        ("s", 1, "status sync"),
        ("status --j", 2, "--json"),
        ("completion f", 2, "fish"),
        ("doctor x", 2, ""),
    ],
)
def test_bash(run: Run, words: str, place: int, expected: str) -> None:
    """A real bash completes commands, their options and their values."""
    script = ASK_BASH.format(script=run("completion", "bash")[1], words=words, place=place)
    bash = shutil.which("bash")
    assert bash
    done = subprocess.run([bash, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == expected


@pytest.mark.parametrize("shell", ["zsh", "fish"])
def test_other_shells(run: Run, shell: str) -> None:
    """A script names every command, its help and its options; the shell reads it, if it is here."""
    code, script = run("completion", shell)
    assert code == 0
    for told in ("status", "still right", "dry-run", "verify"):
        assert told in script
    if program := shutil.which(shell):
        subprocess.run([program, "-n"], input=script, text=True, check=True)


@pytest.mark.parametrize(
    ("word", "hint"),
    [
        ("statsu", "there is no command 'statsu'; did you mean 'status'?"),
        ("zzz", "there is no command 'zzz'; choose from init, detect"),
    ],
)
def test_a_mistyped_command(capsys: pytest.CaptureFixture[str], word: str, hint: str) -> None:
    """A command that is none is bad usage, and the nearest one is named."""
    with pytest.raises(SystemExit) as ended:
        main([word])
    assert ended.value.code == 2
    assert hint in capsys.readouterr().err


def test_help_has_examples(capsys: pytest.CaptureFixture[str]) -> None:
    """`--help` ends with examples, in their own lines."""
    for words in (["--help"], ["install", "--help"]):
        with pytest.raises(SystemExit) as ended:
            main(words)
        assert ended.value.code == 0
        assert "\nexamples:\n  hatch-torch " in capsys.readouterr().out


def test_every_command_is_known() -> None:
    """A command's module is named after it."""
    assert len(commands.COMMANDS) == len({*commands.COMMANDS})
    for name in commands.COMMANDS:
        with pytest.raises(SystemExit) as ended:
            main([name, "--help"])
        assert ended.value.code == 0


def test_interrupted(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """Ctrl-C ends a command without a traceback, with the exit code that shells expect."""

    def interrupt(_options: argparse.Namespace) -> NoReturn:
        raise KeyboardInterrupt

    monkeypatch.setattr(detect, "run", interrupt)
    assert main(["detect"]) == 130
    assert capsys.readouterr().err == "hatch-torch: interrupted\n"
