"""The only module that talks to the network: single GET requests over urllib3's kept connections.

Bodies are read within a byte budget and a deadline. Failures become IndexFaultError with a message
of our own, since urllib3's may contain the URL and its credentials.
"""

from __future__ import annotations

import re
import ssl
import zlib
from io import BytesIO
from threading import Lock
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

from truststore import SSLContext
from urllib3 import PoolManager, ProxyManager, Retry, Timeout
from urllib3.exceptions import (
    ConnectTimeoutError,
    HTTPError,
    InvalidHeader,
    NameResolutionError,
    NewConnectionError,
    ProtocolError,
    ProxyError,
    ProxySchemeUnknown,
    SSLError,
    TimeoutError as HTTPTimeoutError,
)

from hatch_torch.errors import IndexFaultError
from hatch_torch.index.limits import LATE, LATE_HINT, PARALLEL_REQUESTS, ByteBudget, Deadline
from hatch_torch.index.proxies import CERTIFICATES, Proxy, find_certificates, find_proxy
from hatch_torch.index.urls import strip_credentials

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    Sink = Callable[[int, Mapping[str, str], Iterator[bytes]], None]
    """Takes a status, headers and the pieces of a body as they arrive."""
    Send = Callable[["Request"], "Reply"]
    """Sends one request to one server; raises as `Transport.send`."""

_PIECE = 64 * 1024
_UNAUTHORIZED = 401
_FILE_STATUSES = {200, 206}


class Slice(NamedTuple):
    """A part of a file: its bytes, their position, and the size of the whole file."""

    body: bytes
    start: int
    total: int

    @classmethod
    def from_headers(cls, headers: Mapping[str, str], body: bytes) -> Slice | None:
        """Return the part that a reply of status 206 has; None without a valid Content-Range."""
        content_range = headers.get("content-range", "")
        match = re.fullmatch(r"bytes (\d{1,15})-\d{1,15}/(\d{1,15})", content_range)
        return cls(body, int(match[1]), int(match[2])) if match else None


class BrokenError(IndexFaultError):
    """The connection was refused or broke off; another attempt may succeed."""


class UnreachableError(IndexFaultError):
    """The host is unreachable; further requests would only hit the same timeout."""


class RefusedError(BrokenError, UnreachableError):
    """The host refused the connection: worth other attempts, but not for each further page."""


class Request(NamedTuple):
    """A GET request, with the limits on its response."""

    url: str
    budget: ByteBudget
    deadline: Deadline
    headers: Mapping[str, str] = MappingProxyType({})
    expected: int = 200
    """The status whose body is read."""
    sink: Sink | None = None
    """Takes the body of a whole file or of a part (200, 206) instead of the reply."""

    def with_headers(self, headers: Mapping[str, str]) -> Request:
        """Return the request with additional headers."""
        return self._replace(headers={**self.headers, **headers})


class Reply(NamedTuple):
    """A server's response; header names are in lower case."""

    url: str
    status: int
    headers: Mapping[str, str] = MappingProxyType({})
    body: bytes = b""


class Response(Protocol):
    """The part of urllib3's response that reading a body needs."""

    status: int

    def read1(self, amt: int, /, *, decode_content: bool) -> bytes:
        """Return the bytes that have arrived, at most `amt`; nothing at the end."""

    def drain_conn(self) -> None:
        """Discard the rest of the body, so that the connection can be reused."""


class Transport:
    """Sends single requests over a pool of connections for each proxy."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        """Keep the environment, which names proxies and certificates."""
        self._environ = environ
        self._managers: dict[tuple[Proxy | None, bool], PoolManager] = {}
        self._lock = Lock()

    def send(self, request: Request) -> Reply:
        """Return one server's response, without following redirects.

        Raises IndexFaultError where there is no complete response within the request's limits.
        """
        remaining = request.deadline.remaining()
        if not remaining:
            raise IndexFaultError(strip_credentials(request.url), LATE, hint=LATE_HINT)
        try:
            response = self._manager(request.url).request(
                "GET",
                request.url,
                headers=request.headers,
                timeout=Timeout(connect=remaining / 3, read=remaining),
                preload_content=False,
                redirect=False,
                retries=False,
            )
        except (HTTPError, OSError, ValueError) as error:
            raise describe_fault(request.url, error) from None
        headers = {name.lower(): value for name, value in response.headers.items()}
        try:
            body = read_body(response, headers, request)
        except (HTTPError, OSError, ValueError) as error:
            fault = describe_fault(request.url, error)
            # A sink has a part of the body already: its owner asks for the rest, while another
            # attempt here would fetch everything again.
            raise (IndexFaultError(fault.url, fault.found) if request.sink else fault) from None
        finally:
            response.close()  # no effect once the connection is back in its pool
        return Reply(request.url, response.status, headers, body)

    def close(self) -> None:
        """Close all connections."""
        for manager in self._managers.values():
            manager.clear()

    def _manager(self, url: str) -> PoolManager:
        proxy, is_https = find_proxy(url, self._environ), url.startswith("https:")
        with self._lock:
            if (proxy, is_https) not in self._managers:
                options = _trust_options(self._environ) if is_https else {}
                self._managers[proxy, is_https] = _new_manager(proxy, options)
            return self._managers[proxy, is_https]


def _trust_options(environ: Mapping[str, str]) -> dict[str, Any]:
    """Return urllib3's options for the certificates that a variable names, else the system's.

    OpenSSL does not look into the store of Windows, macOS and most Linuxes, which is where a
    company puts its own certificate; pip and uv read it too.
    """
    named = find_certificates(environ)
    if named.file or named.folder:
        return {"ca_certs": named.file, "ca_cert_dir": named.folder}
    return {"ssl_context": SSLContext(ssl.PROTOCOL_TLS_CLIENT)}


def _new_manager(proxy: Proxy | None, options: dict[str, Any]) -> PoolManager:
    size = PARALLEL_REQUESTS
    if proxy is None:
        return PoolManager(size, maxsize=size, **options)
    headers = dict(proxy.headers)
    return ProxyManager(proxy.url, size, maxsize=size, proxy_headers=headers, **options)


def read_body(response: Response, headers: Mapping[str, str], request: Request) -> bytes:
    """Return the decompressed body; empty where the request has a sink or expects another status.

    Raises IndexFaultError where the body is too large, too late, or cannot be decompressed.
    """
    if request.sink and response.status in _FILE_STATUSES:
        request.sink(response.status, headers, _read_pieces(response, request))
        return b""
    if response.status == request.expected:
        body = BytesIO()
        for piece in _read_pieces(response, request):
            body.write(piece)
        encoding = headers.get("content-encoding", "").strip().lower()
        return _decompress(body.getvalue(), encoding, request)
    length = headers.get("content-length", "")
    if length.isdecimal() and int(length[:9]) < _PIECE:
        response.drain_conn()
    return b""


def _read_pieces(response: Response, request: Request) -> Iterator[bytes]:
    while piece := response.read1(_PIECE, decode_content=False):
        if not request.budget.consume(len(piece)):
            raise _too_large(request)
        if not request.deadline.remaining():
            raise IndexFaultError(strip_credentials(request.url), LATE, hint=LATE_HINT)
        yield piece


def _too_large(request: Request) -> IndexFaultError:
    found = f"the response is too large (expected at most {request.budget})"
    return IndexFaultError(strip_credentials(request.url), found)


def _decompress(body: bytes, encoding: str, request: Request) -> bytes:
    """Undo a Content-Encoding; a small body that expands to a huge one is stopped on the way."""
    if encoding in {"", "identity"}:
        return body
    url = strip_credentials(request.url)
    if encoding not in {"gzip", "x-gzip"}:
        raise IndexFaultError(url, "the response has an unknown encoding (expected gzip)")
    decompressor = zlib.decompressobj(wbits=zlib.MAX_WBITS | 16)
    try:
        content = decompressor.decompress(body, request.budget.limit)
    except zlib.error as error:
        raise IndexFaultError(url, "the response cannot be decompressed") from error
    if decompressor.unconsumed_tail or not request.budget.consume(len(content)):
        raise _too_large(request)
    if not decompressor.eof:
        raise IndexFaultError(url, "the response is truncated")
    return content


# The first class that an error is an instance of counts: fault, message, hint.
_FAULTS: dict[
    type[Exception] | tuple[type[Exception], ...], tuple[type[IndexFaultError], str, str | None]
] = {
    NameResolutionError: (UnreachableError, "the host name cannot be resolved", None),
    NewConnectionError: (RefusedError, "connection refused", None),
    ConnectTimeoutError: (UnreachableError, LATE, LATE_HINT),
    (HTTPTimeoutError, TimeoutError): (IndexFaultError, LATE, LATE_HINT),
    (SSLError, ssl.SSLError): (
        IndexFaultError,
        "the certificate is not trusted",
        f"name a file of certificates in one of {', '.join(CERTIFICATES)}",
    ),
    ProxySchemeUnknown: (
        IndexFaultError,
        "unsupported kind of proxy (expected an http: or https: URL)",
        None,
    ),
    ProxyError: (UnreachableError, "the proxy does not respond", None),
    ProtocolError: (BrokenError, "the connection broke off", None),
    ValueError: (IndexFaultError, "the URL, or the proxy's, is not valid", None),
}
_CLOCK_FAULTS = ("certificate is not yet valid", "certificate has expired")  # OpenSSL's words


def describe_fault(url: str, error: Exception) -> IndexFaultError:
    """Return an error with a message of our own, without credentials."""
    shown = strip_credentials(url)
    is_certificate = isinstance(error, (SSLError, ssl.SSLError))
    if is_certificate and any(words in str(error) for words in _CLOCK_FAULTS):
        return IndexFaultError(
            shown,
            "the certificate is not valid at the time of this machine's clock",
            hint="check the clock",
        )
    for classes, (fault, found, hint) in _FAULTS.items():
        if isinstance(error, classes):
            return fault(shown, found, hint=hint)
    return IndexFaultError(shown, f"the request failed ({type(error).__name__})")


def make_status_fault(reply: Reply) -> IndexFaultError:
    """Return the error for a status that is not the expected one."""
    url = strip_credentials(reply.url)
    if reply.status == _UNAUTHORIZED:
        hint = "put them into the netrc file (~/.netrc)"
        return IndexFaultError(url, "user and password are required (401)", hint=hint)
    wait = reply.headers.get("retry-after", "")[:40]
    suffix = f", retry after {wait!r}" if wait else ""
    return IndexFaultError(url, f"answered with status {reply.status}{suffix}")


def parse_retry_after(value: str) -> float:
    """Return the seconds that a Retry-After header asks for (RFC 9110); 0 for an invalid one."""
    try:
        return Retry().parse_retry_after(value[:40])
    except (InvalidHeader, ValueError, OverflowError):
        return 0.0
