"""Command lines that people copy into a shell come out as the words that they were."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, strategies as st

from hatch_torch.frontend.process_tree import Process, split_command_line
from hatch_torch.frontend.shell import choose_shell, find_shell, join_command

if TYPE_CHECKING:
    from hatch_torch.frontend.shell import Shell

WORDS = (r"C:\a b\python.exe", "-m", "pip", "install", "torch>2", "it's,[x]", "-e", ".")


@pytest.mark.parametrize(
    ("shell", "expected"),
    [
        (
            "posix",
            r"""A='b c' 'C:\a b\python.exe' -m pip install 'torch>2' 'it'"'"'s,[x]' -e .""",
        ),
        (
            "cmd",
            r"""set "A=b c" && "C:\a b\python.exe" -m pip install "torch>2" "it's,[x]" -e .""",
        ),
        (
            "powershell",
            r"""$env:A = 'b c'; & 'C:\a b\python.exe' -m pip install 'torch>2' 'it''s,[x]' -e .""",
        ),
    ],
)
def test_quoting(shell: Shell, expected: str) -> None:
    """Each shell has its own quotation marks, and its own way to set a variable."""
    assert join_command(WORDS, {"A": "b c"}, shell) == expected


@pytest.mark.parametrize("word", ["@file", "a,b", "#x", "{x}", "$x", "a;b", "(x)", ""])
def test_powershell_operators(word: str) -> None:
    """What PowerShell reads as an operator is in quotation marks; a plain program is none."""
    assert join_command(("pip", word), {}, "powershell") == f"pip '{word}'"


@given(st.lists(st.text(st.sampled_from('ab \t\\">&%'), max_size=6), min_size=1, max_size=4))
def test_cmd_words(words: list[str]) -> None:
    """A program of Windows gets the words back, quotation marks and backslashes too."""
    assert split_command_line(join_command(words, {}, "cmd")) == tuple(words)


@given(st.lists(st.text(), min_size=1, max_size=4))
def test_posix_words(words: list[str]) -> None:
    """So does one of another system."""
    assert shlex.split(join_command(words, {}, "posix")) == words


@pytest.mark.parametrize(
    ("programs", "expected"),
    [
        ((r"C:\x\python.exe", r"C:\Program Files\PowerShell\7\pwsh.exe", "cmd.exe"), "powershell"),
        (("hatch-torch.exe", "CMD.EXE", "powershell.exe"), "cmd"),
        ((r"C:\Program Files\Git\usr\bin\bash.exe",), "posix"),
        (("explorer.exe",), "cmd"),
        ((), "cmd"),
    ],
)
def test_nearest_shell(programs: tuple[str, ...], expected: str) -> None:
    """On Windows the nearest shell above counts; by default it is cmd."""
    processes = (Process(1), *(Process(2, (program,)) for program in programs))

    assert choose_shell(lambda: processes) == expected


def test_unknown_processes() -> None:
    """Where the processes can't be read it is cmd on Windows, elsewhere a POSIX shell."""
    assert choose_shell(lambda: None) == "cmd"
    assert find_shell() in {"posix", "cmd", "powershell"}
