"""Reads a wheel's METADATA without downloading the wheel.

It comes from the file beside the wheel (PEP 658), else out of the wheel by range requests.
"""

from __future__ import annotations

import io
import re
from contextlib import suppress
from email.parser import HeaderParser
from functools import lru_cache, partial
from hashlib import sha256
from threading import Lock
from typing import IO, TYPE_CHECKING, NamedTuple, Protocol
from zipfile import ZIP_DEFLATED, ZIP_STORED, BadZipFile, ZipFile
from zlib import error as ZlibError  # noqa: N812 (an exception, spelled like a variable)

from packaging.requirements import InvalidRequirement, Requirement
from packaging.specifiers import InvalidSpecifier, SpecifierSet
from packaging.utils import canonicalize_name
from packaging.version import InvalidVersion, Version

from hatch_torch.errors import IndexFaultError
from hatch_torch.index.limits import MAX_METADATA_BYTES

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator

    from hatch_torch.index.client import Client
    from hatch_torch.index.simple_api import Wheel
    from hatch_torch.index.transport import Slice
    from hatch_torch.index.urls import AllowedHosts

FAULTS = (OSError, EOFError, RuntimeError, ValueError, IndexFaultError, BadZipFile, ZlibError)
"""What reading METADATA can raise; zipfile raises RuntimeError for encrypted files."""
TAIL = 64 * 1024
"""Bytes of the first range: in most wheels the whole directory and METADATA."""
_PIECE = 16 * 1024
_MAX_RANGE_BYTES = 8 * 1024 * 1024
"""Bytes of all ranges of a file; the directory of the largest torch wheel takes two million."""
_METADATA_MEMBER = re.compile(r"[^/]+\.dist-info/METADATA")
_MAX_REQUIREMENTS = 1000
"""Requirements of one wheel; torch has 40."""
_MAX_LINE = 1000
"""Characters of one requirement."""
# packaging reads a marker's strings with CPython's AST, whose conversion counts its depth for all
# threads together: CPython 3.11.7 raised SystemError where two threads did it at the same time.
_REQUIREMENT_LOCK = Lock()


class Metadata(NamedTuple):
    """What a wheel requires."""

    requires: tuple[Requirement, ...] = ()
    requires_python: SpecifierSet | None = None


class IndexFile(Protocol):
    """A wheel on an index, by its `Wheel` or by another value with these fields."""

    @property
    def filename(self) -> str:
        """The file's name."""

    @property
    def url(self) -> str:
        """The file's URL, without fragment."""

    @property
    def sha256(self) -> str | None:
        """The file's hash."""

    @property
    def core_metadata(self) -> str | None:
        """The METADATA file's hash, "" for one without a hash, None where there is no file."""


def read_metadata(wheel: Wheel, client: Client, hosts: AllowedHosts) -> Metadata | None:
    """Return what a wheel requires; None where that cannot be read (`client.notes` say why)."""
    content = read_content(wheel, client, hosts, partial(parse_metadata, wheel=wheel))
    return None if content is None else parse_metadata(content, wheel)


def read_all_metadata(
    wheels: Collection[Wheel], client: Client, hosts: AllowedHosts
) -> dict[Wheel, Metadata | None]:
    """Return what wheels require, read in parallel; None as `read_metadata`, or if too late."""
    found = client.map(lambda wheel: read_metadata(wheel, client, hosts), wheels)
    return {
        wheel: None if isinstance(metadata := found.get(wheel), IndexFaultError) else metadata
        for wheel in wheels
    }


def read_content(
    file: IndexFile,
    client: Client,
    hosts: AllowedHosts,
    check: Callable[[bytes], object] = bytes,
    add_note: Callable[[str], None] | None = None,
) -> bytes | None:
    """Return the bytes of a wheel's METADATA; None where it cannot be read, with a note.

    Content for which `check` raises ValueError counts as unreadable. It is cached where the page
    gives its hash, which decides whether it is still right.
    """
    key = f"{file.url}#{file.sha256 or ''}#{file.core_metadata or ''}#METADATA"
    cached = client.cache_get(key)
    if cached is not None:
        return cached
    for read in (_read_inside,) if file.core_metadata is None else (_read_beside, _read_inside):
        try:
            content = read(file, client, hosts)
            check(content)
        except FAULTS as error:
            reason = error.message if isinstance(error, IndexFaultError) else error
            (add_note or client.add_note)(f"{file.filename}: {reason}")
        else:
            if read is _read_beside and file.core_metadata:
                client.cache_put(key, content, is_permanent=True)
            return content
    return None


def parse_metadata(content: bytes, wheel: Wheel) -> Metadata:
    """Return what a METADATA file requires; raises ValueError for a damaged or foreign one."""
    # packaging.metadata uses this parser too, and takes 8 ms to import.
    headers = HeaderParser().parsestr(content.decode("utf-8", "replace"))
    name, version = headers.get("name", ""), headers.get("version", "")
    try:
        if canonicalize_name(name) != wheel.name or Version(version) != wheel.version:
            raise ValueError(f"its METADATA is that of {name!r} {version!r}")
    except InvalidVersion as error:
        raise ValueError(f"its METADATA has an invalid version: {version!r}") from error
    lines = headers.get_all("requires-dist", [])
    if len(lines) > _MAX_REQUIREMENTS:
        raise ValueError(f"its METADATA has more than {_MAX_REQUIREMENTS} requirements")
    requires_python = _parse_specifier(headers.get("requires-python"))
    return Metadata(tuple(_parse_requirements(lines)), requires_python)


def extract_metadata(file: IO[bytes] | RemoteFile) -> bytes:
    """Return the METADATA of a wheel; raises one of FAULTS."""
    with ZipFile(file) as archive:
        names = [name for name in archive.namelist() if _METADATA_MEMBER.fullmatch(name)]
        if len(names) != 1:
            raise ValueError(f"it has {len(names)} METADATA files (expected 1)")
        member = archive.getinfo(names[0])
        if member.compress_type not in {ZIP_STORED, ZIP_DEFLATED}:
            # zipfile decompresses other methods without a limit.
            raise ValueError("its METADATA has an unsupported compression (expected deflate)")
        with archive.open(member) as stream:
            content = stream.read(MAX_METADATA_BYTES + 1)
    if len(content) > MAX_METADATA_BYTES:
        raise ValueError(f"its METADATA is too large (expected at most {MAX_METADATA_BYTES} bytes)")
    return content


def _read_beside(file: IndexFile, client: Client, hosts: AllowedHosts) -> bytes:
    content = client.get_metadata(f"{file.url}.metadata", hosts)
    if content is None:
        raise ValueError("the index page lists a METADATA file that does not exist")
    if file.core_metadata and sha256(content).hexdigest() != file.core_metadata:
        raise ValueError("its METADATA file does not match the hash on the index page")
    return content


def _read_inside(file: IndexFile, client: Client, hosts: AllowedHosts) -> bytes:
    return extract_metadata(RemoteFile(partial(client.get_range, file.url, hosts=hosts)))


def _parse_requirements(lines: Iterable[str]) -> Iterator[Requirement]:
    """Yield the valid requirements; installers report the others themselves."""
    for line in lines:
        if len(line) <= _MAX_LINE:
            with suppress(InvalidRequirement, RecursionError):
                yield _parse_requirement(line)


@lru_cache(maxsize=4096)
def _parse_requirement(line: str) -> Requirement:
    with _REQUIREMENT_LOCK:
        return Requirement(line)


def _parse_specifier(text: str | None) -> SpecifierSet | None:
    """Return Requires-Python; None for an invalid one, as old wheels have, which excludes none."""
    try:
        return SpecifierSet(text) if text and len(text) <= _MAX_LINE else None
    except InvalidSpecifier:
        return None


class RemoteFile(io.RawIOBase):
    """A seekable file over range requests, for `zipfile`; raises OSError where they fail."""

    def __init__(self, get_range: Callable[[int, int | None], Slice | None]) -> None:
        """Keep what returns the bytes from first to last, or with (-n, None) the last n."""
        super().__init__()
        self._get_range = get_range
        self._position = 0
        self._requested = 0
        self._slices: list[Slice] = []
        self._total = self._fetch(-TAIL, None).total

    def seekable(self) -> bool:
        """Return True."""
        return True

    def readable(self) -> bool:
        """Return True."""
        return True

    def tell(self) -> int:
        """Return the position."""
        return self._position

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """Set the position, as `io.IOBase.seek`."""
        start = {io.SEEK_SET: 0, io.SEEK_CUR: self._position, io.SEEK_END: self._total}[whence]
        if start + offset < 0:
            raise OSError("a position before the beginning of the file")
        self._position = start + offset
        return self._position

    def read(self, size: int | None = -1) -> bytes:
        """Return the next `size` bytes, fewer only at the end of the file."""
        rest = max(0, self._total - self._position)
        count = rest if size is None or size < 0 else min(size, rest)
        start, self._position = self._position, self._position + count
        return self._read_between(start, start + count) if count else b""

    def _read_between(self, start: int, end: int) -> bytes:
        for piece in self._slices:
            if piece.start <= start and end <= piece.start + len(piece.body):
                return piece.body[start - piece.start : end - piece.start]
        last = min(max(end, start + _PIECE), self._total) - 1
        piece = self._fetch(start, last)
        if piece.start != start or len(piece.body) <= end - 1 - start:
            raise OSError("the server sent a different range than the requested one")
        return piece.body[: end - start]

    def _fetch(self, first: int, last: int | None) -> Slice:
        self._requested += -first if last is None else last - first + 1
        if self._requested > _MAX_RANGE_BYTES:
            raise OSError(f"more than {_MAX_RANGE_BYTES} bytes of it would be needed")
        piece = self._get_range(first, last)
        if piece is None:
            raise OSError("the server does not support range requests")
        self._slices.append(piece)
        return piece
