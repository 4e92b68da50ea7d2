"""The command line of an installer, parsed, and what it requests for the project.

The installer is found among the ancestors of the build. Its command line, its environment variables
and its configuration files together say which extras, constraints and indexes an install has.
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
from hatch_torch.frontend.installer_config import load_installer_config
from hatch_torch.frontend.installers import (
    POSITIONAL,
    Command,
    Installer,
    Option,
    identify_installer,
    is_python,
)
from hatch_torch.frontend.requirements_txt import (
    CONSTRAINT,
    FIND_LINKS,
    PYPROJECT,
    REQUIREMENT,
    expand_files,
    to_local_path,
)
from hatch_torch.frontend.resolver_options import ResolverOptions, parse_resolver_options

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from hatch_torch.frontend.process_tree import Process


class Invocation(NamedTuple):
    """A parsed command line of an installer."""

    installer: Installer
    command: str
    """The sub-command, `pip install` for uv; empty if the table does not know it."""
    options: tuple[Option, ...]
    cwd: Path | None = None
    environ: Mapping[str, str] = MappingProxyType({})

    def __repr__(self) -> str:
        """Show the name alone: options and variables may hold secrets."""
        return f"Invocation({self.name})"

    @property
    def tool(self) -> str:
        """The installer's name."""
        return self.installer.name

    @property
    def name(self) -> str:
        """The installer with its sub-command: `uv pip install`."""
        return f"{self.installer.name} {self.command}".strip()

    @property
    def install_command(self) -> Command | None:
        """The sub-command if it is one that installs, else None."""
        return self.installer.install.get(self.command)

    def values(self, name: str) -> tuple[str, ...]:
        """Return an option's values, those of its environment variable first."""
        variable = self.environ.get(self.installer.variables.get(name, ""), "")
        separators = f"[{re.escape(self.installer.separators)}\\s]+"
        given = (option.value for option in self.options if option.name == name)
        return (*filter(None, re.split(separators, variable)), *given)

    def value(self, name: str) -> str | None:
        """Return an option's last value: the command line overrides the environment."""
        return next(reversed(self.values(name)), None)

    def has(self, name: str) -> bool:
        """Return whether a flag is on, or an option that takes a value is given."""
        if any(option.name == name for option in self.options):
            return True
        text = self.environ.get(self.installer.variables.get(name, ""), "")
        parser = (self.install_command or self.installer).parser
        return is_yes(text) or (bool(text) and name in parser.valued)


def find_installer_invocation(
    processes: Iterable[Process], environ: Mapping[str, str]
) -> Invocation | None:
    """Return the invocation of the nearest process that is an installer, None if there is none.

    `environ` is the hook's own environment, used where the installer's cannot be read.
    """
    between: list[Process] = []
    for process in processes:
        if invocation := parse_invocation(process, environ):
            command = invocation.install_command
            # What a program does that `uv tool run` started is not uv's install.
            runs_another = bool(command and command.runs) and not all(map(_is_backend, between))
            return None if runs_another else invocation
        between.append(process)
    return None


def _is_backend(process: Process) -> bool:
    """Return whether a process is `python -c …`, which is how uv calls a build backend."""
    return is_python(process.argv) and "-c" in process.argv


def parse_invocation(process: Process, environ: Mapping[str, str]) -> Invocation | None:
    """Return a process's command line as an invocation, None if it is not an installer."""
    if not (identified := identify_installer(process.argv)):
        return None
    installer, words = identified
    command, options = _parse_command(installer, words)
    folder = process.cwd or environ.get("PWD")
    # The hook's VIRTUAL_ENV is uv's build environment, not the one that uv installs into.
    own_environ = process.environ or {**environ, "VIRTUAL_ENV": ""}
    return Invocation(
        installer=installer,
        command=command,
        options=options,
        cwd=Path(folder) if folder else None,
        environ=load_installer_config(own_environ, installer.name).environ,
    )


def _parse_command(installer: Installer, words: Sequence[str]) -> tuple[str, tuple[Option, ...]]:
    """Return the sub-command, and the options before and after it."""
    before: list[Option] = []
    names: list[str] = []
    while words:
        options, words = installer.parser.parse_next(words)
        before += (option for option in options if option.name != POSITIONAL)
        names += (option.value for option in options if option.name == POSITIONAL)
        command = _ALIASES.get(" ".join(names), " ".join(names))
        if command in installer.install:
            return command, (*before, *_parse_arguments(installer.install[command], words))
        if command in installer.portable:
            return command, tuple(before)
        if names and not _is_command_prefix(installer, command):
            break
    return "", tuple(before)


_ALIASES = {"tool uvx": "tool run"}  # the executable uvx calls `uv tool uvx`


def _is_command_prefix(installer: Installer, words: str) -> bool:
    known = (*installer.install, *installer.portable)
    return any(command.startswith(f"{words} ") for command in known)


def _parse_arguments(command: Command, words: Sequence[str]) -> tuple[Option, ...]:
    if not command.runs:
        return command.parser.parse(words)
    parsed: list[Option] = []
    while words and not any(option.name == POSITIONAL for option in parsed):
        options, words = command.parser.parse_next(words)
        parsed += options
    return tuple(parsed)


_EDITABLE, _WITH = "--editable", "--with"
_NO_INDEX = "--no-index"
_PATH_OPTIONS = (_EDITABLE, "--with-editable", REQUIREMENT)
_REQUIREMENT_OPTIONS = (POSITIONAL, "--from", _WITH, *_PATH_OPTIONS)
_OPTIONS_WITH_VARIABLE = (REQUIREMENT, CONSTRAINT, _EDITABLE, FIND_LINKS)
INDEX_OPTIONS = ("--index-url", "--default-index", "--index", "--extra-index-url")
_EXTRAS = r"\s*\[([^\[\]]*)\]$"
_COMMA_OUTSIDE_BRACKETS = r",(?![^\[]*\])"
_MARKER = r"\s*;\s.*"
_PATH_OR_FILE_URL = r"\.|file:|.*[/\\]"


class RequestedInstall(NamedTuple):
    """What a command line and the files that it names request."""

    names_project: bool = False
    """The project itself is named, so all requested extras are known."""
    extras: frozenset[str] = frozenset()
    """The project's requested extras, normalized."""
    requirements: tuple[str, ...] = ()
    """Constraints, and the other requirements of the same install."""
    find_links: tuple[str, ...] = ()
    indexes: tuple[tuple[str, str], ...] = ()
    """Each option that names an index, with its URL."""
    no_index: bool = False
    resolver: ResolverOptions = ResolverOptions()

    def __repr__(self) -> str:
        """Show the extras alone: requirements and links may hold secrets."""
        return f"RequestedInstall({sorted(self.extras)})"


def parse_requested(invocation: Invocation, project: Path) -> RequestedInstall:
    """Return what an invocation requests for the project in a folder."""
    options = tuple(expand_files(_collect_options(invocation), invocation.cwd, invocation.environ))
    extras_of = {option: _project_extras(option, project, invocation.cwd) for option in options}
    requested = [extras for extras in extras_of.values() if extras is not None]
    extras = frozenset(invocation.values("--extra")).union(*requested)
    others = [option for option, extras in extras_of.items() if extras is None]
    return RequestedInstall(
        names_project=bool(requested),
        extras=frozenset(map(canonicalize_name, extras)) if requested else frozenset(),
        requirements=tuple(option.value for option in others if _restricts_versions(option)),
        find_links=tuple(option.value for option in options if option.name == FIND_LINKS),
        indexes=tuple(
            (option.name, option.value) for option in options if option.name in INDEX_OPTIONS
        ),
        no_index=any(option.name == _NO_INDEX for option in options),
        resolver=parse_resolver_options(
            invocation, others, _restricts_versions, _locate_requirement
        ),
    )


def _collect_options(invocation: Invocation) -> Iterator[Option]:
    """Yield the options of command line and variables, with positional arguments classified."""
    for name in _OPTIONS_WITH_VARIABLE:
        yield from (Option(name, value) for value in invocation.values(name))
    if invocation.has(_NO_INDEX):
        yield Option(_NO_INDEX)
    command = invocation.install_command
    for option in invocation.options:
        if option.name == POSITIONAL and command and command.files:
            yield Option(REQUIREMENT, option.value)
        elif option.name == _WITH:
            for requirement in re.split(_COMMA_OUTSIDE_BRACKETS, option.value):
                yield Option(_WITH, requirement)
        elif option.name not in (*_OPTIONS_WITH_VARIABLE, _NO_INDEX):
            yield option


def _project_extras(option: Option, project: Path, folder: Path | None) -> set[str] | None:
    """Return the extras that an option requests, None if it does not name the project."""
    if option.name not in _REQUIREMENT_OPTIONS:
        return None
    location, extras = split_extras(option.value, is_path=option.name in _PATH_OPTIONS)
    return extras if location and _is_project(location, project, folder) else None


def _locate_requirement(option: Option) -> str | None:
    """Return the path or URL of a requirement, None if the option names none."""
    if option.name not in _REQUIREMENT_OPTIONS:
        return None
    return split_extras(option.value, is_path=option.name in _PATH_OPTIONS)[0]


def split_extras(text: str, *, is_path: bool) -> tuple[str | None, set[str]]:
    """Split a requirement into its path or URL, None if it has none, and its extras.

    `is_path`: the text can only be a path or URL, as after `--editable`.
    """
    requirement = None if is_path else _parse_requirement(text)
    if requirement:
        url = requirement.url
        return (_strip_extras(url) if url else None), requirement.extras
    text = re.sub(_MARKER, "", text.strip())
    has_path = is_path or re.match(_PATH_OR_FILE_URL, text)
    return (_strip_extras(text) if has_path else None), _parse_extras(text)


def _strip_extras(text: str) -> str:
    """Return a path or URL without its extras, with the subdirectory of its fragment appended."""
    location, fragment = _split_fragment(text)
    location = re.sub(_EXTRAS, "", location)
    return "/".join((location, *parse_qs(fragment).get("subdirectory", ()))) if location else ""


def _parse_extras(text: str) -> set[str]:
    """Return the extras of `path[a,b]` or, an older spelling, of `path#egg=name[a,b]`."""
    location, fragment = _split_fragment(text)
    matches = (re.search(_EXTRAS, part) for part in (location, *parse_qs(fragment).get("egg", ())))
    names = (name.strip() for match in matches if match for name in match[1].split(","))
    return {name for name in names if name}


def _split_fragment(text: str) -> tuple[str, str]:
    """Split a URL from its fragment; in a path, `#` is an ordinary character."""
    is_url = text.startswith("file:") or "://" in text
    location, _, fragment = text.partition("#") if is_url else (text, "", "")
    return location, fragment


def _parse_requirement(text: str) -> Requirement | None:
    try:
        return Requirement(text)
    except InvalidRequirement:
        return None


def _is_project(location: str, project: Path, folder: Path | None) -> bool:
    """Return whether a path or URL is the project's folder, or its pyproject.toml."""
    path = to_local_path(location, folder)
    if path is None:
        return "://" not in location and _ends_with(project, location)
    path = path.parent if path.name == PYPROJECT else path
    try:
        return path.samefile(project)
    except OSError:
        return False


def _ends_with(project: Path, location: str) -> bool:
    """Compare a relative path whose base folder is not known with the end of the project's path."""
    parts = PurePath(location).parts
    return ".." not in parts and project.parts[len(project.parts) - len(parts) :] == parts


def _restricts_versions(option: Option) -> bool:
    """Return whether an option is a requirement by name, which can restrict other packages."""
    is_requirement = option.name in (POSITIONAL, CONSTRAINT, _WITH)
    return is_requirement and _parse_requirement(option.value) is not None
