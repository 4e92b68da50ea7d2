"""Servers of an index: one fault whatever is asked for, or the embedded index, changed."""

from __future__ import annotations

import time
from contextlib import contextmanager
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import TYPE_CHECKING

from hatch_torch.demo.server import EmbeddedIndex, serve

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from hatch_torch.demo.server import Response

    Play = Callable[[BaseHTTPRequestHandler], None]
    Change = Callable[[str, Response], Response]


def answer(body: bytes | str, status: int = 200, **headers: str) -> Play:
    """Answer everything alike; underscores in header names stand for dashes."""
    content = body.encode() if isinstance(body, str) else body
    sent = {"Content-Type": "text/html", "Content-Length": str(len(content))}
    sent |= {name.replace("_", "-"): value for name, value in headers.items()}

    def play(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(status)
        for name, value in sent.items():
            handler.send_header(name, value)
        handler.end_headers()
        handler.wfile.write(content)
        handler.close_connection = True

    return play


def drip(head: bytes) -> Play:
    """Begin an answer, and go on with a byte a second for ever."""

    def play(handler: BaseHTTPRequestHandler) -> None:
        handler.wfile.write(head)
        while True:
            handler.wfile.write(b"x")
            time.sleep(1)

    return play


def hang_up(handler: BaseHTTPRequestHandler) -> None:
    """Say nothing at all."""
    handler.close_connection = True


def turn(handler: BaseHTTPRequestHandler) -> None:
    """Lead from one page to the other, and back."""
    path, query, _ = handler.path.partition("?")
    answer("", 302, Location=path if query else f"{path}?back")(handler)


@contextmanager
def faulty(play: Play) -> Iterator[str]:
    """Serve a fault, whatever is asked for, while the block runs; yield the root of the index."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            play(self)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 (the base's name)
            """Be quiet."""

    class Quiet(ThreadingHTTPServer):
        daemon_threads = True
        block_on_close = False

        def handle_error(self, request: object, client_address: object) -> None:
            """Be quiet: a client that hangs up is what is wanted here."""

    with Quiet(("127.0.0.1", 0), Handler) as server:
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}/whl"
        finally:
            server.shutdown()
            thread.join()


@contextmanager
def changed(change: Change) -> Iterator[EmbeddedIndex]:
    """Serve the embedded index with its answers changed."""

    class Changed(EmbeddedIndex):
        def respond(self, method: str, path: str, *, whole: bool) -> Response:
            return change(path, super().respond(method, path, whole=whole))

    with serve(index=Changed) as index:
        yield index


def on_pages(edit: Callable[[str], str]) -> Change:
    """Make a change to the text of PyTorch's pages."""

    def change(path: str, response: Response) -> Response:
        if path.startswith("/whl/") and path.endswith("/") and response.status == 200:
            return replace(response, body=edit(response.body.decode()).encode())
        return response

    return change


def on_metadata(edit: Callable[[bytes], bytes]) -> Change:
    """Make a change to the files beside the wheels."""

    def change(path: str, response: Response) -> Response:
        is_file = path.startswith("/whl/") and path.endswith(".metadata")
        return replace(response, body=edit(response.body)) if is_file else response

    return change
