"""A requirements file that somebody wrote: its lines, of which all but a few stay byte for byte."""

from __future__ import annotations

import codecs
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from packaging.requirements import InvalidRequirement, Requirement

from hatch_torch.frontend.files import parse_requirements
from hatch_torch.frontend.grammar import WORD

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from hatch_torch.frontend.grammar import Option

# Those of 32 bits first: they begin with the bytes of those of 16.
_BYTE_ORDER_MARKS = {
    codecs.BOM_UTF8: "utf-8",
    codecs.BOM_UTF32_LE: "utf-32-le",
    codecs.BOM_UTF32_BE: "utf-32-be",
    codecs.BOM_UTF16_LE: "utf-16-le",
    codecs.BOM_UTF16_BE: "utf-16-be",
}
_COMMENT = re.compile(r"(?:^|\s)#.*", re.DOTALL)
_CONTINUED = re.compile(r"\\\r?\n")
_ENDING = re.compile(r"[\r\n]*\Z")
# PEP 263; pip looks for it in the first two lines.
_CODING = re.compile(r"#.*?coding[:=]")
_CODING_LINES = 2


@dataclass(frozen=True, slots=True)
class FileLine:
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
        return bool(re.search(r"\s--hash\b|^\s*--require-hashes\b", _COMMENT.sub("", self.text)))

    def with_requirement(self, requirement: str) -> str:
        """Return the line for another requirement, with its comment and its ending."""
        comment = _COMMENT.search(_CONTINUED.sub(" ", self.text))
        told = f"  {comment[0].strip()}" if comment else ""
        return f"{requirement}{told}{self.ending}"

    @property
    def ending(self) -> str:
        """The characters that end it; none at the end of some files."""
        found = _ENDING.search(self.text)
        return found[0] if found else ""


@dataclass(frozen=True, slots=True)
class RequirementsFile:
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
