"""What comes over the wire: a body within its limits, a failure in words without secrets."""

from __future__ import annotations

import zlib
from io import BytesIO
from typing import TYPE_CHECKING, Protocol

from hatch_torch.errors import IndexFaultError
from hatch_torch.index.courier import (
    BrokenError,
    RefusedError,
    Reply,
    Request,
    UnreachableError,
)
from hatch_torch.index.hosts import bare
from hatch_torch.index.route import CERTIFICATES

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from hatch_torch.index.patience import Deadline

_PIECE = 64 * 1024
LATE = "no answer in time; TORCH_VARIANT_TIMEOUT sets the seconds"

_WORDS = {
    "NameResolutionError": "its host name is unknown here",
    "NewConnectionError": "nobody takes the connection",
    "ConnectTimeoutError": LATE,
    "TimeoutError": LATE,
    "SSLError": f"its certificate is not trusted; {', '.join(CERTIFICATES)} may name others",
    "ProxyError": "the proxy does not answer",
    "ProxySchemeUnknown": "a proxy of this kind is not supported, only http: and https:",
    "ProtocolError": "the connection broke off",
    "ValueError": "its address, or that of a proxy, cannot be read",
}
_UNTIMELY = ("certificate is not yet valid", "certificate has expired")  # OpenSSL's words
_UNAUTHORIZED = 401
_OF_A_FILE = {200, 206}
_FAULTS: dict[str, type[IndexFaultError]] = {
    "NameResolutionError": UnreachableError,
    "NewConnectionError": RefusedError,
    "ConnectTimeoutError": UnreachableError,
    "ProxyError": UnreachableError,
    "ProtocolError": BrokenError,
}


class Response(Protocol):
    """A reply whose body arrives piece by piece, as urllib3 gives it."""

    status: int

    def read1(self, amt: int, /, *, decode_content: bool) -> bytes:
        """Return what is there, at most `amt` bytes; nothing at the end."""

    def drain_conn(self) -> None:
        """Read over the body, so that the connection can be used again."""


def take_body(
    response: Response, headers: Mapping[str, str], request: Request, deadline: Deadline
) -> bytes:
    """Read the body where the status is the one expected; any other body is not worth the time.

    Raises IndexFaultError where it is too large, comes too late, or cannot be unpacked.
    """
    if request.into and response.status in _OF_A_FILE:
        request.into(response.status, headers, _pieces(response, request, deadline))
        return b""
    if response.status == request.expected:
        body = _read(response, request, deadline)
        return _unpack(body, headers.get("content-encoding", "").strip().lower(), request)
    length = headers.get("content-length", "")
    if length.isdecimal() and int(length[:9]) < _PIECE:
        response.drain_conn()
    return b""


def _read(response: Response, request: Request, deadline: Deadline) -> bytes:
    body = BytesIO()
    for piece in _pieces(response, request, deadline):
        body.write(piece)
    return body.getvalue()


def _pieces(response: Response, request: Request, deadline: Deadline) -> Iterator[bytes]:
    while piece := response.read1(_PIECE, decode_content=False):
        if not request.room.take(len(piece)):
            raise _too_large(request)
        if not deadline.remaining():
            raise IndexFaultError(bare(request.url), LATE)
        yield piece


def _too_large(request: Request) -> IndexFaultError:
    return IndexFaultError(bare(request.url), f"the answer is larger than {request.room}")


def _unpack(body: bytes, encoding: str, request: Request) -> bytes:
    """Undo a Content-Encoding; a small body that unpacks to a huge one is stopped on the way."""
    if encoding in {"", "identity"}:
        return body
    url = bare(request.url)
    if encoding not in {"gzip", "x-gzip"}:
        raise IndexFaultError(url, "the answer is packed in a way that was not asked for")
    unpacker = zlib.decompressobj(wbits=zlib.MAX_WBITS | 16)
    try:
        unpacked = unpacker.decompress(body, request.room.limit)
    except zlib.error as error:
        raise IndexFaultError(url, "the answer cannot be unpacked") from error
    if unpacker.unconsumed_tail or not request.room.take(len(unpacked)):
        raise _too_large(request)
    if not unpacker.eof:
        raise IndexFaultError(url, "the answer was cut in the middle")
    return unpacked


def fault_of(url: str, error: Exception) -> IndexFaultError:
    """Say what went wrong in our own words; the library's may hold the URL and its secrets."""
    known = (base.__name__ for base in type(error).__mro__ if base.__name__ in _WORDS)
    name = next(known, "")
    found = _WORDS.get(name, f"the request failed ({type(error).__name__})")
    if name == "SSLError" and any(one in str(error) for one in _UNTIMELY):
        found = "its certificate is not valid at the time that this machine's clock shows"
    return _FAULTS.get(name, IndexFaultError)(bare(url), found)


def refusal_of(reply: Reply) -> str:
    """Say what a status means that is not the one asked for."""
    if reply.status == _UNAUTHORIZED:
        return "it asks for a user and a password (401); the netrc file is the place for them"
    wait = reply.headers.get("retry-after", "")[:40]
    return f"answered with status {reply.status}" + (f", retry after {wait!r}" if wait else "")
