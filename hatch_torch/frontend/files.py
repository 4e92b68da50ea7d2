"""Requirements files, read as pip and uv read them; a file that is not there says nothing."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

from hatch_torch.frontend.grammar import WORD, Grammar, Option

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

REQUIREMENT, CONSTRAINT, FIND_LINKS = "--requirement", "--constraint", "--find-links"
PYPROJECT = "pyproject.toml"

# The path of `file:///C:/work` is `/C:/work` (RFC 8089, appendix E.2).
_DRIVE = r"^/([A-Za-z]:)"

# The options of a line (pip's reference, "Requirements file format").
_GRAMMAR = Grammar.of(
    values=(
        "--requirement -r",
        "--constraint -c",
        "--editable -e",
        "--find-links -f",
        "--index-url -i",
        "--extra-index-url",
        "--no-binary",
        "--only-binary",
        "--trusted-host",
        "--use-feature",
    ),
    flags=("--no-index", "--pre", "--prefer-binary", "--require-hashes"),
)
_COMMENT = r"(^|\s)#.*$"
_CONTINUED = r"\\\r?\n"
_OPTIONS = r"\s+--?[a-z].*$"
_VARIABLE = r"\$\{([A-Z0-9_]+)\}"


def expand(
    options: Iterable[Option],
    folder: Path | None,
    environ: Mapping[str, str],
    seen: frozenset[Path] = frozenset(),
) -> Iterator[Option]:
    """Replace each requirements and constraints file by what it says, files within files too.

    A constraint comes out as an option `--constraint` whose value is a requirement. Relative
    names are taken from `folder`; within a file, from the file's own (pip and uv do so). A
    pyproject.toml, which uv takes too, stays as it is.
    """
    for option in options:
        path = to_path(option.value, folder) if option.name in (REQUIREMENT, CONSTRAINT) else None
        if path is None or path.name == PYPROJECT:
            yield _placed(option, folder)
        elif path not in seen:
            lines = parse_requirements(_text(path), environ)
            inner = expand(lines, path.parent, environ, seen | {path})
            yield from inner if option.name == REQUIREMENT else map(_constraint, inner)


def _text(path: Path) -> str:
    """Return what a file says; a pipe, which could be read only once, is the installer's."""
    try:
        return path.read_text("utf-8-sig", errors="replace") if path.is_file() else ""
    except (OSError, ValueError):  # it may not be read, or a NUL stands in its name
        return ""


def _placed(option: Option, folder: Path | None) -> Option:
    """Make a folder of wheels absolute, where it lies beside the file that names it."""
    path = to_path(option.value, folder) if option.name == FIND_LINKS else None
    return Option(FIND_LINKS, str(path)) if path and path.exists() else option


def _constraint(option: Option) -> Option:
    return Option(CONSTRAINT, option.value) if option.name == WORD else option


def parse_requirements(text: str, environ: Mapping[str, str]) -> tuple[Option, ...]:
    """Read a requirements file: comments, continued lines, `${VARIABLES}`, options."""
    lines = (
        re.sub(_COMMENT, "", line).strip() for line in re.sub(_CONTINUED, "", text).splitlines()
    )
    return tuple(option for line in lines if line for option in _parse_line(line, environ))


def _parse_line(line: str, environ: Mapping[str, str]) -> tuple[Option, ...]:
    line = re.sub(_VARIABLE, lambda match: environ.get(match[1]) or match[0], line)
    if not line.startswith("-"):
        return (Option(WORD, re.sub(_OPTIONS, "", line)),)
    import shlex  # noqa: PLC0415 (few name a requirements file, with options in it)

    try:
        return _GRAMMAR.read(shlex.split(line))
    except ValueError:  # a quotation that does not end
        return ()


def to_path(text: str, folder: Path | None) -> Path | None:
    """Return the local path that a path or a `file:` URL names, None for any other URL.

    Also None for a relative path where its folder is not known.
    """
    if text.startswith("file:"):
        try:
            path = Path(re.sub(_DRIVE, r"\1", unquote(urlsplit(text).path)))
        except ValueError:  # brackets where a host should be
            return None
    elif "://" in text:
        return None
    else:
        path = Path(text)
    if path.is_absolute():
        return path
    return folder / path if folder else None
