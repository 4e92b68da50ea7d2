"""Command lines for people to copy, quoted for the shell that this command was called from."""

from __future__ import annotations

import os
import re
import shlex
from functools import cache
from types import MappingProxyType
from typing import TYPE_CHECKING, Literal

from hatch_torch.frontend import process_tree

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from hatch_torch.frontend.process_tree import Process

    Shell = Literal["posix", "cmd", "powershell"]

# The programs that read command lines on Windows, without `.exe`; Git's bash is one of them.
_SHELLS: Mapping[str, Shell] = MappingProxyType(
    {
        "cmd": "cmd",
        "powershell": "powershell",
        "pwsh": "powershell",
        "bash": "posix",
        "sh": "posix",
        "zsh": "posix",
    }
)
_PLAIN_FOR_CMD = re.compile(r"[\w@%+=:,./\\~$\[\]{}#-]+")
# PowerShell reads `@a` as splatting, `a,b` as an array, `{}` as a block and `#` as a comment.
_PLAIN_FOR_POWERSHELL = re.compile(r"[\w%+=:./\\~-]+")


def join_command(
    words: Iterable[str],
    variables: Mapping[str, str] = MappingProxyType({}),
    shell: Shell | None = None,
) -> str:
    """Return a command line that runs a command with variables set, in a shell.

    The default is the shell that this process was called from. cmd has no way to keep the percent
    signs of a variable that exists.
    """
    shell = shell or find_shell()
    if shell == "posix":
        assignments = (f"{name}={shlex.quote(value)}" for name, value in variables.items())
        return " ".join((*assignments, shlex.join(words)))
    if shell == "cmd":
        assignments = (f'set "{name}={value}" && ' for name, value in variables.items())
        return "".join((*assignments, " ".join(map(_quote_for_cmd, words))))
    assignments = (f"$env:{name} = {_quote(value)}; " for name, value in variables.items())
    program, *arguments = words
    # A quoted string alone is an expression; the call operator makes it a command.
    called = program if _PLAIN_FOR_POWERSHELL.fullmatch(program) else f"& {_quote(program)}"
    return "".join((*assignments, " ".join((called, *map(_quote_for_powershell, arguments)))))


def _quote_for_cmd(word: str) -> str:
    r"""Return a word in quotation marks where it needs them, by the rules of Microsoft's C library.

    Backslashes count twice before a quotation mark, and a mark of the word itself is `\"`.
    """
    if _PLAIN_FOR_CMD.fullmatch(word):
        return word
    escaped = re.sub(r'(\\*)("|$)', lambda match: match[1] * 2 + match[2].replace('"', r"\""), word)
    return f'"{escaped}"'


def _quote_for_powershell(word: str) -> str:
    return word if _PLAIN_FOR_POWERSHELL.fullmatch(word) else _quote(word)


def _quote(text: str) -> str:
    """Return PowerShell's verbatim string (about_Quoting_Rules)."""
    return "'" + text.replace("'", "''") + "'"


@cache
def find_shell() -> Shell:
    """Return the shell that this process was called from."""
    return choose_shell() if os.name == "nt" else "posix"


def choose_shell(
    get_ancestors: Callable[[], tuple[Process, ...] | None] = process_tree.get_ancestors,
) -> Shell:
    """Return the nearest shell above this process on Windows; cmd if there is none."""
    for process in get_ancestors() or ():
        name = re.split(r"[/\\]", process.argv[0])[-1].lower() if process.argv else ""
        if shell := _SHELLS.get(name.removesuffix(".exe")):
            return shell
    return "cmd"
