"""The call of an installer: a process, read as a sub-command with its options."""

from __future__ import annotations

import re
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, NamedTuple

from hatch_torch.frontend.configured import configured
from hatch_torch.frontend.grammar import WORD, Option
from hatch_torch.frontend.installers import Installer, is_python, recognise
from hatch_torch.switches import is_yes

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from hatch_torch.hardware.processes import Process


class Call(NamedTuple):
    """What an installer was asked to do."""

    installer: Installer
    command: str
    """`pip install`; only words that the table knows, empty where it does not know them."""
    options: tuple[Option, ...]
    cwd: Path | None = None
    environ: Mapping[str, str] = MappingProxyType({})

    def __repr__(self) -> str:
        """Show its name alone: options and variables may hold secrets."""
        return f"Call({self.name})"

    @property
    def name(self) -> str:
        """The installer with its sub-command, for people."""
        return f"{self.installer.name} {self.command}".strip()

    @property
    def installs(self) -> bool:
        """Whether the sub-command is one that installs."""
        return self.command in self.installer.install

    @property
    def takes_files(self) -> bool:
        """Whether its words are requirements files."""
        return self.installs and self.installer.install[self.command].files

    @property
    def runs_program(self) -> bool:
        """Whether it runs a program, which could be a builder itself."""
        return self.installs and self.installer.install[self.command].runs

    def values(self, name: str) -> tuple[str, ...]:
        """Return an option's values, those of its environment variable first."""
        variable = self.environ.get(self.installer.variables.get(name, ""), "")
        separators = f"[{re.escape(self.installer.separators)}\\s]+"
        given = (option.value for option in self.options if option.name == name)
        return (*filter(None, re.split(separators, variable)), *given)

    def value(self, name: str) -> str | None:
        """Return an option's last value: the command line outdoes the environment."""
        return next(reversed(self.values(name)), None)

    def has(self, name: str) -> bool:
        """Tell whether a switch is on, or an option is given that takes a value."""
        if any(option.name == name for option in self.options):
            return True
        text = self.environ.get(self.installer.variables.get(name, ""), "")
        return is_yes(text) or (bool(text) and name in self._valued)

    @property
    def _valued(self) -> frozenset[str]:
        command = self.installer.install.get(self.command)
        return command.grammar.valued if command else self.installer.grammar.valued


def nearest_call(processes: Iterable[Process], environ: Mapping[str, str]) -> Call | None:
    """Return the call of the nearest process that is an installer.

    The environment is the hook's own; it stands in where an installer's cannot be read.
    """
    between: list[Process] = []
    for process in processes:
        call = read_call(process, environ)
        if call and not (call.runs_program and not all(map(_is_build_process, between))):
            return call
        if call:
            return None
        between.append(process)
    return None


def _is_build_process(process: Process) -> bool:
    """Tell whether it is a Python that runs a line: how uv calls a build backend.

    Whatever else stands between is a program that `uv tool run` was asked to run.
    """
    return is_python(process.argv) and "-c" in process.argv


def read_call(process: Process, environ: Mapping[str, str]) -> Call | None:
    """Read a process as the call of an installer; None where it is none."""
    if not (found := recognise(process.argv)):
        return None
    installer, words = found
    command, options = _read_words(installer, words)
    folder = process.cwd or environ.get("PWD")
    own = process.environ or {**environ, "VIRTUAL_ENV": ""}
    return Call(
        installer=installer,
        command=command,
        options=options,
        cwd=Path(folder) if folder else None,
        environ=configured(own, installer.name).environ,
    )


def _read_words(installer: Installer, words: Sequence[str]) -> tuple[str, tuple[Option, ...]]:
    """Return the sub-command and the options on either side of it."""
    before: list[Option] = []
    names: list[str] = []
    while words:
        options, words = installer.grammar.step(words)
        before += (option for option in options if option.name)
        names += (option.value for option in options if not option.name)
        command = _ALIASES.get(" ".join(names), " ".join(names))
        if command in installer.install:
            return command, (*before, *_read_arguments(installer, command, words))
        if command in installer.portable:
            return command, tuple(before)
        if names and not _begins_command(installer, command):
            break
    return "", tuple(before)


_ALIASES = {"tool uvx": "tool run"}  # how the executable uvx calls uv


def _begins_command(installer: Installer, words: str) -> bool:
    known = (*installer.install, *installer.portable)
    return any(command.startswith(f"{words} ") for command in known)


def _read_arguments(installer: Installer, command: str, words: Sequence[str]) -> tuple[Option, ...]:
    grammar = installer.install[command].grammar
    if not installer.install[command].runs:
        return grammar.read(words)
    found: list[Option] = []
    while words and not any(option.name == WORD for option in found):
        options, words = grammar.step(words)
        found += options
    return tuple(found)
