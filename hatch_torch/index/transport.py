"""What comes over the wire: a body within its limits, a failure in words without secrets.

The one seam to the network: requests to servers by urllib3, over connections that are kept.
"""

from __future__ import annotations

import re
import zlib
from io import BytesIO
from threading import Lock
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

from hatch_torch.errors import IndexFaultError
from hatch_torch.index.limits import WIDTH, Deadline, Room
from hatch_torch.index.proxies import CERTIFICATES, Certificates, Proxy, certificates, proxy_for
from hatch_torch.index.urls import bare

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from urllib3 import PoolManager

    from hatch_torch.index.limits import Deadline

    Into = Callable[[int, Mapping[str, str], Iterator[bytes]], None]
    """Takes the status, the headers and the pieces of a body, as they come."""
    Exchange = Callable[["Request"], "Reply"]
    """Sends one request to one server; raises IndexFaultError, or BrokenError where a
    second attempt is worth it."""

_CONTENT_RANGE = r"bytes (\d{1,15})-\d{1,15}/(\d{1,15})"


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


class BrokenError(IndexFaultError):
    """The connection was refused or broke off: a second attempt is worth it."""


class UnreachableError(IndexFaultError):
    """There is no way to the host at all: whoever asks it for another page waits as long again."""


class RefusedError(BrokenError, UnreachableError):
    """Nobody took the connection: it may be busy just now, but not attempt after attempt."""


class Request(NamedTuple):
    """A GET; the body is only read where the status is the one expected."""

    url: str
    room: Room
    """For how much of a body."""
    headers: Mapping[str, str] = MappingProxyType({})
    expected: int = 200
    into: Into | None = None
    """What takes the body of a file, or of its end, instead of the reply."""

    def with_headers(self, headers: Mapping[str, str]) -> Request:
        """Return the request with more headers."""
        return self._replace(headers={**self.headers, **headers})


class Reply(NamedTuple):
    """What one server answered; header names in lower case."""

    url: str
    status: int
    headers: Mapping[str, str] = MappingProxyType({})
    body: bytes = b""


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


class Connections:
    """Sends one request to one server, over connections that are kept open."""

    def __init__(self, environ: Mapping[str, str], deadline: Deadline) -> None:
        """Take the environment, for proxies and certificates, and the time that there is."""
        self._environ = environ
        self._deadline = deadline
        self._managers: dict[tuple[Proxy | None, bool], PoolManager] = {}
        self._lock = Lock()

    def exchange(self, request: Request) -> Reply:
        """Return what the server says; raises IndexFaultError where that is nothing whole."""
        # It takes 70 ms to import; a decision from lock or cache must not pay for it.
        from urllib3.exceptions import HTTPError  # noqa: PLC0415 - see above

        try:
            return self._exchange(request)
        except (HTTPError, OSError, ValueError) as error:
            raise fault_of(request.url, error) from None

    def _exchange(self, request: Request) -> Reply:
        from urllib3 import Timeout  # noqa: PLC0415 - as above
        from urllib3.exceptions import HTTPError  # noqa: PLC0415 - as above

        left = self._deadline.remaining()
        if not left:
            raise IndexFaultError(bare(request.url), LATE)
        response = self._manager(request.url).request(
            "GET",
            request.url,
            headers=request.headers,
            timeout=Timeout(connect=left / 3, read=left),
            preload_content=False,
            redirect=False,
            retries=False,
        )
        headers = {name.lower(): value for name, value in response.headers.items()}
        try:
            body = take_body(response, headers, request, self._deadline)
        except HTTPError as error:
            if request.into is None:
                raise
            # Who takes the body has a part of it, and asks for the rest, not for all again.
            raise IndexFaultError(bare(request.url), fault_of(request.url, error).found) from None
        finally:
            response.close()  # no effect on one that was read to its end and is back in the pool
        return Reply(request.url, response.status, headers, body)

    def _manager(self, url: str) -> PoolManager:
        route = proxy_for(url, self._environ), url.startswith("https:")
        with self._lock:
            if route not in self._managers:
                trust = _trust(certificates(self._environ)) if route[1] else {}
                self._managers[route] = _new_manager(route[0], trust)
            return self._managers[route]

    def close(self) -> None:
        """Close them."""
        for manager in self._managers.values():
            manager.clear()


def _trust(named: Certificates) -> dict[str, Any]:
    """Trust the certificates that a variable names, else the system's, as pip and uv can.

    The store of Windows, macOS and most Linuxes is not where OpenSSL looks, and it is where a
    company puts a certificate of its own.
    """
    if named.file or named.folder:
        return {"ca_certs": named.file, "ca_cert_dir": named.folder}
    import ssl  # noqa: PLC0415 - as above

    from truststore import SSLContext  # noqa: PLC0415 - as above

    return {"ssl_context": SSLContext(ssl.PROTOCOL_TLS_CLIENT)}


def _new_manager(proxy: Proxy | None, trust: dict[str, Any]) -> PoolManager:
    from urllib3 import PoolManager, ProxyManager  # noqa: PLC0415 - as above

    if proxy is None:
        return PoolManager(WIDTH, maxsize=WIDTH, **trust)
    headers = dict(proxy.headers)
    return ProxyManager(proxy.url, WIDTH, maxsize=WIDTH, proxy_headers=headers, **trust)
