"""Wheels into a folder, over a server that can do what servers do."""

from __future__ import annotations

import zipfile
from contextlib import contextmanager
from io import BytesIO
from threading import Barrier
from typing import TYPE_CHECKING

import pytest

from hatch_torch.errors import ConfigurationError, IndexFaultError
from hatch_torch.index.download import Got
from hatch_torch.index.limits import Silence
from tests.index.shelf import BODY, NAME, Shelf

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from http.server import BaseHTTPRequestHandler

    from hatch_torch.index.client import Fetcher


def test_fetched_and_there(shelf: Shelf) -> None:
    """A file is fetched once, under its own name, and then it is there."""
    assert shelf.fetch() == [Got(len(BODY), "fetched")]
    assert shelf.present() == {NAME: BODY}
    assert shelf.told[-1] == (NAME, len(BODY), len(BODY))
    assert shelf.fetch() == [Got(len(BODY), "there")]
    assert len(shelf.ranges) == 1


def test_resumed(shelf: Shelf) -> None:
    """What is there of a file is not fetched again."""
    shelf.folder.mkdir(parents=True)
    shelf.part.write_bytes(BODY[:1000])
    assert shelf.fetch() == [Got(len(BODY), "resumed")]
    assert shelf.ranges == ["bytes=1000-"]
    assert shelf.present() == {NAME: BODY}


def test_all_of_it_was_there(shelf: Shelf) -> None:
    """A part that lacks nothing gets its name."""
    shelf.folder.mkdir(parents=True)
    shelf.part.write_bytes(BODY)
    assert shelf.fetch() == [Got(len(BODY), "resumed")]
    assert shelf.present() == {NAME: BODY}


@pytest.mark.parametrize("begun", [b"another file", BODY + b"more"])
def test_the_beginning_of_another_file(shelf: Shelf, begun: bytes) -> None:
    """A part that turns out not to belong to it is fetched from the beginning."""
    shelf.folder.mkdir(parents=True)
    shelf.part.write_bytes(begun)
    assert shelf.fetch() == [Got(len(BODY), "fetched")]
    assert shelf.present() == {NAME: BODY}


def test_a_server_without_ranges(shelf: Shelf) -> None:
    """Where the server sends all of it, all of it is taken."""
    shelf.serve(with_ranges=False)
    shelf.folder.mkdir(parents=True)
    shelf.part.write_bytes(BODY[:1000])
    assert shelf.fetch() == [Got(len(BODY), "fetched")]
    assert shelf.present() == {NAME: BODY}


def test_a_connection_that_breaks_off(shelf: Shelf) -> None:
    """It is gone on with where it broke, as long as something comes."""
    shelf.breaks_after = 100_000
    assert shelf.fetch() == [Got(len(BODY), "resumed")]
    assert shelf.ranges == [None, "bytes=100000-", "bytes=200000-"]
    assert shelf.present() == {NAME: BODY}


def test_a_server_that_is_gone(shelf: Shelf) -> None:
    """What came stays for the next time, under another name."""
    shelf.breaks_after = 100_000
    shelf.server.routes["/gone"] = shelf.server.routes[shelf.path]

    def once(handler: BaseHTTPRequestHandler) -> None:
        shelf.server.routes["/gone"](handler)
        shelf.server.page(shelf.path, "", 404)

    shelf.server.routes[shelf.path] = once
    [fault] = shelf.fetch()
    assert "answered with status 404" in str(fault)
    assert shelf.present() == {f"{NAME}.part": BODY[:100_000]}


def test_nothing_comes(shelf: Shelf) -> None:
    """A connection that breaks before the first byte is a fault."""

    def cut(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(200)
        handler.send_header("Content-Length", "5")
        handler.end_headers()
        handler.close_connection = True

    shelf.server.routes[shelf.path] = cut
    [fault] = shelf.fetch()
    assert "the connection broke off" in str(fault)


def test_another_part(shelf: Shelf) -> None:
    """A part that is not the one asked for is not taken."""
    shelf.lies = True
    shelf.folder.mkdir(parents=True)
    shelf.part.write_bytes(BODY[:1000])
    [fault] = shelf.fetch()
    assert "sends another part than the one asked for" in str(fault)
    assert shelf.present() == {f"{NAME}.part": BODY[:1000]}


def test_a_wrong_hash(shelf: Shelf) -> None:
    """What has another hash than the index gives is not kept; a wrong file is replaced."""
    [fault] = shelf.fetch(shelf.wanted(b"other"))
    assert isinstance(fault, IndexFaultError)
    assert "its sha256 is not" in str(fault)
    assert shelf.present() == {}

    (shelf.folder / NAME).write_bytes(b"wrong")
    assert shelf.fetch() == [Got(len(BODY), "fetched")]
    assert shelf.present() == {NAME: BODY}


def test_no_hash(shelf: Shelf) -> None:
    """Without a hash the archive's own checksums count."""
    [fault] = shelf.fetch(shelf.wanted(None))
    assert "is no whole wheel; the index gives no hash for it" in str(fault)
    assert shelf.present() == {}

    with zipfile.ZipFile(content := BytesIO(), "w") as archive:
        archive.writestr("a.py", "1")
    shelf.serve(content.getvalue())
    assert shelf.fetch(shelf.wanted(None)) == [Got(len(content.getvalue()), "fetched")]


def test_several_at_once(shelf: Shelf) -> None:
    """Several files are under way together, and each fault is told."""
    together = Barrier(3, timeout=30)

    def answer(handler: BaseHTTPRequestHandler) -> None:
        together.wait()
        shelf.server.page("/body", BODY)
        shelf.server.routes["/body"](handler)

    names = [f"/a-{number}-py3-none-any.whl" for number in range(3)]
    shelf.server.routes |= dict.fromkeys(names, answer)
    wanted = [shelf.wanted()._replace(url=shelf.server.url + name) for name in names]
    missing = shelf.wanted()._replace(url=f"{shelf.server.url}/b-1-py3-none-any.whl")

    *found, fault = shelf.fetch(*wanted, missing)

    assert found == [Got(len(BODY), "fetched")] * 3
    assert "b-1-py3-none-any.whl: answered with status 403" in str(fault)


@contextmanager
def largest_file(size: int) -> Iterator[None]:
    """Let no file of this process become larger, as on a disk that is full."""
    resource = pytest.importorskip("resource", reason="limits are POSIX's")
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def test_no_room(shelf: Shelf) -> None:
    """Where there is no more room the part stays, and is gone on with when there is."""
    with largest_file(200_000):
        [fault] = shelf.fetch()
    assert isinstance(fault, ConfigurationError)
    assert str(shelf.part) in str(fault)
    assert shelf.present() == {f"{NAME}.part": BODY[:200_000]}
    assert shelf.fetch() == [Got(len(BODY), "resumed")]
    assert shelf.present() == {NAME: BODY}


def test_no_folder(shelf: Shelf) -> None:
    """A folder that cannot be, and a name that is a folder's, are told."""
    (shelf.folder / NAME).mkdir(parents=True)
    [fault] = shelf.fetch()
    assert NAME in str(fault)
    shelf.folder = shelf.folder / NAME / "file"
    shelf.folder.write_text("")
    with pytest.raises(ConfigurationError, match="file"):
        shelf.fetch()


def test_offline(shelf: Shelf, new_fetcher: Callable[..., Fetcher]) -> None:
    """Where the network is switched off nothing is asked."""
    shelf.fetcher = new_fetcher(offline=True)
    [fault] = shelf.fetch()
    assert "the network is switched off" in str(fault)
    assert shelf.ranges == []


def test_silence() -> None:
    """A file may take long, if only something comes."""
    clock = iter(range(100))
    patience = Silence(5, lambda: float(next(clock)))
    assert [patience.remaining() for _ in range(20)] == [5] * 20
