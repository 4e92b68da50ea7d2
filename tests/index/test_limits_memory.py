"""Limits on the memory that a server can make us use."""

from __future__ import annotations

import gzip
import json
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from hatch_torch.catalog.backend import Backend
from hatch_torch.errors import IndexFaultError
from hatch_torch.index.limits import (
    MAX_JSON_VALUES,
    MAX_LINKS,
    MAX_MEMORY,
    MAX_PAGE_BYTES,
    MIB,
    ByteBudget,
)
from hatch_torch.index.pytorch_index import PyTorchIndex
from hatch_torch.index.simple_api import parse_page

if TYPE_CHECKING:
    from collections.abc import Callable

    from hatch_torch.index.client import Client
    from tests.index.conftest import Server

URL = "https://x.org/torch/"
MEASURE = """
import sys
from pathlib import Path
from hatch_torch.catalog.backend import Backend
from hatch_torch.errors import IndexFaultError
from hatch_torch.index.http_cache import Cache
from hatch_torch.index.client import Client
from hatch_torch.index.pytorch_index import PyTorchIndex

def kib(field):
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(field))

before = kib("VmRSS:")
for package in sys.argv[3:]:
    index = PyTorchIndex(sys.argv[1], Client(Cache(Path(sys.argv[2])), timeout=60))
    try:
        index.load_pages([(Backend("cpu"), package)])
    except IndexFaultError as fault:
        print(fault.found)
print((kib("VmHWM:") - before) * 1024)
"""


def html(links: str) -> str:
    """Return a page."""
    return f"<html><body>{links}</body></html>"


def line(number: int) -> str:
    """Return a link to a distinct wheel."""
    return f'<a href="torch-1.{number}-py3-none-any.whl">x</a>'


def many_tags(number: int) -> str:
    """Return a link to a distinct wheel with a hundred distinct tags."""
    machines = ".".join("abcdefghij")
    return f'<a href="torch-1.{number}-{machines}-none-{machines}{number}.whl">x</a>'


@pytest.mark.parametrize(
    ("text", "found"),
    [
        (html("<a >" * (MAX_LINKS + 1)), f"more than {MAX_LINKS} links"),
        (html("<!---->" * (MAX_LINKS + 1)), f"more than {MAX_LINKS} links, tags or comments"),
        (json.dumps({"files": [0] * (MAX_LINKS + 1)}), f"more than {MAX_LINKS} links"),
        (
            json.dumps({"files": [], "x": [[]] * (MAX_JSON_VALUES // 2)}),
            f"more than {MAX_JSON_VALUES} values",
        ),
    ],
    ids=["links", "comments", "files", "values"],
)
def test_pages(text: str, found: str) -> None:
    """A page with too much content is refused before it is parsed."""
    with pytest.raises(IndexFaultError, match=found):
        parse_page(text, "text/html", URL)


def test_links_of_all_pages(
    server: Server, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The links of all pages of a decision count together."""
    monkeypatch.setattr("hatch_torch.index.pytorch_index.MAX_LINKS", 3)
    server.page("/cpu/torch/", html(line(1) + line(2)))
    server.page("/cpu/torchaudio/", html(line(1)))
    server.page("/cpu/torchvision/", html(line(1)))
    index = PyTorchIndex(server.url, client)
    assert len(index.get_wheels(Backend("cpu"), "torch")) == 2
    index.get_wheels(Backend("cpu"), "torchaudio")
    with pytest.raises(IndexFaultError, match="expected an index page, got one with more than"):
        index.get_wheels(Backend("cpu"), "torchvision")


def test_bytes_of_all_pages(
    server: Server, new_client: Callable[..., Client], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The bytes of all pages of a decision count together, cached ones too."""
    monkeypatch.setattr("hatch_torch.index.client.MAX_PAGE_BYTES", 100)
    server.page("/cpu/torch/", html(line(1)), Cache_Control="max-age=600")
    server.page("/cpu/torchaudio/", html(line(1)))
    for index in (PyTorchIndex(server.url, new_client()), PyTorchIndex(server.url, new_client())):
        index.get_wheels(Backend("cpu"), "torch")
        with pytest.raises(IndexFaultError, match=r"too large \(expected at most 100 bytes\)"):
            index.get_wheels(Backend("cpu"), "torchaudio")
    assert server.requested.count("/cpu/torch/") == 1


def test_a_kept_page_for_which_there_is_no_room(
    server: Server, new_client: Callable[..., Client], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A cached page that exceeds the budget is not used."""
    server.page("/cpu/torch/", html(line(1)), Cache_Control="max-age=600")
    PyTorchIndex(server.url, new_client()).get_wheels(Backend("cpu"), "torch")
    monkeypatch.setattr("hatch_torch.index.client.MAX_PAGE_BYTES", 10)
    with pytest.raises(IndexFaultError, match=r"too large \(expected at most 10 bytes\)"):
        PyTorchIndex(server.url, new_client()).get_wheels(Backend("cpu"), "torch")


def test_room() -> None:
    """A budget ends at its limit, and is printed with its unit."""
    room = ByteBudget(3 * MIB)
    assert [room.consume(2 * MIB), room.consume(MIB), room.consume(1)] == [True, True, False]
    assert [str(room), str(ByteBudget(9))] == ["3 MiB", "9 bytes"]


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="Linux tells what is used")
def test_memory(server: Server, tmp_path: Path) -> None:
    """Hostile pages together stay below the limit on memory."""
    hostile: dict[str, str | bytes] = {
        "bomb": gzip.compress(bytes(200 * MIB)),
        "large": bytes(100 * MIB),
        "links": html("".join(map(line, range(2 * MAX_LINKS)))),
        "comments": html("<!--" * (MAX_PAGE_BYTES // 5)),
        "wide": html("\N{GRINNING FACE}" + "x" * (MAX_PAGE_BYTES - 99)),
        "values": '{"files":[' + "{}," * (MAX_PAGE_BYTES // 4) + "{}]}",
        "tags": html("".join(map(many_tags, range(MAX_LINKS - 1)))),
        "torch": html("".join(map(line, range(MAX_LINKS - 1)))),
    }
    for package, body in hostile.items():
        encoding = "gzip" if package == "bomb" else "identity"
        server.page(f"/cpu/{package}/", body, Content_Encoding=encoding)
    command = [sys.executable, "-c", MEASURE, server.url, str(tmp_path), *hostile]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=True)
    *found, used = done.stdout.splitlines()
    many = f"expected an index page, got one with more than {MAX_LINKS} links, tags or comments"
    large = "the response is too large (expected at most 32 MiB)"
    values = f"expected an index page, got JSON: it has more than {MAX_JSON_VALUES} values"
    assert found == [large, large, many, many, values, many]
    assert int(used) < MAX_MEMORY, int(used) / MIB


def test_tags_count_as_links_do() -> None:
    """A page of few wheels with many tags is refused, as one of many wheels is."""
    link = '<a href="torch-2.6.0-{}-none-any.whl">torch</a>'
    page = f"<html>{link.format('py3')}{link.format('py2.py3')}</html>"
    assert len(parse_page(page, "text/html", URL, 3).wheels) == 2
    with pytest.raises(IndexFaultError, match="expected an index page, got one with more than"):
        parse_page(page, "text/html", URL, 2)
