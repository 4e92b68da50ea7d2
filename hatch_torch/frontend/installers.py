"""How a command line is read: the installers' options, and the words between them; pure.

The installers that the table knows, and which of them a process is.
"""

from __future__ import annotations

import re
from functools import cache
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, NamedTuple

from hatch_torch.catalog import rows

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence


WORD = ""
"""The name under which a word that belongs to no option is found."""


class Option(NamedTuple):
    """An option's canonical name with its value, or a word (whose name is empty)."""

    name: str
    value: str = ""

    def __repr__(self) -> str:
        """Show its name alone: a value may hold secrets."""
        return f"Option({self.name})"


class Grammar(NamedTuple):
    """The options that a command knows; one that it does not know takes no value."""

    spellings: Mapping[str, str]
    """Spelling -> canonical name: `-r` -> `--requirement`."""
    valued: frozenset[str]
    """The canonical names of those that take a value."""
    abbreviates: bool = False

    @classmethod
    def of(
        cls, values: Iterable[str] = (), flags: Iterable[str] = (), *, abbreviates: bool = False
    ) -> Grammar:
        """Make one from table entries, each the spellings of one option, the canonical first."""
        valued, plain = ([entry.split() for entry in entries] for entries in (values, flags))
        spellings = {spelling: entry[0] for entry in (*valued, *plain) for spelling in entry}
        return cls(spellings, frozenset(entry[0] for entry in valued), abbreviates)

    def __or__(self, other: Grammar) -> Grammar:
        """Return both grammars as one."""
        return Grammar(
            {**self.spellings, **other.spellings},
            self.valued | other.valued,
            self.abbreviates or other.abbreviates,
        )

    def canonical(self, spelled: str) -> str:
        """Return an option's canonical name; an unknown one is its own."""
        if self.abbreviates and spelled not in self.spellings:
            begun = {name for long, name in self.spellings.items() if long.startswith(spelled)}
            return begun.pop() if len(begun) == 1 else spelled
        return self.spellings.get(spelled, spelled)

    def read(self, words: Sequence[str]) -> tuple[Option, ...]:
        """Read all words of a command line."""
        found: list[Option] = []
        while words:
            options, words = self.step(words)
            found += options
        return tuple(found)

    def step(self, words: Sequence[str]) -> tuple[list[Option], Sequence[str]]:
        """Read the first word and the value that belongs to it; return the words that are left."""
        word, rest = words[0], words[1:]
        if word == "--":
            return [Option(WORD, word) for word in rest], ()
        if word.startswith("--"):
            return self._long(word, rest)
        if word.startswith("-") and word != "-":
            return self._short(word, rest)
        return [Option(WORD, word)], rest

    def _long(self, word: str, rest: Sequence[str]) -> tuple[list[Option], Sequence[str]]:
        spelled, equals, value = word.partition("=")
        name = self.canonical(spelled)
        if equals or name not in self.valued:
            return [Option(name, value)], rest
        return [Option(name, "".join(rest[:1]))], rest[1:]

    def _short(self, word: str, rest: Sequence[str]) -> tuple[list[Option], Sequence[str]]:
        """Read a bundle: `-Ue .`, `-r=file`, `-rfile`."""
        found: list[Option] = []
        for end, letter in enumerate(word[1:], start=2):
            name = self.spellings.get(f"-{letter}", f"-{letter}")
            if name in self.valued:
                attached = word[end:].removeprefix("=")
                value = attached or "".join(rest[:1])
                return [*found, Option(name, value)], rest if attached else rest[1:]
            found.append(Option(name))
        return found, rest


class Command(NamedTuple):
    """A sub-command that installs."""

    grammar: Grammar
    files: bool = False
    """Its words are requirements files."""
    runs: bool = False
    """Its first word is a program, and what follows is the program's business."""


class Installer(NamedTuple):
    """A program that runs build hooks: a row of `tables/installers.toml`."""

    name: str
    programs: frozenset[str]
    modules: frozenset[str]
    grammar: Grammar
    """The options that stand before a sub-command."""
    install: Mapping[str, Command]
    portable: frozenset[str]
    implied: Mapping[str, str] = MappingProxyType({})
    """Executable -> the sub-command that it stands for."""
    variables: Mapping[str, str] = MappingProxyType({})
    """Option -> environment variable."""
    separators: str = " "


@cache
def installers() -> tuple[Installer, ...]:
    """Return the table."""
    return tuple(_installer(row) for row in rows("installers"))


def _installer(row: Mapping[str, Any]) -> Installer:
    grammar = _grammar(row)
    return Installer(
        name=row["name"],
        programs=frozenset(row["programs"]),
        modules=frozenset(row["modules"]),
        grammar=grammar,
        install={
            name: Command(grammar | _grammar(own), own.get("files", False), own.get("runs", False))
            for name, own in row.get("install", {}).items()
        },
        portable=frozenset(row.get("portable", ())),
        implied=row.get("implied", {}),
        variables=row.get("variables", {}),
        separators=row.get("separators", " "),
    )


def _grammar(row: Mapping[str, Any]) -> Grammar:
    return Grammar.of(
        row.get("values", ()), row.get("flags", ()), abbreviates=row.get("abbreviates", False)
    )


_FOLDER = r"[/\\]"
_PYTHON = r"(?i)(python|pypy|graalpy)w?(\d+(\.\d+)*)?t?|pyw?"
_SUFFIX = r"(?i)\.(exe|pyz|py)$"
_VERSION = r"-?\d+(\.\d+)*$"
_OF_PYTHON = Grammar.of(values=("-X", "-W", "-c", "-m", "--check-hash-based-pycs"))
_MAINS = frozenset({"__main__.py", "__pip-runner__.py"})


def recognise(argv: Sequence[str]) -> tuple[Installer, tuple[str, ...]] | None:
    """Return the installer that a command line runs, and the words that it was given.

    Recognised are its executable, a Python that runs its script, module, zip file or folder.
    """
    program, arguments = _program(argv)
    for installer in installers():
        if program in installer.programs:
            return installer, (*installer.implied.get(program, "").split(), *arguments)
        if program.removeprefix(_MODULE) in installer.modules and program.startswith(_MODULE):
            return installer, tuple(arguments)
    return None


_MODULE = "-m "


def _program(argv: Sequence[str]) -> tuple[str, Sequence[str]]:
    """Return the program's name, `-m NAME` for a module, and its arguments."""
    if not argv or not is_python(argv):
        return _name(argv[0] if argv else ""), argv[1:]
    words = argv[1:]
    while words:
        options, words = _OF_PYTHON.step(words)
        last = options[-1]
        if last.name == "-m":
            return _MODULE + last.value.split(".")[0], words
        if last.name == "-c":
            break
        if not last.name:
            return _script(last.value), words
    return "", ()


def is_python(argv: Sequence[str]) -> bool:
    """Tell whether a command line runs a Python interpreter."""
    return bool(argv) and bool(
        re.fullmatch(_PYTHON, re.sub(_SUFFIX, "", re.split(_FOLDER, argv[0])[-1]))
    )


def _script(path: str) -> str:
    """Name what a script runs: a package for its `__main__.py`, otherwise a program."""
    *folders, file = re.split(_FOLDER, path.rstrip("/\\"))
    return _MODULE + folders[-1] if folders and file in _MAINS else _name(file)


def _name(path: str) -> str:
    """Return a program's name without its folder, its kind of file and its version."""
    file = re.sub(_SUFFIX, "", re.split(_FOLDER, path)[-1]).lower()
    return re.sub(_VERSION, "", file)
