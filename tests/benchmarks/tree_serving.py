"""Serves recorded packages on loopback, in a process of its own: `python -m …tree_serving`."""

from __future__ import annotations

import json
import subprocess
import sys
from contextlib import contextmanager
from gzip import compress, decompress
from socketserver import StreamRequestHandler, ThreadingTCPServer
from threading import Thread
from typing import TYPE_CHECKING
from zlib import crc32

from tests.benchmarks.serving import Served
from tests.benchmarks.tree_universe import load

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.benchmarks.tree_universe import Universe

_JSON = "application/vnd.pypi.simple.v1+json"


class Pages:
    """Answers for pages and METADATA; counts how often it was asked."""

    def __init__(self, universe: Universe) -> None:
        """Keep the packages."""
        self.universe = universe
        self.statuses: list[int] = []
        self.max_age = 600
        self._rendered: dict[str, bytes] = {}

    def page(self, name: str) -> bytes | None:
        """Return a page, compressed; None for a package that does not exist."""
        if name not in self._rendered:
            if name not in self.universe.pages:
                return None
            self._rendered[name] = compress(self.universe.page(name), 6, mtime=0)
        return self._rendered[name]

    def metadata(self, filename: str) -> bytes:
        """Return the METADATA of a wheel, compressed."""
        return compress(self.universe.read_metadata(filename), 1)

    def respond(self, path: str, etag: str) -> tuple[int, bytes, str]:
        """Return the status, the body and the headers for a path."""
        status, body, headers = self._find(path)
        if f"ETag: {etag}\r\n" in headers:
            status, body = 304, b""
        self.statuses.append(status)
        return status, body, headers

    def forget(self) -> list[int]:
        """Render pages anew, and return the statuses of all answers since the last time."""
        self._rendered.clear()
        statuses, self.statuses = self.statuses, []
        return statuses

    def _find(self, path: str) -> tuple[int, bytes, str]:
        if path.startswith("/files/"):
            return 200, self.metadata(path[7:].removesuffix(".metadata")), ""
        body = self.page(path.strip("/").rpartition("/")[2])
        if body is None:
            return 404, b"", ""
        caching = f'ETag: "{crc32(body)}"\r\nCache-Control: max-age={self.max_age}\r\n'
        return 200, body, f"Content-Type: {_JSON}\r\n{caching}"


class _Server(ThreadingTCPServer):
    daemon_threads = True
    request_queue_size = 100
    pages: Pages


class _Handler(StreamRequestHandler):
    """HTTP/1.1 with kept connections, and no more of it than the clients here need."""

    disable_nagle_algorithm = True
    wbufsize = -1
    server: _Server

    def handle(self) -> None:
        """Answer until the client has no more to ask."""
        while request := self.rfile.readline().decode("latin-1").split():
            headers: dict[str, str] = {}
            while line := self.rfile.readline().decode("latin-1").strip():
                key, _, value = line.partition(":")
                headers[key.lower()] = value.strip()
            etag = headers.get("if-none-match", "")
            status, body, more = self.server.pages.respond(request[1].partition("?")[0], etag)
            is_packed = body and "gzip" in headers.get("accept-encoding", "")
            body = body if is_packed else decompress(body)
            encoding = "Content-Encoding: gzip\r\n" if is_packed else ""
            head = f"HTTP/1.1 {status} -\r\nContent-Length: {len(body)}\r\n{encoding}{more}\r\n"
            self.wfile.write(head.encode() + (b"" if request[0] == "HEAD" else body))
            self.wfile.flush()


@contextmanager
def serve_pages(pages: Pages) -> Iterator[str]:
    """Serve pages from threads of this process; return the index's URL."""
    with _Server(("127.0.0.1", 0), _Handler) as server:
        server.pages = pages
        Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_address[1]}/simple"
        server.shutdown()


@contextmanager
def served_trees() -> Iterator[Served]:
    """Serve the recorded packages from another process; its URL is the index's root."""
    command = [sys.executable, "-m", "tests.benchmarks.tree_serving"]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdin=pipe, stdout=pipe, encoding="utf-8") as process:
        assert process.stdin
        assert process.stdout
        yield Served(process.stdout.readline().strip(), process.stdin, process.stdout)
        process.terminate()


def main() -> None:
    """Serve until nobody listens, and tell how many requests there were when asked."""
    pages = Pages(load())
    for name in pages.universe.pages:
        pages.page(name)
    with serve_pages(pages) as url:
        print(url, flush=True)
        for _ in sys.stdin:
            print(json.dumps({"requests": len(pages.statuses)}), flush=True)
            pages.statuses.clear()


if __name__ == "__main__":
    main()
