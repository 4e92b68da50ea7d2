"""Requirements files, read as pip and uv read them; a file that is not there says nothing.

A requirements file that somebody wrote: its lines, of which all but a few stay byte for byte.
"""

from __future__ import annotations

import codecs
import re
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import unquote, urlsplit

from packaging.requirements import InvalidRequirement, Requirement

from hatch_torch.frontend.installers import WORD, Grammar, Option

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping


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


# Those of 32 bits first: they begin with the bytes of those of 16.
_BYTE_ORDER_MARKS = {
    codecs.BOM_UTF8: "utf-8",
    codecs.BOM_UTF32_LE: "utf-32-le",
    codecs.BOM_UTF32_BE: "utf-32-be",
    codecs.BOM_UTF16_LE: "utf-16-le",
    codecs.BOM_UTF16_BE: "utf-16-be",
}
_COMMENT_REQUIREMENTS_FILE = re.compile(r"(?:^|\s)#.*", re.DOTALL)
_CONTINUED_REQUIREMENTS_FILE = re.compile(r"\\\r?\n")
_ENDING = re.compile(r"[\r\n]*\Z")
# PEP 263; pip looks for it in the first two lines.
_CODING = re.compile(r"#.*?coding[:=]")
_CODING_LINES = 2


class FileLine(NamedTuple):
    """A line with the lines that continue it, exactly as they are in the file."""

    text: str
    options: tuple[Option, ...] = ()
    """What it says, without its comment; a requirement is a word."""

    @property
    def requirement(self) -> Requirement | None:
        """The requirement by name that it holds; a path, a URL or an option is none."""
        words = [one.value for one in self.options if one.name == WORD]
        try:
            return Requirement(words[0]) if len(words) == 1 else None
        except InvalidRequirement:
            return None

    @property
    def has_hash(self) -> bool:
        """Whether it makes an installer ask for a hash of everything."""
        return bool(
            re.search(
                r"\s--hash\b|^\s*--require-hashes\b", _COMMENT_REQUIREMENTS_FILE.sub("", self.text)
            )
        )

    def with_requirement(self, requirement: str) -> str:
        """Return the line for another requirement, with its comment and its ending."""
        comment = _COMMENT_REQUIREMENTS_FILE.search(
            _CONTINUED_REQUIREMENTS_FILE.sub(" ", self.text)
        )
        told = f"  {comment[0].strip()}" if comment else ""
        return f"{requirement}{told}{self.ending}"

    @property
    def ending(self) -> str:
        """The characters that end it; none at the end of some files."""
        found = _ENDING.search(self.text)
        return found[0] if found else ""


class RequirementsFile(NamedTuple):
    """The lines of a file, and how its bytes are to be written."""

    lines: tuple[FileLine, ...]
    encoding: str = "utf-8"
    mark: str = ""
    """The byte order mark that it begins with."""

    @classmethod
    def parse(cls, content: bytes, environ: Mapping[str, str]) -> RequirementsFile:
        """Read a file; raises ValueError where its bytes are not what their mark promises.

        `environ` holds the values of the `${VARIABLES}` in it.
        """
        found = (of for mark, of in _BYTE_ORDER_MARKS.items() if content.startswith(mark))
        encoding = next(found, "utf-8")
        text = content.decode(encoding, _errors(encoding))
        body = text.removeprefix("\ufeff")
        lines = tuple(FileLine(one, parse_requirements(one, environ)) for one in _joined(body))
        return cls(lines, encoding, text[: len(text) - len(body)])

    @property
    def requirements(self) -> tuple[Requirement, ...]:
        """The requirements by name that it holds itself."""
        return tuple(one.requirement for one in self.lines if one.requirement)

    def numbered(self) -> Iterator[tuple[int, FileLine]]:
        """Yield each line with its number, from 1; a continued one has that of its beginning."""
        number = 1
        for line in self.lines:
            yield number, line
            number += len(line.text.splitlines())

    def rewritten(self, front: Iterable[str], replaced: Callable[[Requirement], str | None]) -> str:
        """Return the text with lines in front, and with some requirements replaced."""
        newline = next((one.ending for one in self.lines if one.ending), "\n")
        head = _coding_lines(self.lines)
        top = "".join(f"{one.text}{'' if one.ending else newline}" for one in self.lines[:head])
        new = "".join(f"{line}{newline}" for line in front)
        rest = "".join(_rewritten(one, replaced) for one in self.lines[head:])
        return f"{self.mark}{top}{new}{rest}"

    def encoded(self, text: str) -> bytes:
        """Return a text as the file's bytes are written."""
        return text.encode(self.encoding, _errors(self.encoding))


def _errors(encoding: str) -> str:
    """Let the bytes of another encoding pass through UTF-8 as they are."""
    return "surrogateescape" if encoding == "utf-8" else "strict"


def _joined(text: str) -> Iterator[str]:
    """Split a text into lines, each with those that continue it; a comment ends them, as in pip."""
    begun = ""
    for line in text.splitlines(keepends=True):
        begun += line
        if not line.rstrip("\r\n").endswith("\\") or line.lstrip().startswith("#"):
            yield begun
            begun = ""
    if begun:
        yield begun


def _coding_lines(lines: tuple[FileLine, ...]) -> int:
    """Count the lines that must stay on top, because one of them names the file's encoding."""
    found = [at for at, one in enumerate(lines[:_CODING_LINES], 1) if _CODING.match(one.text)]
    return max(found, default=0)


def _rewritten(line: FileLine, replaced: Callable[[Requirement], str | None]) -> str:
    new = replaced(line.requirement) if line.requirement else None
    return line.text if new is None else line.with_requirement(new)
