"""Requirements files: parsed as pip and uv parse them, and rewritten line by line.

`expand_files` resolves the files that a command line names. `RequirementsFile` holds one file with
everything needed to write it again, so that the lines which are not replaced stay byte for byte.
"""

from __future__ import annotations

import codecs
import re
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import unquote, urlsplit

from packaging.requirements import InvalidRequirement, Requirement

from hatch_torch._files import read_bounded
from hatch_torch.frontend.installers import POSITIONAL, Option, OptionParser

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping


REQUIREMENT, CONSTRAINT, FIND_LINKS = "--requirement", "--constraint", "--find-links"
PYPROJECT = "pyproject.toml"

# The path of `file:///C:/work` is `/C:/work` (RFC 8089, appendix E.2).
_DRIVE = r"^/([A-Za-z]:)"

# The options of a line (pip's reference, "Requirements file format").
_LINE_OPTIONS = OptionParser.of(
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
_MAX_DEPTH = 100  # files within files; the installer reads them all, and reports what is wrong
_COMMENT = re.compile(r"(?:^|\s)#.*", re.DOTALL)
_CONTINUATION = re.compile(r"\\\r?\n")
_REQUIREMENT_OPTIONS = r"\s+--?[a-z].*$"
_VARIABLE = r"\$\{([A-Z0-9_]+)\}"


def expand_files(  # noqa: PLR0913 (the last three are for its calls of itself)
    options: Iterable[Option],
    folder: Path | None,
    environ: Mapping[str, str],
    seen: set[tuple[Path, bool]] | None = None,
    *,
    as_constraints: bool = False,
    depth: int = _MAX_DEPTH,
) -> Iterator[Option]:
    """Yield the options, with each requirements and constraints file replaced by its contents.

    A line of a constraints file becomes the option `--constraint` with a requirement as its value.
    Relative paths are resolved against `folder`, within a file against the file's own folder, as in
    pip and uv. A missing file has no contents; a pyproject.toml, which uv accepts too, is left.
    `seen`: the files that were read, each once as requirements and once as constraints, so that
    files that name each other take no more time than their number.
    """
    seen = set() if seen is None else seen
    for option in options:
        is_file = option.name in (REQUIREMENT, CONSTRAINT)
        path = to_local_path(option.value, folder) if is_file else None
        if path is None or path.name == PYPROJECT:
            yield _absolute_find_links(option, folder)
            continue
        inside = as_constraints or option.name == CONSTRAINT
        if (path, inside) not in seen and depth:
            seen.add((path, inside))
            lines = parse_requirements(_read_text(path), environ)
            inner = expand_files(
                lines, path.parent, environ, seen, as_constraints=inside, depth=depth - 1
            )
            yield from inner if option.name == REQUIREMENT else map(_to_constraint, inner)


def _read_text(path: Path) -> str:
    """Return a file's text, empty if it can't be read. A pipe is left to the installer."""
    try:
        return read_bounded(path).decode("utf-8-sig", "replace")
    except (OSError, ValueError):  # no permission, or a NUL in its name
        return ""


def _absolute_find_links(option: Option, folder: Path | None) -> Option:
    """Return `--find-links` with an absolute path if it names an existing local folder."""
    path = to_local_path(option.value, folder) if option.name == FIND_LINKS else None
    return Option(FIND_LINKS, str(path)) if path and path.exists() else option


def _to_constraint(option: Option) -> Option:
    return Option(CONSTRAINT, option.value) if option.name == POSITIONAL else option


def parse_requirements(text: str, environ: Mapping[str, str]) -> tuple[Option, ...]:
    """Return the options of a requirements file; a requirement is a positional argument.

    Comments, continued lines and `${VARIABLES}` are resolved.
    """
    lines = (_COMMENT.sub("", line).strip() for line in _CONTINUATION.sub("", text).splitlines())
    return tuple(option for line in lines if line for option in _parse_line(line, environ))


def _parse_line(line: str, environ: Mapping[str, str]) -> tuple[Option, ...]:
    line = re.sub(_VARIABLE, lambda match: environ.get(match[1]) or match[0], line)
    if not line.startswith("-"):
        return (Option(POSITIONAL, re.sub(_REQUIREMENT_OPTIONS, "", line)),)
    import shlex  # noqa: PLC0415 (few commands name a requirements file with options in it)

    try:
        return _LINE_OPTIONS.parse(shlex.split(line))
    except ValueError:  # an unclosed quotation mark
        return ()


def to_local_path(text: str, folder: Path | None) -> Path | None:
    """Return the path that a path or a `file:` URL names, None for any other URL.

    Also None for a relative path if `folder`, its base, is None.
    """
    if text.startswith("file:"):
        try:
            path = Path(re.sub(_DRIVE, r"\1", unquote(urlsplit(text).path)))
        except ValueError:  # square brackets that hold no IP address
            return None
    elif "://" in text:
        return None
    else:
        path = Path(text)
    if path.is_absolute():
        return path
    return folder / path if folder else None


# UTF-32 first: its little-endian mark begins with that of UTF-16.
_BYTE_ORDER_MARKS = {
    codecs.BOM_UTF8: "utf-8",
    codecs.BOM_UTF32_LE: "utf-32-le",
    codecs.BOM_UTF32_BE: "utf-32-be",
    codecs.BOM_UTF16_LE: "utf-16-le",
    codecs.BOM_UTF16_BE: "utf-16-be",
}
_LINE_ENDING = re.compile(r"[\r\n]*\Z")
_HASH_OPTION = r"\s--hash\b|^\s*--require-hashes\b"
# PEP 263; pip looks for it in the first two lines.
_CODING = re.compile(r"#.*?coding[:=]")
_CODING_LINES = 2


class FileLine(NamedTuple):
    """A line with the lines that continue it, exactly as they are in the file."""

    text: str
    options: tuple[Option, ...] = ()
    """Its options without the comment; a requirement is a positional argument."""

    @property
    def requirement(self) -> Requirement | None:
        """The requirement by name in this line; None for a path, a URL or an option."""
        words = [option.value for option in self.options if option.name == POSITIONAL]
        try:
            return Requirement(words[0]) if len(words) == 1 else None
        except InvalidRequirement:
            return None

    @property
    def has_hash(self) -> bool:
        """Whether it switches on hash checking for the whole install."""
        return bool(re.search(_HASH_OPTION, _COMMENT.sub("", self.text)))

    def with_requirement(self, requirement: str) -> str:
        """Return the line with another requirement, and its own comment and line ending."""
        match = _COMMENT.search(_CONTINUATION.sub(" ", self.text))
        comment = f"  {match[0].strip()}" if match else ""
        return f"{requirement}{comment}{self.ending}"

    @property
    def ending(self) -> str:
        """The characters that end the line; empty if the file ends without a newline."""
        match = _LINE_ENDING.search(self.text)
        return match[0] if match else ""


class RequirementsFile(NamedTuple):
    """The lines of a file and its encoding."""

    lines: tuple[FileLine, ...]
    encoding: str = "utf-8"
    mark: str = ""
    """The byte order mark that it begins with."""

    @classmethod
    def parse(cls, content: bytes, environ: Mapping[str, str]) -> RequirementsFile:
        """Parse a file; raises ValueError if its bytes are not in the encoding of their mark.

        `environ` holds the values of the file's `${VARIABLES}`.
        """
        encodings = (
            encoding for mark, encoding in _BYTE_ORDER_MARKS.items() if content.startswith(mark)
        )
        encoding = next(encodings, "utf-8")
        text = content.decode(encoding, _error_handler(encoding))
        body = text.removeprefix("\ufeff")
        lines = tuple(
            FileLine(line, parse_requirements(line, environ)) for line in _join_continued(body)
        )
        return cls(lines, encoding, text[: len(text) - len(body)])

    @property
    def requirements(self) -> tuple[Requirement, ...]:
        """The requirements by name in this file, without those of files that it includes."""
        return tuple(line.requirement for line in self.lines if line.requirement)

    def number_lines(self) -> Iterator[tuple[int, FileLine]]:
        """Yield each line with its number, from 1; a continued line has the number of its start."""
        number = 1
        for line in self.lines:
            yield number, line
            number += len(line.text.splitlines())

    def rewrite(self, front: Iterable[str], replace: Callable[[Requirement], str | None]) -> str:
        """Return the text with lines added in front and some requirements replaced.

        `replace` returns a requirement's replacement, or None to keep its line.
        """
        newline = next((line.ending for line in self.lines if line.ending), "\n")
        head = _count_coding_lines(self.lines)
        top = "".join(f"{line.text}{'' if line.ending else newline}" for line in self.lines[:head])
        added = "".join(f"{text}{newline}" for text in front)
        rest = "".join(_rewrite_line(line, replace) for line in self.lines[head:])
        return f"{self.mark}{top}{added}{rest}"

    def encode(self, text: str) -> bytes:
        """Return a text in the file's encoding."""
        return text.encode(self.encoding, _error_handler(self.encoding))


def _error_handler(encoding: str) -> str:
    """Return the handler that passes bytes of other encodings through UTF-8 unchanged."""
    return "surrogateescape" if encoding == "utf-8" else "strict"


def _join_continued(text: str) -> Iterator[str]:
    """Yield lines, each with its continuation lines; a comment line has none, as in pip."""
    joined = ""
    for line in text.splitlines(keepends=True):
        joined += line
        if not line.rstrip("\r\n").endswith("\\") or line.lstrip().startswith("#"):
            yield joined
            joined = ""
    if joined:
        yield joined


def _count_coding_lines(lines: tuple[FileLine, ...]) -> int:
    """Return how many lines must stay on top because one of them declares the encoding."""
    declaring = (
        number for number, line in enumerate(lines[:_CODING_LINES], 1) if _CODING.match(line.text)
    )
    return max(declaring, default=0)


def _rewrite_line(line: FileLine, replace: Callable[[Requirement], str | None]) -> str:
    replacement = replace(line.requirement) if line.requirement else None
    return line.text if replacement is None else line.with_requirement(replacement)
