"""`hatch-torch completion`."""

from __future__ import annotations

import shutil
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pathlib import Path

    from tests.cli.conftest import Run

COMPLETE_IN_BASH = """
{script}
COMP_WORDS=(hatch-torch {words}); COMP_CWORD={cword}
_shtab_hatch_torch
echo "${{COMPREPLY[@]}}"
"""


def complete(script: str, words: str, cword: int, folder: Path) -> list[str]:
    """Return what a real bash completes, in any order."""
    bash = shutil.which("bash")
    assert bash
    text = COMPLETE_IN_BASH.format(script=script, words=words, cword=cword)
    process = subprocess.run(
        [bash, "-c", text], capture_output=True, text=True, check=True, cwd=folder
    )
    return sorted(process.stdout.split())


@pytest.mark.parametrize(
    ("words", "cword", "expected"),
    [
        ("sta", 1, ["status"]),
        ("s", 1, ["status", "sync"]),
        ("status --j", 2, ["--json"]),
        ("completion f", 2, ["fish"]),
        ("cache c", 2, ["clear"]),
        ("install -r need", 3, ["needs.txt"]),
        ("status f", 2, ["folder"]),
    ],
)
def test_bash(run: Run, tmp_path: Path, words: str, cword: int, expected: list[str]) -> None:
    """A real bash completes commands, options, values, files and folders."""
    (tmp_path / "needs.txt").touch()
    (tmp_path / "file.txt").touch()
    (tmp_path / "folder").mkdir()
    _, script = run("completion", "bash")
    assert [word.rstrip("/") for word in complete(script, words, cword, tmp_path)] == expected


@pytest.mark.parametrize("shell", ["zsh", "fish", "tcsh", "powershell"])
def test_other_shells(run: Run, shell: str) -> None:
    """A script names commands and options; the shell parses it, if it is installed."""
    code, script = run("completion", shell)
    assert code == 0
    for expected in ("status", "dry-run", "verify"):
        assert expected in script
    if shell != "powershell" and (program := shutil.which(shell)):
        subprocess.run([program, "-n"], input=script, text=True, check=True)


def test_without_shtab(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without shtab the error says what to install."""
    monkeypatch.setitem(sys.modules, "shtab", None)
    code, output = run("completion", "bash")
    assert (code, output.splitlines()) == (
        2,
        [
            "error: completion needs shtab, which is not installed",
            "hint: run: pip install 'hatch-torch[cli]'",
        ],
    )
