"""Client against broken servers over real sockets: messages, deadline and limits."""

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
from hatch_torch.index.urls import AllowedHosts

if TYPE_CHECKING:
    from collections.abc import Callable
    from http.server import BaseHTTPRequestHandler
    from pathlib import Path

    from hatch_torch.index.client import Client
    from hatch_torch.index.http_cache import CachedResponse
    from tests.index.conftest import Server

    Route = Callable[[BaseHTTPRequestHandler], None]

BOMB = gzip.compress(bytes(40 * 1024 * 1024))
PACKED = gzip.compress(b"A" * 1000)


def fault_of(client: Client, url: str, hosts: AllowedHosts) -> str:
    """Return the message of the fault that a page request ends in."""

    def body(response: CachedResponse) -> bytes:
        return response.body

    fault = client.get_pages([url], hosts, body)[url]
    assert isinstance(fault, IndexFaultError)
    return fault.found


BODIES = [
    (b"A", {"Content-Length": "9"}, "the connection broke off"),
    (BOMB, {"Content-Encoding": "gzip"}, "the response is too large (expected at most 32 MiB)"),
    (bytes(33 * 1024 * 1024), {}, "the response is too large (expected at most 32 MiB)"),
    (PACKED[:-9], {"Content-Encoding": "gzip"}, "the response is truncated"),
    (b"plain", {"Content-Encoding": "gzip"}, "the response cannot be decompressed"),
    (b"A", {"Content-Encoding": "br"}, "the response has an unknown encoding (expected gzip)"),
]
STATUSES = [
    (500, {}, "answered with status 500"),
    (503, {"Retry-After": "120"}, "answered with status 503, retry after '120'"),
    (429, {"Retry-After": "soon"}, "answered with status 429, retry after 'soon'"),
    (302, {"Location": "/a"}, "redirects without a valid target"),
    (302, {"Location": "https://evil.example.org/"}, "redirects to the host evil.example.org, "),
    (418, {"Content-Length": "many"}, "answered with status 418"),
]


@pytest.mark.parametrize("case", BODIES)
def test_bodies(
    server: Server, client: Client, hosts: AllowedHosts, case: tuple[bytes, dict[str, str], str]
) -> None:
    """A truncated, oversized or wrongly encoded body is a fault."""
    content, headers, expected = case
    server.page("/a", content, 200, **headers)
    assert fault_of(client, f"{server.url}/a", hosts) == expected


@pytest.mark.parametrize("case", STATUSES)
def test_statuses(
    server: Server,
    new_client: Callable[..., Client],
    hosts: AllowedHosts,
    case: tuple[int, dict[str, str], str],
) -> None:
    """An unexpected status is a fault after the last attempt."""
    status, headers, expected = case
    server.page("/a", "", status, **headers)
    found = fault_of(new_client(timeout=0.3), f"{server.url}/a", hosts)
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
    server: Server, new_client: Callable[..., Client], hosts: AllowedHosts, route: Route
) -> None:
    """The deadline holds for pages and files, however slow a server is."""
    server.routes["/a"] = route
    start = time.monotonic()
    found = fault_of(new_client(timeout=0.3), f"{server.url}/a", hosts)
    assert found == "no response in time"
    with pytest.raises(IndexFaultError, match="in time\nhint: set TORCH_VARIANT_TIMEOUT"):
        new_client(timeout=0.3).get_metadata(f"{server.url}/a", hosts)
    assert time.monotonic() - start < 1.2


def test_one_limit_for_all(
    server: Server, new_client: Callable[..., Client], hosts: AllowedHosts
) -> None:
    """After the deadline no further request is sent."""
    server.routes["/a"] = silence
    client = new_client(timeout=0.2)
    fault_of(client, f"{server.url}/a", hosts)
    requested = len(server.requested)
    fault_of(client, f"{server.url}/b", hosts)
    with pytest.raises(IndexFaultError, match="in time\nhint: set TORCH_VARIANT_TIMEOUT"):
        client.get_metadata(f"{server.url}/b", hosts)
    assert len(server.requested) == requested


def test_nobody_there(client: Client, hosts: AllowedHosts) -> None:
    """A port without a server is reported as such."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    assert fault_of(client, f"http://127.0.0.1:{port}/a", hosts) == "connection refused"


def test_unknown_name(client: Client) -> None:
    """An unknown host name is reported as such."""
    hosts = AllowedHosts.of(["https://no-such-host.invalid"])
    found = fault_of(client, "https://no-such-host.invalid/a", hosts)
    assert found in {"the host name cannot be resolved", "no response in time"}


def test_no_certificate(
    server: Server, new_client: Callable[..., Client], hosts: AllowedHosts
) -> None:
    """A missing certificate file is reported as an untrusted certificate."""
    client = new_client({"SSL_CERT_FILE": "/no/such/file"})
    found = fault_of(client, f"{server.url.replace('http:', 'https:')}/a", hosts)
    assert found == "the certificate is not trusted"


@pytest.mark.parametrize("first", [date(1990, 1, 1), date(9000, 1, 1)], ids=["late", "early"])
def test_clock(new_client: Callable[..., Client], tmp_path: Path, first: date) -> None:
    """A trusted certificate outside its validity is reported as such."""
    authority = trustme.CA()
    authority.cert_pem.write_to_path(str(tmp_path / "trusted.pem"))
    begin = datetime.combine(first, datetime.min.time())
    certificate = authority.issue_cert(
        "127.0.0.1", not_before=begin, not_after=begin.replace(day=9)
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    certificate.configure_cert(context)
    with socketserver.TCPServer(("127.0.0.1", 0), socketserver.BaseRequestHandler) as server:
        server.socket = context.wrap_socket(server.socket, server_side=True)
        server.handle_error = lambda *_: None  # type: ignore[method-assign] # the client hangs up
        thread = threading.Thread(target=server.handle_request)
        thread.start()
        url = f"https://127.0.0.1:{server.server_address[1]}/a"
        client = new_client({"SSL_CERT_FILE": str(tmp_path / "trusted.pem")})
        found = fault_of(client, url, AllowedHosts.of([url]))
        thread.join()
    assert found == "the certificate is not valid at the time of this machine's clock"
