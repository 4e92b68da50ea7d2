"""Which processes stand above this one."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings, strategies as st

from hatch_torch.frontend.process_tree import (
    PS,
    Process,
    get_ancestors,
    parse_environ,
    parse_ps,
    parse_stat,
    parse_words,
    run_command,
    split_command_line,
)
from hatch_torch.frontend.windows_processes import Parameters

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path


def _answer(expected: Sequence[str], text: str) -> Callable[[Sequence[str]], str]:
    def answer(command: Sequence[str]) -> str:
        assert expected == command
        return text

    return answer


def _write(proc: Path, pid: int, parent: int, words: bytes) -> Path:
    folder = proc / str(pid)
    folder.mkdir()
    (folder / "stat").write_text(f"{pid} (a ) b) S {parent} 1 1 0")
    (folder / "cmdline").write_bytes(words)
    return folder


def test_here() -> None:
    """The first is this very process; on Linux with its folder and environment."""
    found = get_ancestors()

    assert found is not None
    assert os.getpid() == found[0].pid
    assert found[1].pid == os.getppid()


def test_proc(tmp_path: Path) -> None:
    """On Linux each process is a folder; what is hidden of it is left out."""
    folder = _write(tmp_path, 7, 3, b"pip\0install\0-e\0\0")
    (folder / "cwd").symlink_to(tmp_path)
    (folder / "environ").write_bytes(b"A=b=c\0odd\0")
    _write(tmp_path, 3, 0, b"")

    actual = get_ancestors(7, system="Linux", proc=tmp_path)

    first = Process(7, ("pip", "install", "-e", ""), str(tmp_path), {"A": "b=c"})
    assert (first, Process(3)) == actual


def test_proc_hidden(tmp_path: Path) -> None:
    """A process that is hidden ends the list; none at all is no answer."""
    _write(tmp_path, 7, 3, b"pip\0")

    assert (Process(7, ("pip",)),) == get_ancestors(7, system="Linux", proc=tmp_path)
    assert get_ancestors(8, system="Linux", proc=tmp_path) is None


def test_proc_circle(tmp_path: Path) -> None:
    """A circle ends."""
    _write(tmp_path, 7, 7, b"pip\0")

    assert len(get_ancestors(7, system="Linux", proc=tmp_path) or ()) == 64


def test_ps() -> None:
    """On macOS `ps` tells all processes at once."""
    text = "    1     0 /sbin/launchd\n  500     1 -zsh\n  612   500 python -m  pip install\n9 1\n"

    actual = get_ancestors(612, system="Darwin", run=_answer(PS, text))

    expected = (
        Process(612, ("python", "-m", "pip", "install")),
        Process(500, ("-zsh",)),
        Process(1, ("/sbin/launchd",)),
    )
    assert expected == actual


def test_ps_circle() -> None:
    """A circle ends there too."""
    assert len(get_ancestors(1, system="Darwin", run=lambda _: "1 1 a") or ()) == 64


def test_windows() -> None:
    """On Windows each has its folder and its variables, whose names ignore case."""
    rows = (
        (8, Parameters(r'"C:\a b\pip.exe"  install -e .', r"C:\app", "=C:=C:\\\0Pip_Pre=1")),
        (4, Parameters("cmd.exe")),
    )

    actual = get_ancestors(8, system="Windows", read_windows=lambda _: rows)

    pip = Process(8, (r"C:\a b\pip.exe", "install", "-e", "."), r"C:\app", {"PIP_PRE": "1"})
    assert actual == (pip, Process(4, ("cmd.exe",)))


@pytest.mark.skipif(sys.platform == "win32", reason="there they can be read")
def test_windows_unreadable() -> None:
    """Processes that can't be read are no answer."""
    assert get_ancestors(8, system="Windows") is None
    assert get_ancestors(8, system="Windows", read_windows=lambda _: ()) is None


def test_ps_garbage() -> None:
    """A table that is none is no answer."""
    assert get_ancestors(8, system="Darwin", run=lambda _: "PID PPID COMMAND") is None


@pytest.mark.parametrize(
    "error", [FileNotFoundError("ps"), subprocess.TimeoutExpired("ps", 20), ValueError("odd")]
)
def test_broken(error: Exception) -> None:
    """A command that is missing or hangs is no answer, and no error."""

    def broken(_: Sequence[str]) -> str:
        raise error

    assert get_ancestors(8, system="Darwin", run=broken) is None


def test_run() -> None:
    """A command's output is text."""
    assert run_command((sys.executable, "-c", "print('a')")).strip() == "a"


@pytest.mark.parametrize("text", ["", "1 2 3", "1 (a) S", "1 (a) S x 2"])
def test_stat_garbage(text: str) -> None:
    """Any other text is refused."""
    with pytest.raises(ValueError, match=r"."):
        parse_stat(text)


def test_words() -> None:
    """Empty words count, and bytes that are no UTF-8 survive."""
    assert parse_words(b"a\0\0b\0") == ("a", "", "b")
    assert parse_words(b"") == ()
    assert os.fsencode(parse_words(b"\xff\0")[0]) == b"\xff"


def test_environ_garbage() -> None:
    """What is no assignment is left out."""
    assert parse_environ(b"=x\0A\0B=\0") == {"B": ""}


def test_ps_without_command() -> None:
    """A process without words has none."""
    assert parse_ps("1 0\n\n") == {1: (0, ())}


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("", ()),
        ("  a\tb  ", ("a", "b")),
        (r'"C:\a b\c.exe" d', (r"C:\a b\c.exe", "d")),
        (r'a\\b "c\\" d', (r"a\\b", "c\\", "d")),
        (r'"a\"b" \"', ('a"b', '"')),
        ('"" x', ("", "x")),
        (r'--opt="a b"c', ("--opt=a bc",)),
        (r"a\ b", ("a\\", "b")),
    ],
)
def test_split_command_line(line: str, expected: tuple[str, ...]) -> None:
    """Windows' rules for quotation marks and backslashes are kept."""
    assert expected == split_command_line(line)


@settings(max_examples=100, deadline=None)
@given(st.lists(st.text(st.sampled_from('ab \t\\"'), max_size=6), max_size=4))
def test_split_what_was_joined(words: list[str]) -> None:
    """What Python joins for Windows comes apart as it was."""
    assert tuple(words) == split_command_line(subprocess.list2cmdline(words))


def test_secrets_stay_out() -> None:
    """No representation holds words or variables."""
    assert "s3cret" not in repr(Process(1, ("s3cret",), "/s3cret", {"A": "s3cret"}))
