"""Mirrors as they come: flat or folders, HTML or JSON, links rewritten or not; with real pip."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from hatch_torch.demo.server import EmbeddedIndex, Response, serve
from hatch_torch.index.simple_api import Link, parse_html_links

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tests.conftest import CorporateProxy
    from tests.end_to_end.conftest import Sandbox

pytestmark = [pytest.mark.end_to_end, pytest.mark.matrix]

MIRROR, PYTORCH = "https://mirror.example.org", "https://download-r2.pytorch.org"
FAMILY = ("torch", "torchvision")


class Mirror(EmbeddedIndex):
    """The embedded index, laid out as some mirror does it."""

    layout = "folders"
    links = "relative"

    def respond(self, method: str, path: str, *, whole: bool) -> Response:
        """Answer the pages of the family anew, everything else as it is."""
        parts = path.strip("/").split("/")
        response = super().respond(method, path, whole=whole)
        if path.endswith(".whl") or parts[0] != "whl" or len(parts) < 2:
            return response
        everything = FAMILY if len(parts) == 2 else ()
        names = everything if self.layout == "flat" else {*FAMILY} & {*parts[2:]}
        if not names:
            return response if self.layout != "flat" else Response(404, b"")
        pages = (
            super(Mirror, self).respond("HEAD", f"/whl/{parts[1]}/{name}/", whole=False)
            for name in names
        )
        links = [link for page in pages for link in parse_html_links(page.body.decode())[1]]
        return self._spelled(links, up="" if self.layout == "flat" else "../")

    def _spelled(self, links: Iterable[Link], up: str) -> Response:
        files = {self._href(link.href, up): link.sha256 for link in links}
        if self.layout == "json":
            entries = [{"url": url, "hashes": {"sha256": hash_}} for url, hash_ in files.items()]
            kind = "application/vnd.pypi.simple.v1+json"
            return Response(200, json.dumps({"files": entries}).encode(), kind)
        lines = (f'<a href="{url}#sha256={hash_}">a wheel</a>' for url, hash_ in files.items())
        return Response(200, f"<html>{''.join(lines)}</html>".encode())

    def _href(self, href: str, up: str) -> str:
        path = href.removeprefix(self.url)
        base = {"own": MIRROR, "pytorch": PYTORCH}.get(self.links)
        return f"{base}{path}" if base else up + path.rpartition("/")[2]


@pytest.mark.parametrize(
    ("layout", "links", "slash"),
    [
        ("flat", "relative", "/"),
        ("flat", "own", ""),
        ("folders", "relative", ""),
        ("folders", "own", "/"),
        ("folders", "pytorch", ""),
        ("json", "relative", "/"),
        ("json", "pytorch", ""),
    ],
)
def test_layout(
    sandbox: Sandbox, corporate_proxy: CorporateProxy, layout: str, links: str, slash: str
) -> None:
    """Whatever the mirror looks like, pip gets the wheels from where its pages lead."""
    with serve() as index:
        corporate_proxy.port = int(index.url.rpartition(":")[2])
        index.__class__ = Mirror
        vars(index).update(layout=layout, links=links)
        there = sandbox.on(
            "rtx-4090",
            HTTPS_PROXY=corporate_proxy.proxy,
            PIP_CERT=str(corporate_proxy.certificate),
            TORCH_VARIANT_INDEX_URL=f"{MIRROR}/whl{slash}",
            **dict.fromkeys(("CURL_CA_BUNDLE", "REQUESTS_CA_BUNDLE", "SSL_CERT_FILE"), ""),
        )
        there.pip("install", "-e", ".")

    assert there.versions() == {"torch": "2.14.1+cu126", "torchvision": "0.29.2+cu126"}
    host = PYTORCH if links == "pytorch" else MIRROR
    assert all(wheel["url"].startswith(f"{host}/whl/cu126/") for wheel in there.record()["wheels"])
