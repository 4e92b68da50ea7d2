"""A file on a server, read piece by piece.

A wheel's METADATA, without the wheel: beside it (PEP 658), or out of it by range requests.
"""

from __future__ import annotations

import io
import re
from contextlib import suppress
from email.parser import HeaderParser
from functools import lru_cache, partial
from hashlib import sha256
from threading import Lock
from typing import IO, TYPE_CHECKING, NamedTuple
from zipfile import ZIP_DEFLATED, ZIP_STORED, BadZipFile, ZipFile
from zlib import error as ZlibError  # noqa: N812 - it is an exception, spelled like a variable

from packaging.requirements import InvalidRequirement, Requirement
from packaging.specifiers import InvalidSpecifier, SpecifierSet
from packaging.utils import canonicalize_name
from packaging.version import InvalidVersion, Version

from hatch_torch.errors import IndexFaultError
from hatch_torch.index.limits import METADATA as LARGEST

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from hatch_torch.index.client import Fetcher
    from hatch_torch.index.simple_api import Wheel
    from hatch_torch.index.transport import Slice
    from hatch_torch.index.urls import Hosts


TAIL = 64 * 1024
"""Bytes of the first piece: in most wheels their whole directory and their METADATA."""
_PIECE = 16 * 1024
_MOST = 8 * 1024 * 1024
"""Bytes that are asked for in all; the directory of the largest torch takes two million."""


class RemoteFile(io.RawIOBase):
    """A seekable file over range requests, for `zipfile`; raises OSError where they fail."""

    def __init__(self, ask: Callable[[int, int | None], Slice | None]) -> None:
        """Take the question for the bytes from first to last; (-n, None) asks for the last n."""
        super().__init__()
        self._ask = ask
        self._position = 0
        self._asked = 0
        self._slices: list[Slice] = []
        self._total = self._fetch(-TAIL, None).total

    def seekable(self) -> bool:
        """Answer that it is."""
        return True

    def readable(self) -> bool:
        """Answer that it is."""
        return True

    def tell(self) -> int:
        """Return the position."""
        return self._position

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """Move, as `io.IOBase.seek`."""
        origin = {io.SEEK_SET: 0, io.SEEK_CUR: self._position, io.SEEK_END: self._total}[whence]
        if origin + offset < 0:
            raise OSError("a position before the beginning of the file")
        self._position = origin + offset
        return self._position

    def read(self, size: int | None = -1) -> bytes:
        """Return the bytes from here on, all that were asked for but at the end of the file."""
        rest = max(0, self._total - self._position)
        count = rest if size is None or size < 0 else min(size, rest)
        start, self._position = self._position, self._position + count
        return self._between(start, start + count) if count else b""

    def _between(self, start: int, end: int) -> bytes:
        for piece in self._slices:
            if piece.start <= start and end <= piece.start + len(piece.body):
                return piece.body[start - piece.start : end - piece.start]
        last = min(max(end, start + _PIECE), self._total) - 1
        piece = self._fetch(start, last)
        if piece.start != start or len(piece.body) <= end - 1 - start:
            raise OSError("the server sent another piece than the one asked for")
        return piece.body[: end - start]

    def _fetch(self, first: int, last: int | None) -> Slice:
        self._asked += -first if last is None else last - first + 1
        if self._asked > _MOST:
            raise OSError(f"more than {_MOST} bytes of it would be needed")
        piece = self._ask(first, last)
        if piece is None:
            raise OSError("the server does not answer range requests")
        self._slices.append(piece)
        return piece


_METADATA = r"[^/]+\.dist-info/METADATA"
FAULTS = (OSError, EOFError, RuntimeError, ValueError, IndexFaultError, BadZipFile, ZlibError)
"""What can go wrong when METADATA is read; zipfile raises RuntimeError for encrypted files."""
# packaging reads a marker's strings with CPython's AST, whose conversion counts its depth for all
# threads together: CPython 3.11.7 raised SystemError where two were at it.
_ONE_AT_A_TIME = Lock()
_MOST_LINES = 1000
"""Requirements of one wheel; torch has 40."""
_LONGEST_LINE = 1000


class Metadata(NamedTuple):
    """What a wheel says that it needs."""

    requires: tuple[Requirement, ...] = ()
    requires_python: SpecifierSet | None = None


def parse_metadata(content: bytes, wheel: Wheel) -> Metadata:
    """Read a METADATA file; raises ValueError where it is damaged or another wheel's."""
    # packaging.metadata reads it with this parser too, and takes 8 ms to import.
    raw = HeaderParser().parsestr(content.decode("utf-8", "replace"))
    name, version = raw.get("name", ""), raw.get("version", "")
    try:
        if canonicalize_name(name) != wheel.name or Version(version) != wheel.version:
            raise ValueError(f"its METADATA is that of {name!r} {version!r}")
    except InvalidVersion as error:
        raise ValueError(f"its METADATA has no version: {version!r}") from error
    lines = raw.get_all("requires-dist", [])
    if len(lines) > _MOST_LINES:
        raise ValueError(f"its METADATA has more than {_MOST_LINES} requirements")
    return Metadata(tuple(_requirements(lines)), _range(raw.get("requires-python")))


def read_metadata(wheel: Wheel, fetcher: Fetcher, hosts: Hosts) -> Metadata | None:
    """Return what a wheel needs, or None where that cannot be read; `fetcher.notes` say why.

    What was read once is kept: a wheel with a hash never changes.
    """
    key = f"{wheel.url}#{wheel.sha256 or wheel.metadata or ''}#METADATA"
    kept = fetcher.recall(key)
    if kept is not None:
        return parse_metadata(kept, wheel)
    for way in (_inside,) if wheel.metadata is None else (_beside, _inside):
        try:
            content = way(wheel, fetcher, hosts)
            metadata = parse_metadata(content, wheel)
        except FAULTS as error:
            fetcher.note(f"{wheel.filename}: {error}")
        else:
            fetcher.keep(key, content, for_good=bool(wheel.sha256 or wheel.metadata))
            return metadata
    return None


def _requirements(lines: Iterable[str]) -> Iterator[Requirement]:
    """Read the lines that can be read; installers stop at the others by themselves."""
    for line in (one for one in lines if len(one) <= _LONGEST_LINE):
        with suppress(InvalidRequirement, RecursionError):
            yield _parsed(line)


@lru_cache(maxsize=4096)
def _parsed(line: str) -> Requirement:
    with _ONE_AT_A_TIME:
        return Requirement(line)


def _range(text: str | None) -> SpecifierSet | None:
    """Read Requires-Python; old wheels hold ranges that nobody can read, which exclude nobody."""
    try:
        return SpecifierSet(text) if text and len(text) <= _LONGEST_LINE else None
    except InvalidSpecifier:
        return None


def _beside(wheel: Wheel, fetcher: Fetcher, hosts: Hosts) -> bytes:
    content = fetcher.get(f"{wheel.url}.metadata", hosts)
    if content is None:
        raise ValueError("the index page names a metadata file that is not there")
    if wheel.metadata and sha256(content).hexdigest() != wheel.metadata:
        raise ValueError("its metadata file does not match the hash on the index page")
    return content


def _inside(wheel: Wheel, fetcher: Fetcher, hosts: Hosts) -> bytes:
    return metadata_in(RemoteFile(partial(fetcher.get_range, wheel.url, hosts=hosts)))


def metadata_in(file: IO[bytes] | RemoteFile) -> bytes:
    """Return the METADATA of a wheel; raises ValueError, OSError or a zip file's own errors."""
    with ZipFile(file) as archive:
        names = [name for name in archive.namelist() if re.fullmatch(_METADATA, name)]
        if len(names) != 1:
            raise ValueError(f"it has {len(names)} METADATA files")
        member = archive.getinfo(names[0])
        if member.compress_type not in {ZIP_STORED, ZIP_DEFLATED}:  # others unpack without limits
            raise ValueError("its METADATA is packed as no wheel's is")
        with archive.open(member) as unpacking:
            content = unpacking.read(LARGEST + 1)
    if len(content) > LARGEST:
        raise ValueError(f"its METADATA is larger than {LARGEST} bytes")
    return content
