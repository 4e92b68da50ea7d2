"""PyTorch's hosts on loopback: a proxy that ends TLS itself and hands on to the embedded index.

Tools whose index hosts are fixed are led here by `HTTPS_PROXY` and a certificate of our own.
"""

from __future__ import annotations

import ssl
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from socket import create_connection
from threading import Thread
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import trustme

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path
    from socket import socket

_PIECE = 65536


class _Proxy(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128
    behind: tuple[str, int]
    authority: trustme.CA

    def handle_error(self, request: object, client_address: object) -> None:
        """Be quiet: a client may leave whenever it likes."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Proxy

    def do_CONNECT(self) -> None:
        """Answer as the host that was asked for, with what the embedded index says."""
        self.send_response(200)
        self.end_headers()
        self.wfile.flush()
        self.close_connection = True
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        self.server.authority.issue_cert(self.path.partition(":")[0]).configure_cert(context)
        with (
            context.wrap_socket(self.connection, server_side=True) as outer,
            create_connection(self.server.behind) as inner,
        ):
            back = Thread(target=_hand_on, args=(inner, outer), daemon=True)
            back.start()
            _hand_on(outer, inner)
            back.join(1)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's name
        """Be quiet."""


def _hand_on(source: socket, target: socket) -> None:
    with suppress(OSError):
        while data := source.recv(_PIECE):
            target.sendall(data)


@contextmanager
def pytorchs_hosts(url: str, folder: Path) -> Iterator[Mapping[str, str]]:
    """Put an index in the place of every https host; yields the variables that lead there."""
    certificate = folder / "authority.pem"
    with _Proxy(("127.0.0.1", 0), _Handler) as proxy:
        parts = urlsplit(url)
        proxy.behind = parts.hostname or "", parts.port or 0
        proxy.authority = trustme.CA()
        proxy.authority.cert_pem.write_to_path(str(certificate))
        Thread(target=proxy.serve_forever, daemon=True).start()
        address = f"http://127.0.0.1:{proxy.server_port}"
        yield {
            **dict.fromkeys(("HTTPS_PROXY", "https_proxy"), address),
            **dict.fromkeys(("NO_PROXY", "no_proxy"), "127.0.0.1,localhost"),
            **dict.fromkeys(("SSL_CERT_FILE", "PIP_CERT", "REQUESTS_CA_BUNDLE"), str(certificate)),
        }
        proxy.shutdown()
