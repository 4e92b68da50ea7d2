"""What a call asks for this project, and what else it demands of the same install."""

from __future__ import annotations

import re
from pathlib import PurePath
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import parse_qs

from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name

from hatch_torch.frontend.files import (
    CONSTRAINT,
    FIND_LINKS,
    PYPROJECT,
    REQUIREMENT,
    expand,
    to_path,
)
from hatch_torch.frontend.grammar import WORD, Option

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from hatch_torch.frontend.calls import Call

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
