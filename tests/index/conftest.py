"""A web server on loopback whose responses, good or faulty, are set by each test."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING

import pytest

from hatch_torch.index.client import Client
from hatch_torch.index.http_cache import Cache
from hatch_torch.index.urls import AllowedHosts
from tests.index.served_file import ServedFile

if TYPE_CHECKING:
    from pathlib import Path

Route = Callable[[BaseHTTPRequestHandler], None]


@dataclass
class Server:
    """The routes by path, and the requests."""

    url: str
    routes: dict[str, Route] = field(default_factory=dict)
    requested: list[str] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)

    def page(self, path: str, body: str | bytes, status: int = 200, **headers: str) -> None:
        """Answer a path with a body; underscores in header names stand for dashes."""
        content = body.encode() if isinstance(body, str) else body
        sent = {"Content-Type": "text/html", "Content-Length": str(len(content))}
        sent |= {name.replace("_", "-"): value for name, value in headers.items()}

        def answer(handler: BaseHTTPRequestHandler) -> None:
            handler.send_response(status)
            for name, value in sent.items():
                handler.send_header(name, value)
            handler.end_headers()
            handler.wfile.write(content)
            handler.close_connection = sent["Content-Length"] != str(len(content))

        self.routes[path] = answer

    def file(self, path: str, content: bytes) -> None:
        """Serve a file with range requests."""

        def answer(handler: BaseHTTPRequestHandler) -> None:
            first, _, last = handler.headers["Range"].removeprefix("bytes=").partition("-")
            start = int(first) if first else max(0, len(content) - int(last))
            end = int(last) + 1 if first else len(content)
            part = content[start:end]
            handler.send_response(206)
            handler.send_header("Content-Range", f"bytes {start}-{end - 1}/{len(content)}")
            handler.send_header("Content-Length", str(len(part)))
            handler.end_headers()
            handler.wfile.write(part)

        self.routes[path] = answer


@pytest.fixture
def server() -> Iterator[Server]:
    """Yield a running server; a path without a route is answered with 403, as PyTorch's index."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            site.requested.append(self.path)
            site.headers.append({name.lower(): value for name, value in self.headers.items()})
            if self.path not in site.routes:
                site.page(self.path, "", 403)
            site.routes[self.path](self)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    class Quiet(ThreadingHTTPServer):
        daemon_threads = True

        def handle_error(self, *_: object) -> None:
            """Say nothing: in many tests the client hangs up."""

    http = Quiet(("127.0.0.1", 0), Handler)
    site = Server(f"http://127.0.0.1:{http.server_port}")
    thread = threading.Thread(target=http.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield site
    http.shutdown()
    http.server_close()
    thread.join()


@pytest.fixture
def hosts(server: Server) -> AllowedHosts:
    """Return the hosts of an index on the server."""
    return AllowedHosts.of([server.url])


@pytest.fixture
def new_client(tmp_path: Path) -> Iterator[Callable[..., Client]]:
    """Return a factory of clients with a short timeout that share a cache folder."""
    clients: list[Client] = []

    def make(environ: dict[str, str] | None = None, **settings: object) -> Client:
        options = {"timeout": 5.0, **settings}
        clients.append(Client(Cache(tmp_path / "cache"), environ or {}, **options))  # type: ignore[arg-type] # keywords of a test
        return clients[-1]

    yield make
    for client in clients:
        client.close()


@pytest.fixture
def client(new_client: Callable[..., Client]) -> Client:
    """Return a client with an empty cache."""
    return new_client()


@pytest.fixture
def served(server: Server, client: Client, tmp_path: Path) -> ServedFile:
    """Return a served file and an empty download folder."""
    served = ServedFile(server, client, tmp_path / "wheels" / "new")
    served.serve()
    return served
