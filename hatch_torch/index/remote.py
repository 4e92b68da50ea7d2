"""A file on a server, read piece by piece."""

from __future__ import annotations

import io
import re
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

_CONTENT_RANGE = r"bytes (\d{1,15})-\d{1,15}/(\d{1,15})"
TAIL = 64 * 1024
"""Bytes of the first piece: in most wheels their whole directory and their METADATA."""
_PIECE = 16 * 1024
_MOST = 8 * 1024 * 1024
"""Bytes that are asked for in all; the directory of the largest torch takes two million."""


class Slice(NamedTuple):
    """A piece of a file: its bytes, where they begin, and the size of the whole."""

    body: bytes
    start: int
    total: int

    @classmethod
    def of(cls, headers: Mapping[str, str], body: bytes) -> Slice | None:
        """Take a reply of status 206; None where it does not say which part it is."""
        match = re.fullmatch(_CONTENT_RANGE, headers.get("content-range", ""))
        return cls(body, int(match[1]), int(match[2])) if match else None


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
