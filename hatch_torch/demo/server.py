"""The embedded index on loopback: an HTTP server that runs for as long as a block does."""

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

from hatch_torch.demo import pages
from hatch_torch.demo.catalog import CHANNELS, FAMILY, STABLE, list_folders

if TYPE_CHECKING:
    from collections.abc import Iterator

    from packaging.version import Version

    from hatch_torch.demo.pages import Item

_CACHED = "max-age=600, public, must-revalidate"
_NOT_CACHED = "no-cache,no-store,must-revalidate"
_HTML = "text/html"
_BINARY = "binary/octet-stream"
_METADATA_SUFFIX = ".metadata"
_RANGE = re.compile(r"bytes=(\d*)-(\d*)")


@dataclass(frozen=True, slots=True)
class Response:
    """What the server responds to a path."""

    status: int
    body: bytes
    content_type: str = _HTML
    cache_control: str = _CACHED


@dataclass(frozen=True, slots=True)
class Site:
    """Both indexes, PyTorch's and the default one, at a point in time."""

    url: str
    """The address of the site, without a slash at its end."""
    newest: Version | None = None
    """The newest release of torch that is out; None: all."""

    def respond(self, path: str) -> Response:
        """Return the page or file at a path; PyTorch's index has 403 for what is missing."""
        first, *rest = path.lstrip("/").split("/")
        if first == "simple":
            return self._find_on_default_index(rest) or _make_missing(404)
        if f"/{first}" == pages.PACKAGES:
            items = pages.list_stored_items(_parse_package(rest[-1]), self.newest)
            return _find_file(items, path) or _make_missing(404)
        channel = rest[0] if rest and rest[0] in CHANNELS else STABLE
        parts = rest[1:] if channel in rest[:1] else rest
        on_index = f"/{first}" == pages.ROOT
        response = self._find_on_pytorch_index(channel, parts, path) if on_index else None
        return response or _make_missing(403)

    def _find_on_default_index(self, parts: list[str]) -> Response | None:
        match parts:
            case [""]:
                return _make_page(pages.render_listing(pages.list_package_names()))
            case [name, ""]:
                items = pages.list_pypi_items(canonicalize_name(name), self.newest)
                return _make_page(pages.render_pypi_page(name, items, self.url)) if items else None
        return None

    def _find_on_pytorch_index(self, channel: str, parts: list[str], path: str) -> Response | None:
        folder = parts[0] if parts and parts[0] in list_folders(channel) else None
        match parts[1:] if folder else parts:
            case [""]:
                listing = pages.render_listing(self._list_packages(channel, folder))
                return _make_page(listing, channel)
            case [name, ""]:
                text = _render_package_page(self, channel, folder, name)
                return _make_page(text, channel) if text else None
            case [filename]:
                items = _list_family_items(channel, folder, _parse_package(filename), self.newest)
                return _find_file(items, path, channel)
        return None

    def _list_packages(self, channel: str, folder: str | None) -> list[str]:
        family = {
            name
            for one_folder in ([folder] if folder else list_folders(channel))
            for name in pages.list_family_packages(channel, one_folder, self.newest)
        }
        return [*family, *(name for name in pages.list_package_names() if name not in FAMILY)]


@lru_cache(maxsize=512)
def _render_package_page(site: Site, channel: str, folder: str | None, name: str) -> str | None:
    """Return the page of a package, or None where the folder does not have it.

    The links of the channel test are root-relative, all others absolute. The page of a package
    outside the family is a copy of PyPI's.
    """
    if name in FAMILY:
        items = _list_family_items(channel, folder, name, site.newest)
        base = "" if channel == "test" else site.url
        return pages.render_pytorch_page(name, items, base) if items else None
    items = pages.list_other_items(name, folder)
    return pages.render_pypi_page(name, items, site.url) if items else None


def _list_family_items(
    channel: str, folder: str | None, package: str, newest: Version | None
) -> tuple[Item, ...]:
    if folder is None:
        return pages.list_channel_items(channel, package, newest)
    return pages.list_folder_items(channel, folder, package, newest)


def _parse_package(filename: str) -> str:
    return canonicalize_name(filename.split("-", 1)[0])


def _find_file(items: tuple[Item, ...], path: str, channel: str = STABLE) -> Response | None:
    """Return the wheel or the metadata file at a path, None where no item lies there."""
    cache_control = _get_cache_control(channel)
    for item in items:
        wheel_path = unquote(item.path)
        if path == wheel_path:
            return Response(200, item.read_wheel(), _BINARY, cache_control)
        if path == wheel_path + _METADATA_SUFFIX and item.has_metadata_file:
            return Response(200, item.read_metadata(), _BINARY, cache_control)
    return None


def _make_page(text: str, channel: str = STABLE) -> Response:
    return Response(200, text.encode(), cache_control=_get_cache_control(channel))


def _get_cache_control(channel: str) -> str:
    return _CACHED if channel == STABLE else _NOT_CACHED


def _make_missing(status: int) -> Response:
    body = b"<html><body>AccessDenied</body></html>"
    return Response(status, body, cache_control=_NOT_CACHED)


class EmbeddedIndex:
    """An index that is being served, and the log of its requests."""

    def __init__(self, url: str, newest: Version | None = None) -> None:
        """Create the index at a URL; `newest`: the newest torch that is out, None for all."""
        self.url = url
        self.newest = newest
        """Tests move it on to let a newer torch come out."""
        self.requests: list[tuple[str, str]] = []
        """The method and the path of each request so far; paths are not percent-encoded."""
        self.wheels_fetched: list[str] = []
        """The names of the wheels that were fetched whole so far."""

    @property
    def torch_index(self) -> str:
        """The root of what stands for PyTorch's index."""
        return f"{self.url}{pages.ROOT}"

    @property
    def default_index(self) -> str:
        """The root of what stands for PyPI."""
        return f"{self.url}/simple"

    def forget(self) -> None:
        """Clear the log."""
        self.requests.clear()
        self.wheels_fetched.clear()

    def respond(self, method: str, path: str, *, whole: bool) -> Response:
        """Log a request, for a whole file or for a part of it, and respond to it."""
        self.requests.append((method, path))
        if whole and method == "GET" and path.endswith(".whl"):
            self.wheels_fetched.append(path.rsplit("/", 1)[1])
        return Site(self.url, self.newest).respond(path)


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
        """Respond with a body."""
        self._respond(with_body=True)

    def do_HEAD(self) -> None:
        """Respond without a body."""
        self._respond(with_body=False)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's name
        """Print nothing."""

    def _respond(self, *, with_body: bool) -> None:
        path = unquote(urlsplit(self.path).path)
        response = self.server.index.respond(self.command, path, whole="Range" not in self.headers)
        etag = f'"{sha256(response.body).hexdigest()[:32]}"'
        status, body, headers = self._select_part(response, etag)
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Type", response.content_type)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Cache-Control", response.cache_control)
        self.send_header("ETag", etag)
        self.end_headers()
        if with_body and status != HTTPStatus.NOT_MODIFIED:
            self.wfile.write(body)

    def _select_part(self, response: Response, etag: str) -> tuple[int, bytes, dict[str, str]]:
        """Return status, body and headers for the part of a response that was requested."""
        if response.status == HTTPStatus.OK and self.headers.get("If-None-Match") == etag:
            return HTTPStatus.NOT_MODIFIED, b"", {}
        requested = _RANGE.fullmatch(self.headers.get("Range", ""))
        if response.status != HTTPStatus.OK or not requested:
            return response.status, response.body, {"Accept-Ranges": "bytes"}
        size = len(response.body)
        span = _parse_span(requested[1], requested[2], size)
        if not span:
            status = HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE
            return status, b"", {"Content-Range": f"bytes */{size}"}
        content_range = f"bytes {span.start}-{span.stop - 1}/{size}"
        part = response.body[span.start : span.stop]
        return HTTPStatus.PARTIAL_CONTENT, part, {"Content-Range": content_range}


def _parse_span(first: str, last: str, size: int) -> range:
    """Return the bytes of a range (RFC 9110, 14.1.2): ``5-9``, ``5-``, or ``-5`` for the last."""
    if not first:
        return range(max(0, size - int(last or 0)), size)
    return range(int(first), min(size, int(last) + 1 if last else size))


@contextmanager
def serve(
    newest: Version | None = None, index: type[EmbeddedIndex] = EmbeddedIndex
) -> Iterator[EmbeddedIndex]:
    """Serve the index on a free port of loopback while the block runs.

    `newest`: the newest release of torch that is out, None for every known one. `index`: the class
    that responds, for indexes that misbehave.
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
