"""The call of an installer: a process, read as a sub-command with its options.

What a call asks for this project, and what else it demands of the same install.
"""

from __future__ import annotations

import re
from pathlib import Path, PurePath
from types import MappingProxyType
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import parse_qs

from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name

from hatch_torch._env import is_yes
from hatch_torch.frontend.installer_config import configured
from hatch_torch.frontend.installers import WORD, Installer, Option, is_python, recognise
from hatch_torch.frontend.requirements_txt import (
    CONSTRAINT,
    FIND_LINKS,
    PYPROJECT,
    REQUIREMENT,
    expand,
    to_path,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from hatch_torch.frontend.process_tree import Process


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


_PATHS = ("--editable", "--with-editable", REQUIREMENT)
_REQUIREMENTS = (WORD, "--from", "--with", *_PATHS)
_LISTS = (REQUIREMENT, CONSTRAINT, "--editable", FIND_LINKS)
_NO_INDEX = "--no-index"
_INDEXES = ("--index-url", "--default-index", "--index", "--extra-index-url")
_EXTRAS = r"\s*\[([^\[\]]*)\]$"
_COMMA = r",(?![^\[]*\])"
_MARKER = r"\s*;\s.*"
_PATH = r"\.|file:|.*[/\\]"


class Asked(NamedTuple):
    """What was read from a command line and from the files that it names."""

    named: bool = False
    """The project itself is named, so its extras are known."""
    extras: frozenset[str] = frozenset()
    """Normalized."""
    requirements: tuple[str, ...] = ()
    """Constraints, and the other requirements of the same install."""
    find_links: tuple[str, ...] = ()
    indexes: tuple[tuple[str, str], ...] = ()
    """Options that name an index, with its URL."""
    no_index: bool = False

    def __repr__(self) -> str:
        """Show its extras alone: requirements and links may hold secrets."""
        return f"Asked({sorted(self.extras)})"


def read_asked(call: Call, project: Path) -> Asked:
    """Read what a call asks for the project in a folder."""
    options = tuple(expand(_options(call), call.cwd, call.environ))
    found = {one: _extras(one, project, call.cwd) for one in options}
    own = [extras for extras in found.values() if extras is not None]
    extras = frozenset(call.values("--extra")).union(*own)
    return Asked(
        named=bool(own),
        extras=frozenset(map(canonicalize_name, extras)) if own else frozenset(),
        requirements=tuple(one.value for one in found if found[one] is None and _binds(one)),
        find_links=tuple(option.value for option in options if option.name == FIND_LINKS),
        indexes=tuple((one.name, one.value) for one in options if one.name in _INDEXES),
        no_index=any(option.name == _NO_INDEX for option in options),
    )


def _options(call: Call) -> Iterator[Option]:
    """Yield the options, with those of the environment and with their words as what they are."""
    for name in _LISTS:
        yield from (Option(name, value) for value in call.values(name))
    if call.has(_NO_INDEX):
        yield Option(_NO_INDEX)
    for option in call.options:
        if option.name == WORD and call.takes_files:
            yield Option(REQUIREMENT, option.value)
        elif option.name == "--with":
            yield from (Option(option.name, one) for one in re.split(_COMMA, option.value))
        elif option.name not in (*_LISTS, _NO_INDEX):
            yield option


def _extras(option: Option, project: Path, folder: Path | None) -> set[str] | None:
    """Return the extras that an option asks for, None where it does not name the project."""
    if option.name not in _REQUIREMENTS:
        return None
    place, extras = split(option.value, is_path=option.name in _PATHS)
    return extras if place and _is_same(place, project, folder) else None


def split(text: str, *, is_path: bool) -> tuple[str | None, set[str]]:
    """Part a requirement into its path or URL (None where it has none) and its extras."""
    requirement = None if is_path else _parse(text)
    if requirement:
        return (_place(requirement.url) if requirement.url else None), requirement.extras
    text = re.sub(_MARKER, "", text.strip())
    return (_place(text) if is_path or re.match(_PATH, text) else None), _names(text)


def _place(text: str) -> str:
    """Return a path or URL without its extras, and with the subdirectory that it names."""
    place, fragment = _unfragmented(text)
    place = re.sub(_EXTRAS, "", place)
    return "/".join((place, *parse_qs(fragment).get("subdirectory", ()))) if place else ""


def _names(text: str) -> set[str]:
    """Return the extras of `path[a,b]` or, an older spelling, of `path#egg=name[a,b]`."""
    place, fragment = _unfragmented(text)
    lists = (re.search(_EXTRAS, one) for one in (place, *parse_qs(fragment).get("egg", ())))
    names = (name.strip() for found in lists if found for name in found[1].split(","))
    return {name for name in names if name}


def _unfragmented(text: str) -> tuple[str, str]:
    """Part a URL from its fragment; in a path, `#` is a letter like any other."""
    is_url = text.startswith("file:") or "://" in text
    place, _, fragment = text.partition("#") if is_url else (text, "", "")
    return place, fragment


def _parse(text: str) -> Requirement | None:
    try:
        return Requirement(text)
    except InvalidRequirement:
        return None


def _is_same(place: str, project: Path, folder: Path | None) -> bool:
    """Tell whether a path or URL is the project's folder, or its pyproject.toml."""
    path = to_path(place, folder)
    if path is None:
        return "://" not in place and _ends_with(project, place)
    path = path.parent if path.name == PYPROJECT else path
    try:
        return path.samefile(project)
    except OSError:
        return False


def _ends_with(project: Path, place: str) -> bool:
    """Compare a relative path whose folder is not known, by the names that it has."""
    parts = PurePath(place).parts
    return ".." not in parts and project.parts[len(project.parts) - len(parts) :] == parts


def _binds(option: Option) -> bool:
    """Tell whether an option is a requirement by name, which binds other packages' versions."""
    return option.name in (WORD, CONSTRAINT, "--with") and _parse(option.value) is not None
