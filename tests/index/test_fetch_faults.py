"""Servers that break in every way, over real sockets: a fault in words, in time, in bounds."""

from __future__ import annotations

import gzip
import socket
import socketserver
import ssl
import threading
import time
from datetime import date, datetime
from typing import TYPE_CHECKING

import pytest
import trustme

from hatch_torch.errors import IndexFaultError
from hatch_torch.index.urls import Hosts

if TYPE_CHECKING:
    from collections.abc import Callable
    from http.server import BaseHTTPRequestHandler
    from pathlib import Path

    from hatch_torch.index.client import Fetcher
    from hatch_torch.index.http_cache import Document
    from tests.index.conftest import Server

    Route = Callable[[BaseHTTPRequestHandler], None]

BOMB = gzip.compress(bytes(40 * 1024 * 1024))
PACKED = gzip.compress(b"A" * 1000)


def fault_of(fetcher: Fetcher, url: str, hosts: Hosts) -> str:
    """Return the fault that a page ends in."""

    def body(document: Document) -> bytes:
        return document.body

    with pytest.raises(IndexFaultError) as fault:
        fetcher.get_all([url], hosts, body)
    return fault.value.found


BODIES = [
    (b"A", {"Content-Length": "9"}, "the connection broke off"),
    (BOMB, {"Content-Encoding": "gzip"}, "the answer is larger than 32 MiB"),
    (bytes(33 * 1024 * 1024), {}, "the answer is larger than 32 MiB"),
    (PACKED[:-9], {"Content-Encoding": "gzip"}, "the answer was cut in the middle"),
    (b"plain", {"Content-Encoding": "gzip"}, "the answer cannot be unpacked"),
    (b"A", {"Content-Encoding": "br"}, "the answer is packed in a way that was not asked for"),
]
STATUSES = [
    (500, {}, "answered with status 500"),
    (503, {"Retry-After": "120"}, "answered with status 503, retry after '120'"),
    (429, {"Retry-After": "soon"}, "answered with status 429, retry after 'soon'"),
    (302, {"Location": "/a"}, "redirects to nowhere"),
    (302, {"Location": "https://evil.example.org/"}, "redirects to the host evil.example.org, "),
    (418, {"Content-Length": "many"}, "answered with status 418"),
]


@pytest.mark.parametrize("case", BODIES)
def test_bodies(
    server: Server, fetcher: Fetcher, hosts: Hosts, case: tuple[bytes, dict[str, str], str]
) -> None:
    """A body that is cut, too large, or packed wrongly is a fault."""
    content, headers, expected = case
    server.page("/a", content, 200, **headers)
    assert fault_of(fetcher, f"{server.url}/a", hosts) == expected


@pytest.mark.parametrize("case", STATUSES)
def test_statuses(
    server: Server,
    new_fetcher: Callable[..., Fetcher],
    hosts: Hosts,
    case: tuple[int, dict[str, str], str],
) -> None:
    """A status that is no answer is told, once patience ends."""
    status, headers, expected = case
    server.page("/a", "", status, **headers)
    found = fault_of(new_fetcher(seconds=0.3), f"{server.url}/a", hosts)
    assert found.startswith(expected)


def slow_headers(handler: BaseHTTPRequestHandler) -> None:
    """Send a header that never ends, a byte at a time."""
    handler.wfile.write(b"HTTP/1.1 200 OK\r\nX: ")
    trickle(handler)


def slow_body(handler: BaseHTTPRequestHandler) -> None:
    """Send a body that never ends, a byte at a time."""
    handler.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: 999999\r\n\r\n")
    trickle(handler)


def silence(handler: BaseHTTPRequestHandler) -> None:
    """Send nothing for a while."""
    time.sleep(0.6)
    handler.close_connection = True


def trickle(handler: BaseHTTPRequestHandler) -> None:
    """Send a byte now and then."""
    for _ in range(40):
        handler.wfile.write(b"x")
        handler.wfile.flush()
        time.sleep(0.02)
    handler.close_connection = True


@pytest.mark.parametrize("route", [slow_headers, slow_body, silence])
def test_slow(
    server: Server, new_fetcher: Callable[..., Fetcher], hosts: Hosts, route: Route
) -> None:
    """However slow a server is, the limit holds, for pages and for files."""
    server.routes["/a"] = route
    start = time.monotonic()
    found = fault_of(new_fetcher(seconds=0.3), f"{server.url}/a", hosts)
    assert found == "no answer in time; TORCH_VARIANT_TIMEOUT sets the seconds"
    with pytest.raises(IndexFaultError, match="no answer in time"):
        new_fetcher(seconds=0.3).get(f"{server.url}/a", hosts)
    assert time.monotonic() - start < 1.2


def test_one_limit_for_all(
    server: Server, new_fetcher: Callable[..., Fetcher], hosts: Hosts
) -> None:
    """When the time of a decision is spent, nobody is asked any more."""
    server.routes["/a"] = silence
    fetcher = new_fetcher(seconds=0.2)
    fault_of(fetcher, f"{server.url}/a", hosts)
    asked = len(server.asked)
    fault_of(fetcher, f"{server.url}/b", hosts)
    with pytest.raises(IndexFaultError, match="no answer in time"):
        fetcher.get(f"{server.url}/b", hosts)
    assert len(server.asked) == asked


def test_nobody_there(fetcher: Fetcher, hosts: Hosts) -> None:
    """A port without a server is said to be one."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    assert fault_of(fetcher, f"http://127.0.0.1:{port}/a", hosts) == "nobody takes the connection"


def test_unknown_name(fetcher: Fetcher) -> None:
    """A name that nobody knows is said to be one."""
    hosts = Hosts.of(["https://no-such-host.invalid"])
    found = fault_of(fetcher, "https://no-such-host.invalid/a", hosts)
    assert found in {"its host name is unknown here", "no answer in time"}


def test_no_certificate(server: Server, new_fetcher: Callable[..., Fetcher], hosts: Hosts) -> None:
    """A server that speaks no TLS, and certificates that are not there, are not trusted."""
    fetcher = new_fetcher({"SSL_CERT_FILE": "/no/such/file"})
    found = fault_of(fetcher, f"{server.url.replace('http:', 'https:')}/a", hosts)
    assert found.startswith("its certificate is not trusted; PIP_CERT")


@pytest.mark.parametrize("first", [date(1990, 1, 1), date(9000, 1, 1)], ids=["late", "early"])
def test_clock(new_fetcher: Callable[..., Fetcher], tmp_path: Path, first: date) -> None:
    """A certificate that is not valid by this clock is told as such, though it is trusted."""
    authority = trustme.CA()
    authority.cert_pem.write_to_path(str(tmp_path / "trusted.pem"))
    begin = datetime.combine(first, datetime.min.time())
    made = authority.issue_cert("127.0.0.1", not_before=begin, not_after=begin.replace(day=9))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    made.configure_cert(context)
    with socketserver.TCPServer(("127.0.0.1", 0), socketserver.BaseRequestHandler) as server:
        server.socket = context.wrap_socket(server.socket, server_side=True)
        server.handle_error = lambda *_: None  # type: ignore[method-assign] # the client hangs up
        thread = threading.Thread(target=server.handle_request)
        thread.start()
        url = f"https://127.0.0.1:{server.server_address[1]}/a"
        fetcher = new_fetcher({"SSL_CERT_FILE": str(tmp_path / "trusted.pem")})
        found = fault_of(fetcher, url, Hosts.of([url]))
        thread.join()
    assert "not valid at the time that this machine's clock shows" in found
