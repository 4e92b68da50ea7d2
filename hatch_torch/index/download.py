"""Wheels into a folder: whole and checked, or in part under another name, to be gone on with."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import unquote
from zipfile import BadZipFile, ZipFile
from zlib import error as ZlibError  # noqa: N812 - it is an exception, spelled like a variable

from hatch_torch.errors import ConfigurationError, HatchTorchError, IndexFaultError
from hatch_torch.index.limits import FILE, Deadline, in_time
from hatch_torch.index.transport import Slice, refusal_of
from hatch_torch.index.urls import bare

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Mapping
    from io import FileIO
    from pathlib import Path

    from hatch_torch.index.transport import Into, Reply

    Stream = Callable[[str, int, Into], Reply]
    """Hands the bytes of a URL, from a place on, to what takes them."""
    Tell = Callable[[str, int, int], None]
    """Takes a file's name, how many of its bytes are there, and how many it has (0: unknown)."""

_WIDTH = 4
"""How many files are fetched at once: more would only share the same line."""
_LONG = 30 * 86400.0
_PIECE = 1024 * 1024
_PARTIAL, _TOO_FAR = 206, 416
_DONE = {200, _PARTIAL}


class Wanted(NamedTuple):
    """A wheel that is wanted in a folder."""

    url: str
    sha256: str | None
    """None where the index gives none: then the file's own checksums have to do."""

    @property
    def filename(self) -> str:
        """The name of the file."""
        return unquote(self.url.rpartition("/")[2])


class Got(NamedTuple):
    """A wheel that is in a folder."""

    size: int
    how: str
    """``fetched``, ``resumed`` (a part was there), or ``there`` (all of it was)."""


def fetch_all(
    wanted: Collection[Wanted], folder: Path, stream: Stream, tell: Tell
) -> dict[Wanted, Got | HatchTorchError]:
    """Fetch wheels into a folder, several at once; returns what became of each.

    A file that is there and right is not fetched again. One whose hash is wrong is never left
    under its name. What could not be finished stays as ``NAME.part``, and the next call goes on
    from there. Raises ConfigurationError where there can be no such folder.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ConfigurationError([f"{folder}: {error.strerror}"]) from None

    def fetch(one: Wanted) -> Got | HatchTorchError:
        try:
            return _fetch(one, folder, stream, tell)
        except HatchTorchError as fault:
            return fault
        except OSError as error:
            return ConfigurationError([f"{error.filename or folder}: {error.strerror}"])

    found = in_time(fetch, wanted, Deadline(_LONG), _WIDTH)
    return {one: found[one] for one in wanted}


class _Part:
    """What has come of a file so far."""

    def __init__(self, path: Path, wanted: Wanted, tell: Tell) -> None:
        self.path = path
        self._wanted = wanted
        self._tell = tell
        self.is_resumed = False

    @property
    def size(self) -> int:
        """The bytes that are there."""
        return self.path.stat().st_size if self.path.exists() else 0

    def take(self, status: int, headers: Mapping[str, str], pieces: Iterator[bytes]) -> None:
        """Write what comes: the file from its beginning, or from the place that it goes on at."""
        start, total = self._span(status, headers)
        self.is_resumed = start > 0
        with self.path.open("r+b" if start else "wb", buffering=0) as file:
            file.seek(start)
            file.truncate()
            for piece in pieces:
                self._write(file, piece)
                self._tell(self._wanted.filename, file.tell(), total)

    def _span(self, status: int, headers: Mapping[str, str]) -> tuple[int, int]:
        """Return where the bytes begin and how many the file has, 0 where that is not said."""
        length = headers.get("content-length", "")
        if status != _PARTIAL:
            return 0, int(length) if length.isdecimal() else 0
        part = Slice.of(headers, b"")
        if part is None or part.start != self.size:
            found = "sends another part than the one asked for"
            raise IndexFaultError(bare(self._wanted.url), found)
        return part.start, part.total

    def _write(self, file: FileIO, piece: bytes) -> None:
        # Not an OSError, which on the way through the network's room would be the network's.
        left = memoryview(piece)
        try:
            while left:  # a disk that is nearly full takes a part of it
                left = left[file.write(left) :]
        except OSError as error:
            raise ConfigurationError([f"{self.path}: {error.strerror}"]) from None


def _fetch(wanted: Wanted, folder: Path, stream: Stream, tell: Tell) -> Got:
    path = folder / wanted.filename
    if path.exists():
        if _is_right(path, wanted):
            return Got(path.stat().st_size, "there")
        path.unlink()
    part = _Part(path.with_name(f"{path.name}.part"), wanted, tell)
    _fill(part, wanted, stream)
    if part.is_resumed and not _is_right(part.path, wanted):
        part.path.unlink()  # it was the beginning of another file
        _fill(part, wanted, stream)
    if not _is_right(part.path, wanted):
        part.path.unlink()
        raise IndexFaultError(bare(wanted.url), _wrong(wanted))
    size = part.size
    part.path.replace(path)
    return Got(size, "resumed" if part.is_resumed else "fetched")


def _fill(part: _Part, wanted: Wanted, stream: Stream) -> None:
    """Fetch what is missing, and go on where the connection breaks off, while something comes."""
    while True:
        before = part.size
        try:
            reply = stream(wanted.url, before, part.take)
        except IndexFaultError:
            if before < part.size < FILE:
                continue
            raise
        if reply.status == _TOO_FAR and before:
            part.is_resumed = True  # all of it is there, as the hash will tell
        elif reply.status not in _DONE:
            raise IndexFaultError(bare(reply.url), refusal_of(reply))
        return


def _is_right(path: Path, wanted: Wanted) -> bool:
    if wanted.sha256 is None:
        return _is_whole(path)
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while piece := file.read(_PIECE):
            digest.update(piece)
    return digest.hexdigest() == wanted.sha256


def _is_whole(path: Path) -> bool:
    try:
        with ZipFile(path) as archive:
            return archive.testzip() is None
    except (BadZipFile, ZlibError, EOFError, NotImplementedError):
        return False


def _wrong(wanted: Wanted) -> str:
    if wanted.sha256 is None:
        return "is no whole wheel; the index gives no hash for it"
    return f"its sha256 is not {wanted.sha256}, which the index gives; nothing of it is kept"
