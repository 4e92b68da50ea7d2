"""Package indexes in a folder: real wheels with given requirements, and their pages."""

from __future__ import annotations

import threading
from contextlib import contextmanager
from functools import partial
from hashlib import sha256
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING
from urllib.parse import quote

from packaging.utils import canonicalize_name

from hatch_torch.demo.wheels import Stub, build_metadata, build_wheel

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from pathlib import Path

    Packages = Mapping[str, Mapping[str, Iterable[str]]]
    """Name -> version -> requirements."""


def write_index(folder: Path, packages: Packages, tag: str = "py3-none-any") -> str:
    """Write an index (PEP 503, 658) of packages; return its URL."""
    for name, releases in packages.items():
        write_page(folder / canonicalize_name(name) / "index.html", {name: releases}, tag)
    return folder.as_uri()


def write_page(
    page: Path, packages: Packages, tag: str = "py3-none-any", *, hashes: bool = True
) -> None:
    """Write a page of links, and beside it the wheels of packages."""
    page.parent.mkdir(parents=True, exist_ok=True)
    links = []
    for name, releases in packages.items():
        for version, requires in releases.items():
            stub = Stub(f"{name.replace('-', '_')}-{version}-{tag}.whl", requires=tuple(requires))
            wheel, metadata = build_wheel(stub), build_metadata(stub)
            (page.parent / stub.filename).write_bytes(wheel)
            (page.parent / f"{stub.filename}.metadata").write_bytes(metadata)
            fragment = f"#sha256={sha256(wheel).hexdigest()}" if hashes else ""
            links.append(
                f'<a href="{quote(stub.filename)}{fragment}" '
                f'data-core-metadata="sha256={sha256(metadata).hexdigest()}">{stub.filename}</a>'
            )
    html = f"<!DOCTYPE html><html><body>{'<br>'.join(links)}</body></html>"
    page.write_text(html, encoding="utf-8")


class _QuietHandler(SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        """Print nothing."""


@contextmanager
def serve_folder(folder: Path) -> Iterator[str]:
    """Serve a folder on loopback; yield its URL."""
    handler = partial(_QuietHandler, directory=str(folder))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
