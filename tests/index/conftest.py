"""A small web server on loopback whose every answer, good or faulty, a test decides."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING

import pytest

from hatch_torch.index.client import Fetcher
from hatch_torch.index.http_cache import Cache
from hatch_torch.index.urls import Hosts
from tests.index.shelf import Shelf

if TYPE_CHECKING:
    from pathlib import Path

Route = Callable[[BaseHTTPRequestHandler], None]


@dataclass
class Server:
    """Routes by path, and what was asked for."""

    url: str
    routes: dict[str, Route] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
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
            site.asked.append(self.path)
            site.headers.append({name.lower(): value for name, value in self.headers.items()})
            if self.path not in site.routes:
                site.page(self.path, "", 403)
            site.routes[self.path](self)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    class Quiet(ThreadingHTTPServer):
        daemon_threads = True

        def handle_error(self, *_: object) -> None:
            """Say nothing: clients that hang up are what many tests are about."""

    http = Quiet(("127.0.0.1", 0), Handler)
    site = Server(f"http://127.0.0.1:{http.server_port}")
    thread = threading.Thread(target=http.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield site
    http.shutdown()
    http.server_close()
    thread.join()


@pytest.fixture
def hosts(server: Server) -> Hosts:
    """Return the hosts of an index on the server."""
    return Hosts.of([server.url])


@pytest.fixture
def new_fetcher(tmp_path: Path) -> Iterator[Callable[..., Fetcher]]:
    """Return a maker of fetchers that share a cache folder and have little time."""
    made: list[Fetcher] = []

    def make(environ: dict[str, str] | None = None, **settings: object) -> Fetcher:
        given = {"seconds": 5.0, **settings}
        made.append(Fetcher(Cache(tmp_path / "cache"), environ or {}, **given))  # type: ignore[arg-type] # keywords of a test
        return made[-1]

    yield make
    for fetcher in made:
        fetcher.close()


@pytest.fixture
def fetcher(new_fetcher: Callable[..., Fetcher]) -> Fetcher:
    """Return a fetcher with an empty cache."""
    return new_fetcher()


@pytest.fixture
def shelf(server: Server, fetcher: Fetcher, tmp_path: Path) -> Shelf:
    """Return a shelf whose file is served."""
    made = Shelf(server, fetcher, tmp_path / "wheels" / "new")
    made.serve()
    return made
