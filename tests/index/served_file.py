"""A file on a server that can do what servers do, and a folder that it goes to."""

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
    """A file on a server and a folder that it goes to."""

    def __init__(self, server: Server, client: Client, folder: Path) -> None:
        """Take what serves, what fetches, and where to."""
        self.server = server
        self.client = client
        self.folder = folder
        self.told: list[tuple[str, int, int]] = []
        self.breaks_after = 0
        """After how many bytes each answer breaks off; 0: never."""
        self.lies = False
        """Whether a part is another one than was asked for."""

    path = f"/{NAME.replace('+', '%2B')}"
    """Where the server has it."""

    @property
    def part(self) -> Path:
        """Where the file lies while it is not whole."""
        return self.folder / f"{NAME}.part"

    @property
    def ranges(self) -> list[str | None]:
        """The parts that were asked for."""
        return [headers.get("range") for headers in self.server.headers]

    def serve(self, body: bytes = BODY, *, with_ranges: bool = True) -> None:
        """Serve a body, in parts where they are asked for."""

        def answer(handler: BaseHTTPRequestHandler) -> None:
            asked = handler.headers.get("Range") if with_ranges else None
            start = int(asked.removeprefix("bytes=").rstrip("-")) if asked else 0
            handler.send_response(416 if start >= len(body) else 206 if start else 200)
            first = start + self.lies
            handler.send_header("Content-Range", f"bytes {first}-{len(body) - 1}/{len(body)}")
            handler.send_header("Content-Length", str(len(body) - start))
            handler.end_headers()
            handler.wfile.write(body[start : start + (self.breaks_after or len(body))])
            handler.close_connection = bool(self.breaks_after)

        self.server.routes[self.path] = answer

    def wanted(self, body: bytes | None = BODY) -> DownloadRequest:
        """Return the file with the hash of a body, or without one."""
        url = self.server.url + self.path
        return DownloadRequest(url, sha256(body).hexdigest() if body is not None else None)

    def fetch(self, *wanted: DownloadRequest) -> list[DownloadResult | HatchTorchError]:
        """Fetch files, by default the one."""
        hosts = AllowedHosts.of([self.server.url])
        found = download_all(
            wanted or (self.wanted(),),
            self.folder,
            lambda url, start, into: self.client.stream(url, start, into, hosts),
            lambda *one: self.told.append(one),
        )
        return [*found.values()]

    def present(self) -> dict[str, bytes]:
        """Return what is in the folder."""
        return {path.name: path.read_bytes() for path in self.folder.iterdir()}
