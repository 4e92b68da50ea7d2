"""Downloads of wheels into a folder, from a server with adjustable faults."""

from __future__ import annotations

import zipfile
from contextlib import contextmanager
from io import BytesIO
from threading import Barrier
from typing import TYPE_CHECKING

import pytest

from hatch_torch.errors import ConfigurationError, IndexFaultError
from hatch_torch.index.download import DownloadResult
from hatch_torch.index.limits import ReadTimeout
from tests.index.served_file import BODY, NAME, ServedFile

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from http.server import BaseHTTPRequestHandler

    from hatch_torch.index.client import Client


def test_fetched_and_there(served: ServedFile) -> None:
    """A file is fetched once, under its own name."""
    assert served.fetch() == [DownloadResult(len(BODY), "fetched")]
    assert served.present() == {NAME: BODY}
    assert served.progress[-1] == (NAME, len(BODY), len(BODY))
    assert served.fetch() == [DownloadResult(len(BODY), "there")]
    assert len(served.ranges) == 1


def test_resumed(served: ServedFile) -> None:
    """A partial file is resumed."""
    served.folder.mkdir(parents=True)
    served.part.write_bytes(BODY[:1000])
    assert served.fetch() == [DownloadResult(len(BODY), "resumed")]
    assert served.ranges == ["bytes=1000-"]
    assert served.present() == {NAME: BODY}


def test_all_of_it_was_there(served: ServedFile) -> None:
    """A complete partial file gets its final name."""
    served.folder.mkdir(parents=True)
    served.part.write_bytes(BODY)
    assert served.fetch() == [DownloadResult(len(BODY), "resumed")]
    assert served.present() == {NAME: BODY}


@pytest.mark.parametrize("begun", [b"another file", BODY + b"more"])
def test_the_beginning_of_another_file(served: ServedFile, begun: bytes) -> None:
    """A partial file of another content is fetched again from the beginning."""
    served.folder.mkdir(parents=True)
    served.part.write_bytes(begun)
    assert served.fetch() == [DownloadResult(len(BODY), "fetched")]
    assert served.present() == {NAME: BODY}


def test_a_server_without_ranges(served: ServedFile) -> None:
    """A server without ranges sends the whole file again."""
    served.serve(with_ranges=False)
    served.folder.mkdir(parents=True)
    served.part.write_bytes(BODY[:1000])
    assert served.fetch() == [DownloadResult(len(BODY), "fetched")]
    assert served.present() == {NAME: BODY}


def test_a_connection_that_breaks_off(served: ServedFile) -> None:
    """A broken download resumes as long as bytes arrive."""
    served.breaks_after = 100_000
    assert served.fetch() == [DownloadResult(len(BODY), "resumed")]
    assert served.ranges == [None, "bytes=100000-", "bytes=200000-"]
    assert served.present() == {NAME: BODY}


def test_a_server_that_is_gone(served: ServedFile) -> None:
    """The part that arrived stays for the next call, under another name."""
    served.breaks_after = 100_000
    served.server.routes["/gone"] = served.server.routes[served.path]

    def once(handler: BaseHTTPRequestHandler) -> None:
        served.server.routes["/gone"](handler)
        served.server.page(served.path, "", 404)

    served.server.routes[served.path] = once
    [fault] = served.fetch()
    assert "answered with status 404" in str(fault)
    assert served.present() == {f"{NAME}.part": BODY[:100_000]}


def test_nothing_comes(served: ServedFile) -> None:
    """A connection that breaks before the first byte is a fault."""

    def cut(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(200)
        handler.send_header("Content-Length", "5")
        handler.end_headers()
        handler.close_connection = True

    served.server.routes[served.path] = cut
    [fault] = served.fetch()
    assert "the connection broke off" in str(fault)


def test_another_part(served: ServedFile) -> None:
    """A different range than the requested one is refused."""
    served.sends_wrong_range = True
    served.folder.mkdir(parents=True)
    served.part.write_bytes(BODY[:1000])
    [fault] = served.fetch()
    assert "the server sent a different range than the requested one" in str(fault)
    assert served.present() == {f"{NAME}.part": BODY[:1000]}


def test_a_wrong_hash(served: ServedFile) -> None:
    """A file with a wrong hash is deleted; an existing wrong file is replaced."""
    [fault] = served.fetch(served.wanted(b"other"))
    assert isinstance(fault, IndexFaultError)
    assert "does not have the index's sha256 (expected " in str(fault)
    assert served.present() == {}

    (served.folder / NAME).write_bytes(b"wrong")
    assert served.fetch() == [DownloadResult(len(BODY), "fetched")]
    assert served.present() == {NAME: BODY}


def test_no_hash(served: ServedFile) -> None:
    """Without a hash, the archive's own checksums are verified."""
    [fault] = served.fetch(served.wanted(None))
    assert "is not a complete wheel (the index gives no hash for it)" in str(fault)
    assert served.present() == {}

    with zipfile.ZipFile(content := BytesIO(), "w") as archive:
        archive.writestr("a.py", "1")
    served.serve(content.getvalue())
    assert served.fetch(served.wanted(None)) == [DownloadResult(len(content.getvalue()), "fetched")]


def test_several_at_once(served: ServedFile) -> None:
    """Several files are downloaded at once, and each has its own fault."""
    together = Barrier(3, timeout=30)

    def answer(handler: BaseHTTPRequestHandler) -> None:
        together.wait()
        served.server.page("/body", BODY)
        served.server.routes["/body"](handler)

    names = [f"/a-{number}-py3-none-any.whl" for number in range(3)]
    served.server.routes |= dict.fromkeys(names, answer)
    wanted = [served.wanted()._replace(url=served.server.url + name) for name in names]
    missing = served.wanted()._replace(url=f"{served.server.url}/b-1-py3-none-any.whl")

    *found, fault = served.fetch(*wanted, missing)

    assert found == [DownloadResult(len(BODY), "fetched")] * 3
    assert "b-1-py3-none-any.whl: answered with status 403" in str(fault)


@contextmanager
def largest_file(size: int) -> Iterator[None]:
    """Limit the size of this process's files, as a full disk does."""
    resource = pytest.importorskip("resource", reason="limits are POSIX's")
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def test_no_room(served: ServedFile) -> None:
    """On a full disk the partial file stays, and a later call resumes it."""
    with largest_file(200_000):
        [fault] = served.fetch()
    assert isinstance(fault, ConfigurationError)
    assert str(served.part) in str(fault)
    assert served.present() == {f"{NAME}.part": BODY[:200_000]}
    assert served.fetch() == [DownloadResult(len(BODY), "resumed")]
    assert served.present() == {NAME: BODY}


def test_no_folder(served: ServedFile) -> None:
    """A folder that cannot be created, or that has the file's name, is an error."""
    (served.folder / NAME).mkdir(parents=True)
    [fault] = served.fetch()
    assert NAME in str(fault)
    served.folder = served.folder / NAME / "file"
    served.folder.write_text("")
    with pytest.raises(ConfigurationError, match="file"):
        served.fetch()


def test_offline(served: ServedFile, new_client: Callable[..., Client]) -> None:
    """Offline, nothing is requested."""
    served.client = new_client(offline=True)
    [fault] = served.fetch()
    assert "the network is switched off" in str(fault)
    assert served.ranges == []


def test_silence() -> None:
    """The timeout of a file applies to each wait, not to their sum."""
    clock = iter(range(100))
    patience = ReadTimeout(5, lambda: float(next(clock)))
    assert [patience.remaining() for _ in range(20)] == [5] * 20
