"""A file on a server with adjustable faults, and the folder that it is downloaded into."""

from __future__ import annotations

from hashlib import sha256
from typing import TYPE_CHECKING

from hatch_torch.index.download import DownloadRequest, DownloadResult, download_all
from hatch_torch.index.urls import AllowedHosts

if TYPE_CHECKING:
    from http.server import BaseHTTPRequestHandler
    from pathlib import Path

    from hatch_torch.errors import HatchTorchError
    from hatch_torch.index.client import Client
    from tests.index.conftest import Server

BODY = bytes(range(256)) * 1000
NAME = "torch-2.6.0+cu126-cp312-cp312-linux_x86_64.whl"


class ServedFile:
    """A file on a server and the folder that it is downloaded into."""

    def __init__(self, server: Server, client: Client, folder: Path) -> None:
        """Keep the server, the client and the folder."""
        self.server = server
        self.client = client
        self.folder = folder
        self.progress: list[tuple[str, int, int]] = []
        self.breaks_after = 0
        """The number of bytes after which each response breaks off; 0: never."""
        self.sends_wrong_range = False
        """Whether the server sends a different range than the requested one."""

    path = f"/{NAME.replace('+', '%2B')}"
    """The path on the server."""

    @property
    def part(self) -> Path:
        """The path of the incomplete file."""
        return self.folder / f"{NAME}.part"

    @property
    def ranges(self) -> list[str | None]:
        """The Range headers of all requests."""
        return [headers.get("range") for headers in self.server.headers]

    def serve(self, body: bytes = BODY, *, with_ranges: bool = True) -> None:
        """Serve a body, in part where a range is requested."""

        def answer(handler: BaseHTTPRequestHandler) -> None:
            requested = handler.headers.get("Range") if with_ranges else None
            start = int(requested.removeprefix("bytes=").rstrip("-")) if requested else 0
            handler.send_response(416 if start >= len(body) else 206 if start else 200)
            first = start + self.sends_wrong_range
            handler.send_header("Content-Range", f"bytes {first}-{len(body) - 1}/{len(body)}")
            handler.send_header("Content-Length", str(len(body) - start))
            handler.end_headers()
            handler.wfile.write(body[start : start + (self.breaks_after or len(body))])
            handler.close_connection = bool(self.breaks_after)

        self.server.routes[self.path] = answer

    def wanted(self, body: bytes | None = BODY) -> DownloadRequest:
        """Return the request for the file, with the hash of a body or without one."""
        url = self.server.url + self.path
        return DownloadRequest(url, sha256(body).hexdigest() if body is not None else None)

    def fetch(self, *wanted: DownloadRequest) -> list[DownloadResult | HatchTorchError]:
        """Download files, by default the served one."""
        hosts = AllowedHosts.of([self.server.url])
        results = download_all(
            wanted or (self.wanted(),),
            self.folder,
            lambda url, start, sink: self.client.stream(url, start, sink, hosts),
            lambda *event: self.progress.append(event),
        )
        return [*results.values()]

    def present(self) -> dict[str, bytes]:
        """Return the contents of the folder."""
        return {path.name: path.read_bytes() for path in self.folder.iterdir()}
