"""Downloads wheels into a folder, verified, resuming partial downloads.

`transport`, which imports urllib3, is imported only where a download needs it.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import unquote
from zipfile import BadZipFile, ZipFile
from zlib import error as ZlibError  # noqa: N812 (an exception, spelled like a variable)

from hatch_torch.errors import ConfigurationError, HatchTorchError, IndexFaultError
from hatch_torch.index.limits import MAX_FILE_BYTES, Deadline, map_until_deadline
from hatch_torch.index.urls import strip_credentials

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Mapping
    from io import FileIO
    from pathlib import Path

    from hatch_torch.index.transport import Reply, Sink

    Stream = Callable[[str, int, Sink], Reply]
    """Passes the bytes of a URL, from a position on, to a sink; as `PyTorchIndex.stream`."""
    Progress = Callable[[str, int, int], None]
    """Takes a file's name, its bytes so far, and its size in bytes (0: unknown)."""

_PARALLEL_FILES = 4
"""Files that are fetched at once: more would only share the same bandwidth."""
_MAX_SECONDS = 30 * 86400.0
_PIECE = 1024 * 1024
_PARTIAL, _RANGE_NOT_SATISFIABLE = 206, 416
_SUCCESS = {200, _PARTIAL}


class DownloadRequest(NamedTuple):
    """A wheel to download."""

    url: str
    sha256: str | None
    """None where the index gives none: then the zip file's own checksums are verified."""

    @property
    def filename(self) -> str:
        """The name of the file."""
        return unquote(self.url.rpartition("/")[2])


class DownloadResult(NamedTuple):
    """A wheel that is in the folder."""

    size: int
    """In bytes."""
    how: str
    """``fetched``, ``resumed`` (from a part), or ``there`` (before the call)."""


def download_all(
    requests: Collection[DownloadRequest], folder: Path, stream: Stream, progress: Progress
) -> dict[DownloadRequest, DownloadResult | HatchTorchError]:
    """Download wheels into a folder, several at once; return each one's result or error.

    A complete file is not fetched again. A file with a wrong hash never gets its final name. An
    interrupted download stays as ``NAME.part``, and the next call resumes it. Raises
    ConfigurationError where the folder cannot be created.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ConfigurationError([f"{folder}: {error.strerror}"]) from None

    def download(request: DownloadRequest) -> DownloadResult | HatchTorchError:
        try:
            return _download(request, folder, stream, progress)
        except HatchTorchError as fault:
            return fault
        except OSError as error:
            return ConfigurationError([f"{error.filename or folder}: {error.strerror}"])

    results = map_until_deadline(download, requests, Deadline(_MAX_SECONDS), _PARALLEL_FILES)
    return {request: results[request] for request in requests}


class _PartialFile:
    """The part of a file that has arrived."""

    def __init__(self, path: Path, request: DownloadRequest, progress: Progress) -> None:
        self.path = path
        self._request = request
        self._progress = progress
        self.is_resumed = False

    @property
    def size(self) -> int:
        """The bytes on disk."""
        return self.path.stat().st_size if self.path.exists() else 0

    def write(self, status: int, headers: Mapping[str, str], pieces: Iterator[bytes]) -> None:
        """Write a body: the whole file, or the rest of it."""
        start, total = self._read_span(status, headers)
        self.is_resumed = start > 0
        with self.path.open("r+b" if start else "wb", buffering=0) as file:
            file.seek(start)
            file.truncate()
            for piece in pieces:
                self._write_piece(file, piece)
                self._progress(self._request.filename, file.tell(), total)

    def _read_span(self, status: int, headers: Mapping[str, str]) -> tuple[int, int]:
        """Return the position of the body and the size of the file, 0 where it is unknown."""
        length = headers.get("content-length", "")
        if status != _PARTIAL:
            return 0, int(length) if length.isdecimal() else 0
        from hatch_torch.index.transport import Slice  # noqa: PLC0415 (see the module's docstring)

        part = Slice.from_headers(headers, b"")
        if part is None or part.start != self.size:
            found = "the server sent a different range than the requested one"
            raise IndexFaultError(strip_credentials(self._request.url), found)
        return part.start, part.total

    def _write_piece(self, file: FileIO, piece: bytes) -> None:
        # ConfigurationError, since the transport takes an OSError for a fault of the network.
        rest = memoryview(piece)
        try:
            while rest:  # a disk that is nearly full accepts a part of it
                rest = rest[file.write(rest) :]
        except OSError as error:
            raise ConfigurationError([f"{self.path}: {error.strerror}"]) from None


def _download(
    request: DownloadRequest, folder: Path, stream: Stream, progress: Progress
) -> DownloadResult:
    path = folder / request.filename
    if path.exists():
        if _is_valid(path, request):
            return DownloadResult(path.stat().st_size, "there")
        path.unlink()
    part = _PartialFile(path.with_name(f"{path.name}.part"), request, progress)
    _complete(part, request, stream)
    if part.is_resumed and not _is_valid(part.path, request):
        part.path.unlink()  # it was the beginning of another file
        _complete(part, request, stream)
    if not _is_valid(part.path, request):
        part.path.unlink()
        raise IndexFaultError(strip_credentials(request.url), _describe_mismatch(request))
    size = part.size
    part.path.replace(path)
    return DownloadResult(size, "resumed" if part.is_resumed else "fetched")


def _complete(part: _PartialFile, request: DownloadRequest, stream: Stream) -> None:
    """Fetch what is missing; resume after a broken connection as long as bytes arrive."""
    while True:
        before = part.size
        try:
            reply = stream(request.url, before, part.write)
        except IndexFaultError:
            if before < part.size < MAX_FILE_BYTES:
                continue
            raise
        if reply.status == _RANGE_NOT_SATISFIABLE and before:
            part.is_resumed = True  # the part may be the whole file; its hash is checked next
        elif reply.status not in _SUCCESS:
            from hatch_torch.index.transport import make_status_fault  # noqa: PLC0415 (likewise)

            raise make_status_fault(reply)
        return


def _is_valid(path: Path, request: DownloadRequest) -> bool:
    if request.sha256 is None:
        return _is_whole_zip(path)
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while piece := file.read(_PIECE):
            digest.update(piece)
    return digest.hexdigest() == request.sha256


def _is_whole_zip(path: Path) -> bool:
    try:
        with ZipFile(path) as archive:
            return archive.testzip() is None
    except (BadZipFile, ZlibError, EOFError, NotImplementedError):
        return False


def _describe_mismatch(request: DownloadRequest) -> str:
    if request.sha256 is None:
        return "the download is not a complete wheel (the index gives no hash for it); deleted"
    return f"the download does not have the index's sha256 (expected {request.sha256}); deleted"
