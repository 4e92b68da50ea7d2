"""Which installer a process is, and how its command line is split into options.

Everything specific to one installer is a row of `catalog/data/installers.toml`.
"""

from __future__ import annotations

import re
from functools import cache
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from hatch_torch.catalog import load_table

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence


POSITIONAL = ""
"""The name of an `Option` that is a positional argument."""


class Option(NamedTuple):
    """An option's canonical name with its value, or a positional argument (with no name)."""

    name: str
    value: str = ""

    def __repr__(self) -> str:
        """Show the name alone: a value may hold secrets."""
        return f"Option({self.name})"


class OptionParser(NamedTuple):
    """The options that a command knows; an unknown option is assumed to take no value."""

    spellings: Mapping[str, str]
    """Spelling -> canonical name: `-r` -> `--requirement`."""
    valued: frozenset[str]
    """The canonical names of the options that take a value."""
    abbreviates: bool = False
    """Whether an unambiguous prefix of a long option stands for it, as in optparse."""

    @classmethod
    def of(
        cls, values: Iterable[str] = (), flags: Iterable[str] = (), *, abbreviates: bool = False
    ) -> OptionParser:
        """Return a parser for table entries: the spellings of one option, canonical name first."""
        with_value, without = ([entry.split() for entry in entries] for entries in (values, flags))
        spellings = {name: entry[0] for entry in (*with_value, *without) for name in entry}
        return cls(spellings, frozenset(entry[0] for entry in with_value), abbreviates)

    def __or__(self, other: OptionParser) -> OptionParser:
        """Return a parser that knows the options of both."""
        return OptionParser(
            {**self.spellings, **other.spellings},
            self.valued | other.valued,
            self.abbreviates or other.abbreviates,
        )

    def canonical(self, spelling: str) -> str:
        """Return an option's canonical name; an unknown option is returned unchanged."""
        if self.abbreviates and spelling not in self.spellings:
            matches = {name for long, name in self.spellings.items() if long.startswith(spelling)}
            return matches.pop() if len(matches) == 1 else spelling
        return self.spellings.get(spelling, spelling)

    def parse(self, words: Sequence[str]) -> tuple[Option, ...]:
        """Return all options and positional arguments of a command line."""
        parsed: list[Option] = []
        while words:
            options, words = self.parse_next(words)
            parsed += options
        return tuple(parsed)

    def parse_next(self, words: Sequence[str]) -> tuple[list[Option], Sequence[str]]:
        """Return the options in the first word, with their values, and the remaining words."""
        word, rest = words[0], words[1:]
        if word == "--":
            return [Option(POSITIONAL, word) for word in rest], ()
        if word.startswith("--"):
            return self._parse_long(word, rest)
        if word.startswith("-") and word != "-":
            return self._parse_short(word, rest)
        return [Option(POSITIONAL, word)], rest

    def _parse_long(self, word: str, rest: Sequence[str]) -> tuple[list[Option], Sequence[str]]:
        spelling, equals, value = word.partition("=")
        name = self.canonical(spelling)
        if equals or name not in self.valued:
            return [Option(name, value)], rest
        return [Option(name, "".join(rest[:1]))], rest[1:]

    def _parse_short(self, word: str, rest: Sequence[str]) -> tuple[list[Option], Sequence[str]]:
        """Parse bundled short options: `-Ue .`, `-r=file`, `-rfile`."""
        options: list[Option] = []
        for end, letter in enumerate(word[1:], start=2):
            name = self.spellings.get(f"-{letter}", f"-{letter}")
            if name in self.valued:
                attached = word[end:].removeprefix("=")
                value = attached or "".join(rest[:1])
                return [*options, Option(name, value)], rest if attached else rest[1:]
            options.append(Option(name))
        return options, rest


class Command(NamedTuple):
    """A sub-command that installs."""

    parser: OptionParser
    files: bool = False
    """Positional arguments are requirements files."""
    runs: bool = False
    """The first positional argument is a program; what follows is passed to the program."""
    isolated: bool = False
    """It installs into a new environment of its own, which has no packages yet."""


TargetRule = Literal["interpreter", "discovery", "unknown"]
"""How the environment that an installer installs into is found (see installers.toml)."""


class Installer(NamedTuple):
    """A program that runs build hooks: a row of `installers.toml`."""

    name: str
    programs: frozenset[str]
    modules: frozenset[str]
    parser: OptionParser
    """The options that precede a sub-command."""
    install: Mapping[str, Command]
    portable: frozenset[str]
    target: TargetRule = "unknown"
    implied: Mapping[str, str] = MappingProxyType({})
    """Executable -> the sub-command that it stands for."""
    variables: Mapping[str, str] = MappingProxyType({})
    """Option -> environment variable."""
    separators: str = " "
    """The characters that separate the values of a variable."""


@cache
def load_installers() -> tuple[Installer, ...]:
    """Return the rows of the table."""
    return tuple(map(_read_installer, load_table("installers")))


def _read_installer(row: Mapping[str, Any]) -> Installer:
    parser = _read_parser(row)
    return Installer(
        name=row["name"],
        programs=frozenset(row["programs"]),
        modules=frozenset(row["modules"]),
        parser=parser,
        install={
            name: Command(
                parser | _read_parser(command),
                command.get("files", False),
                command.get("runs", False),
                command.get("isolated", False),
            )
            for name, command in row.get("install", {}).items()
        },
        portable=frozenset(row.get("portable", ())),
        target=row.get("target", "unknown"),
        implied=row.get("implied", {}),
        variables=row.get("variables", {}),
        separators=row.get("separators", " "),
    )


def _read_parser(row: Mapping[str, Any]) -> OptionParser:
    return OptionParser.of(
        row.get("values", ()), row.get("flags", ()), abbreviates=row.get("abbreviates", False)
    )


_PATH_SEPARATOR = r"[/\\]"
# Interpreters may be renamed: python3.11-dbg, python3-intel64, Nix's .python-wrapped.
_PYTHON = r"(?i)\.?(python|pypy|graalpy)w?(\d+(\.\d+)*)?[td]{0,2}(-[a-z0-9]+)*|pyw?"
_EXTENSION = r"(?i)\.(exe|pyz|pyc|py|real|orig|bin)$"
_WRAPPED = r"^\.|-wrapped_?$|-real$"
# Emulators and loaders, which run the program that is their argument.
_RUNNER = r"(?i)qemu-[\w.-]+|box(64|86)|fexinterpreter|rosetta|ld-(linux|musl)[\w.-]*|ld\.so[\w.]*"
_MAX_RUNNER_WORDS = 12
_RUNNING_MODULES = frozenset(
    {"cProfile", "profile", "trace", "coverage", "pdb", "debugpy", "viztracer", "scalene", "runpy"}
)
_VERSION_SUFFIX = r"-?\d+(\.\d+)*$"
_PYTHON_OPTIONS = OptionParser.of(values=("-X", "-W", "-c", "-m", "--check-hash-based-pycs"))
_MAIN_FILES = frozenset({"__main__.py", "__pip-runner__.py"})
_MODULE = "-m "


def identify_installer(argv: Sequence[str]) -> tuple[Installer, tuple[str, ...]] | None:
    """Return the installer that a command line runs with its arguments; None for other programs.

    An installer runs as its executable, or as a Python with its script, module, zip file or folder.
    """
    program, arguments = _split_program(_strip_runner(argv))
    for installer in load_installers():
        if program in installer.programs:
            return installer, (*installer.implied.get(program, "").split(), *arguments)
        if program.startswith(_MODULE) and program.removeprefix(_MODULE) in installer.modules:
            return installer, tuple(arguments)
    name = program.removeprefix(_MODULE)
    if name in _RUNNING_MODULES:
        return _identify_module(arguments)
    return None


def _strip_runner(argv: Sequence[str]) -> Sequence[str]:
    """Return a command line without the emulator or loader that runs its program."""
    if not argv or not re.fullmatch(_RUNNER, re.split(_PATH_SEPARATOR, argv[0])[-1]):
        return argv
    for start in range(1, min(len(argv), _MAX_RUNNER_WORDS)):
        rest = argv[start:]
        # A name before the path is the value of an option: `qemu-x86_64 -0 python3 /bin/python3`.
        is_name = any(map(_is_program, argv[start + 1 : start + 3]))
        if _is_program(argv[start]) and not is_name:
            return rest
    return argv


def _is_program(word: str) -> bool:
    return is_python((word,)) or (
        _program_name(word) in _installer_programs() and bool(re.search(_PATH_SEPARATOR, word))
    )


@cache
def _installer_programs() -> frozenset[str]:
    return frozenset().union(*(installer.programs for installer in load_installers()))


def _identify_module(words: Sequence[str]) -> tuple[Installer, tuple[str, ...]] | None:
    """Return the installer that a profiler or debugger runs as `-m MODULE` or as a script."""
    for place, word in enumerate(words):
        if word in {"-m", "--module"} and place + 1 < len(words):
            return identify_installer(("python", "-m", *words[place + 1 :]))
        if _program_name(word) in _installer_programs() and re.search(_PATH_SEPARATOR, word):
            return identify_installer(("python", *words[place:]))
    return None


def _split_program(argv: Sequence[str]) -> tuple[str, Sequence[str]]:
    """Return the program's name, `-m NAME` for a module, and its arguments."""
    if not argv or not is_python(argv):
        return _program_name(argv[0] if argv else ""), argv[1:]
    words = argv[1:]
    while words:
        options, words = _PYTHON_OPTIONS.parse_next(words)
        last = options[-1]
        if last.name == "-m":
            return _MODULE + last.value.split(".")[0], words
        if last.name == "-c":
            break
        if last.name == POSITIONAL:
            return _script_name(last.value), words
    return "", ()


def is_python(argv: Sequence[str]) -> bool:
    """Return whether a command line runs a Python interpreter."""
    return bool(argv) and bool(
        re.fullmatch(_PYTHON, re.sub(_EXTENSION, "", re.split(_PATH_SEPARATOR, argv[0])[-1]))
    )


def _script_name(path: str) -> str:
    """Return `-m PACKAGE` for the main file of a package, else the script's program name."""
    *folders, file = re.split(_PATH_SEPARATOR, path.rstrip("/\\"))
    return _MODULE + folders[-1] if folders and file in _MAIN_FILES else _program_name(file)


def _program_name(path: str) -> str:
    """Return a program's name without folder, extension and version: `pip` for `pip3.11.exe`."""
    file = re.sub(_EXTENSION, "", re.split(_PATH_SEPARATOR, path)[-1]).lower()
    return re.sub(_VERSION_SUFFIX, "", re.sub(_WRAPPED, "", file))
