"""The index answers over HTTP, as the real one does."""

from __future__ import annotations

import http.client
import subprocess
import sys
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import pytest
from packaging.version import Version

from hatch_torch.demo.server import EmbeddedIndex, serve

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_WHEEL = "/whl/cu124/torch-2.5.1%2Bcu124-cp312-cp312-linux_x86_64.whl"


@pytest.fixture
def index() -> Iterator[EmbeddedIndex]:
    """Serve the index."""
    with serve() as running:
        yield running


@pytest.fixture
def client(index: EmbeddedIndex) -> Iterator[http.client.HTTPConnection]:
    """Keep one connection to it open."""
    connection = http.client.HTTPConnection(urlsplit(index.url).netloc, timeout=10)
    yield connection
    connection.close()


def _ask(
    client: http.client.HTTPConnection, path: str, method: str = "GET", **headers: str
) -> tuple[http.client.HTTPResponse, bytes]:
    headers_by_name = {name.replace("_", "-"): value for name, value in headers.items()}
    client.request(method, path, headers=headers_by_name)
    response = client.getresponse()
    return response, response.read()


class TestAnswers:
    """Status, headers and bodies."""

    def test_page(self, client: http.client.HTTPConnection) -> None:
        """A page is HTML with its length, to be kept for ten minutes."""
        response, body = _ask(client, "/whl/cu126/torch/")
        assert response.status == 200
        assert {
            "Content-Type": "text/html",
            "Content-Length": str(len(body)),
            "Cache-Control": "max-age=600, public, must-revalidate",
            "Accept-Ranges": "bytes",
        }.items() <= dict(response.getheaders()).items()

    def test_missing(self, client: http.client.HTTPConnection) -> None:
        """What is not there is 403."""
        assert _ask(client, "/whl/cu127/torch/")[0].status == 403

    def test_head(self, client: http.client.HTTPConnection) -> None:
        """HEAD has the headers of GET and no body, and the connection goes on."""
        response, nothing = _ask(client, _WHEEL, "HEAD")
        fetched, body = _ask(client, _WHEEL)
        assert (b"", str(len(body))) == (nothing, response.headers["Content-Length"])
        assert response.headers["ETag"] == fetched.headers["ETag"]

    def test_unchanged(self, client: http.client.HTTPConnection) -> None:
        """Who has it already is told so."""
        tag = _ask(client, _WHEEL)[0].headers["ETag"]
        response, body = _ask(client, _WHEEL, If_None_Match=tag)
        assert (response.status, body) == (304, b"")

    @pytest.mark.parametrize(
        ("requested", "part"),
        [
            ("bytes=0-9", slice(0, 10)),
            ("bytes=10-", slice(10, None)),
            ("bytes=-22", slice(-22, None)),
            ("bytes=100-999999", slice(100, None)),
            ("bytes=-999999", slice(None)),
        ],
    )
    def test_range(self, client: http.client.HTTPConnection, requested: str, part: slice) -> None:
        """A part of a file is 206, with its place."""
        whole = _ask(client, _WHEEL)[1]
        response, body = _ask(client, _WHEEL, Range=requested)
        expected = whole[part]
        start = whole.index(expected)
        place = f"bytes {start}-{start + len(expected) - 1}/{len(whole)}"
        assert (206, expected, place) == (response.status, body, response.headers["Content-Range"])

    @pytest.mark.parametrize("requested", ["bytes=999999-", "bytes=-0"])
    def test_range_outside(self, client: http.client.HTTPConnection, requested: str) -> None:
        """A part that is not there is 416."""
        assert _ask(client, _WHEEL, Range=requested)[0].status == 416


class TestEmbeddedIndex:
    """What the one who serves it can see and set."""

    def test_counts_requests(
        self, index: EmbeddedIndex, client: http.client.HTTPConnection
    ) -> None:
        """It has every request, and the wheels that were fetched whole."""
        _ask(client, _WHEEL, "HEAD")
        _ask(client, _WHEEL, Range="bytes=-100")
        assert (len(index.requests), index.wheels_fetched) == (2, [])
        _ask(client, _WHEEL)
        assert ("GET", _WHEEL.replace("%2B", "+")) == index.requests[-1]
        assert index.wheels_fetched == ["torch-2.5.1+cu124-cp312-cp312-linux_x86_64.whl"]

    def test_forgets(self, index: EmbeddedIndex, client: http.client.HTTPConnection) -> None:
        """It counts anew when told to."""
        _ask(client, _WHEEL)
        index.forget()
        assert (index.requests, index.wheels_fetched) == ([], [])

    def test_a_newer_torch_comes_out(self) -> None:
        """The newest release can be set while it is served."""
        with serve(newest=Version("2.14.1")) as index:
            client = http.client.HTTPConnection(urlsplit(index.url).netloc, timeout=10)
            before = _ask(client, "/whl/cu126/torch/")[1]
            index.newest = Version("2.15.0")
            after = _ask(client, "/whl/cu126/torch/")[1]
            client.close()
        assert (b"torch-2.15.0" in before, b"torch-2.15.0" in after) == (False, True)

    def test_urls(self, index: EmbeddedIndex) -> None:
        """Both indexes are below its address."""
        assert [f"{index.url}/whl", f"{index.url}/simple"] == [
            index.torch_index,
            index.default_index,
        ]


def test_a_real_installer(index: EmbeddedIndex, tmp_path: Path) -> None:
    """A stub is installed by uv, with all that it requires."""
    uv = pytest.importorskip("uv")
    command = [uv.find_uv_bin(), "pip", "install", "--no-config", "--target", str(tmp_path / "to")]
    command += ["--python", sys.executable, "--cache-dir", str(tmp_path / "cache"), "--quiet"]
    command += ["--default-index", f"{index.torch_index}/cpu", "torch==2.9.1", "torchvision"]
    subprocess.run(command, check=True, env={"PATH": "", "NO_PROXY": "127.0.0.1"})
    assert (tmp_path / "to" / "torch" / "version.py").is_file()
    assert (tmp_path / "to" / "pillow").is_dir()
