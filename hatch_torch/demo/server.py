"""What is answered to a path: a page, a file, or that it is not there.

The index on loopback: an HTTP server in threads of its own, for as long as a block runs.
"""

from __future__ import annotations

import re
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from hashlib import sha256
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

from packaging.utils import canonicalize_name

from hatch_torch.demo import pages as pypi, pages as pytorch
from hatch_torch.demo.catalog import CHANNELS, FAMILY, STABLE, folders
from hatch_torch.demo.pages import pypi_page, pytorch_items, pytorch_listing, pytorch_page

if TYPE_CHECKING:
    from collections.abc import Iterator

    from packaging.version import Version

    from hatch_torch.demo.pages import Item


_CACHED = "max-age=600, public, must-revalidate"
_NOT_CACHED = "no-cache,no-store,must-revalidate"
_HTML = "text/html"
_BINARY = "binary/octet-stream"
_METADATA = ".metadata"


@dataclass(frozen=True, slots=True)
class Answer:
    """What a server answers to a path."""

    status: int
    body: bytes
    kind: str = _HTML
    """Its content type."""
    caching: str = _CACHED
    """Its Cache-Control."""


@dataclass(frozen=True, slots=True)
class Site:
    """Both indexes, at a moment."""

    url: str
    """Where the site is, without a slash at its end."""
    newest: Version | None = None
    """The newest release of torch that is out; None: all."""

    def answer(self, path: str) -> Answer:
        """Answer a path. PyTorch's index says 403 for what it does not have."""
        first, *rest = path.lstrip("/").split("/")
        if first == "simple":
            return self._simple(rest) or _missing(404)
        if first == "packages":
            return _file(pypi.stored(_package(rest[-1]), self.newest), path) or _missing(404)
        channel = rest[0] if rest and rest[0] in CHANNELS else STABLE
        inside = rest[1:] if channel in rest[:1] else rest
        found = self._whl(channel, inside, path) if f"/{first}" == pytorch.ROOT else None
        return found or _missing(403)

    def _simple(self, rest: list[str]) -> Answer | None:
        match rest:
            case [""]:
                return _page(pytorch_listing(pypi.names()))
            case [name, ""]:
                items = pypi.items(canonicalize_name(name), self.newest)
                return _page(pypi_page(name, items, self.url)) if items else None
        return None

    def _whl(self, channel: str, inside: list[str], path: str) -> Answer | None:
        folder = inside[0] if inside and inside[0] in folders(channel) else None
        match inside[1:] if folder else inside:
            case [""]:
                return _page(pytorch_listing(self._listed(channel, folder)), channel)
            case [name, ""]:
                text = _package_page(self, channel, folder, name)
                return _page(text, channel) if text else None
            case [filename]:
                items = _family(channel, folder, _package(filename), self.newest)
                return _file(items, path, channel)
        return None

    def _listed(self, channel: str, folder: str | None) -> list[str]:
        some = [folder] if folder else folders(channel)
        found = {name for one in some for name in pytorch.packages(channel, one, self.newest)}
        return [*found, *(name for name in pypi.names() if name not in FAMILY)]


@lru_cache(maxsize=512)
def _package_page(site: Site, channel: str, folder: str | None, name: str) -> str | None:
    """Return the page of a package, or None where the folder does not have it.

    The links of the channel test are root-relative, all others absolute; what is not of the family
    is a copy of PyPI's page.
    """
    if name in FAMILY:
        items = _family(channel, folder, name, site.newest)
        return pytorch_page(name, items, "" if channel == "test" else site.url) if items else None
    linked = pypi.others(name, folder)
    return pypi_page(name, linked, site.url) if linked else None


def _family(
    channel: str, folder: str | None, package: str, newest: Version | None
) -> tuple[Item, ...]:
    if folder is None:
        return pytorch.everywhere(channel, package, newest)
    return pytorch_items(channel, folder, package, newest)


def _package(filename: str) -> str:
    return canonicalize_name(filename.split("-", 1)[0])


def _file(items: tuple[Item, ...], path: str, channel: str = STABLE) -> Answer | None:
    """Return the file at a path, a wheel or the metadata of one, if it is among the items."""
    for item in items:
        stored = unquote(item.path)
        if path == stored:
            return Answer(200, item.wheel(), _BINARY, _caching(channel))
        if path == stored + _METADATA and item.described:
            return Answer(200, item.metadata(), _BINARY, _caching(channel))
    return None


def _page(text: str, channel: str = STABLE) -> Answer:
    return Answer(200, text.encode(), caching=_caching(channel))


def _caching(channel: str) -> str:
    return _CACHED if channel == STABLE else _NOT_CACHED


def _missing(status: int) -> Answer:
    return Answer(status, b"<html><body>AccessDenied</body></html>", caching=_NOT_CACHED)


_RANGE = re.compile(r"bytes=(\d*)-(\d*)")


class EmbeddedIndex:
    """An index that is being served."""

    def __init__(self, url: str, newest: Version | None = None) -> None:
        """Take where it is served, and the newest torch that is out."""
        self.url = url
        self.newest = newest
        """Set it, and a newer torch has come out; None: every known release is out."""
        self.requests: list[tuple[str, str]] = []
        """The method and the path of each request so far; paths are not percent-encoded."""
        self.wheels_fetched: list[str] = []
        """The names of the wheels that were fetched whole so far."""

    @property
    def torch_index(self) -> str:
        """The root of what stands for PyTorch's index."""
        return f"{self.url}/whl"

    @property
    def default_index(self) -> str:
        """What stands for PyPI."""
        return f"{self.url}/simple"

    def forget(self) -> None:
        """Begin to count requests and wheels anew."""
        self.requests.clear()
        self.wheels_fetched.clear()

    def answer(self, method: str, path: str, *, whole: bool) -> Answer:
        """Note a request, for a whole file or for a part of it, and answer it."""
        self.requests.append((method, path))
        if whole and method == "GET" and path.endswith(".whl"):
            self.wheels_fetched.append(path.rsplit("/", 1)[1])
        return Site(self.url, self.newest).answer(path)


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128
    index: EmbeddedIndex


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wbufsize = -1  # head and body in one packet
    disable_nagle_algorithm = True
    server: _Server

    def do_GET(self) -> None:
        """Answer with a body."""
        self._answer(with_body=True)

    def do_HEAD(self) -> None:
        """Answer without one."""
        self._answer(with_body=False)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's name
        """Be quiet."""

    def _answer(self, *, with_body: bool) -> None:
        path = unquote(urlsplit(self.path).path)
        answer = self.server.index.answer(self.command, path, whole="Range" not in self.headers)
        tag = f'"{sha256(answer.body).hexdigest()[:32]}"'
        status, body, more = self._part(answer, tag)
        self.send_response(status)
        for name, value in more.items():
            self.send_header(name, value)
        self.send_header("Content-Type", answer.kind)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Cache-Control", answer.caching)
        self.send_header("ETag", tag)
        self.end_headers()
        if with_body and status != HTTPStatus.NOT_MODIFIED:
            self.wfile.write(body)

    def _part(self, answer: Answer, tag: str) -> tuple[int, bytes, dict[str, str]]:
        """Return the status, the bytes and the headers of what was asked for of an answer."""
        if answer.status == HTTPStatus.OK and self.headers.get("If-None-Match") == tag:
            return HTTPStatus.NOT_MODIFIED, b"", {}
        asked = _RANGE.fullmatch(self.headers.get("Range", ""))
        if answer.status != HTTPStatus.OK or not asked:
            return answer.status, answer.body, {"Accept-Ranges": "bytes"}
        size = len(answer.body)
        span = _span(asked[1], asked[2], size)
        if not span:
            too_far = HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE
            return too_far, b"", {"Content-Range": f"bytes */{size}"}
        place = f"bytes {span.start}-{span.stop - 1}/{size}"
        part = answer.body[span.start : span.stop]
        return HTTPStatus.PARTIAL_CONTENT, part, {"Content-Range": place}


def _span(first: str, last: str, size: int) -> range:
    """Return the bytes of a range (RFC 9110, 14.1.2): ``5-9``, ``5-`` or, the last five, ``-5``."""
    if not first:
        return range(max(0, size - int(last or 0)), size)
    return range(int(first), min(size, int(last) + 1 if last else size))


@contextmanager
def serve(
    newest: Version | None = None, index: type[EmbeddedIndex] = EmbeddedIndex
) -> Iterator[EmbeddedIndex]:
    """Serve the index on a free port of loopback while the block runs.

    `newest`: the newest release of torch that is out. None: every known one. `index` answers,
    where another one is to.
    """
    with _Server(("127.0.0.1", 0), _Handler) as server:
        server.index = index(f"http://127.0.0.1:{server.server_port}", newest)
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        thread.start()
        try:
            yield server.index
        finally:
            server.shutdown()
            thread.join()
