"""Fetching over a real server: what is asked, what is kept, where secrets go."""

from __future__ import annotations

import gzip
from typing import TYPE_CHECKING

import pytest

from hatch_torch.errors import IndexFaultError
from hatch_torch.index.urls import Hosts

if TYPE_CHECKING:
    from collections.abc import Callable
    from http.server import BaseHTTPRequestHandler

    from hatch_torch.index.client import Fetcher
    from hatch_torch.index.http_cache import Document
    from tests.index.conftest import Server


def body(document: Document) -> bytes | None:
    """Read a page as its body; one that says so is a fault."""
    if document.body == b"login":
        raise IndexFaultError(document.url, "a login page")
    return document.body if document.is_found else None


def get(fetcher: Fetcher, url: str, hosts: Hosts) -> bytes | None:
    """Return the body of one page."""
    return fetcher.get_all([url], hosts, body)[url]


class TestAsking:
    """What goes over the wire."""

    def test_pages(self, server: Server, fetcher: Fetcher, hosts: Hosts) -> None:
        """Several pages are asked for together; a missing one is no fault."""
        server.page("/a", "A")
        server.page("/b", "B", 404)
        urls = [f"{server.url}/{name}" for name in "abc"]
        assert fetcher.get_all(urls, hosts, body) == dict(
            zip(urls, [b"A", None, None], strict=True)
        )
        assert fetcher.notes == []

    def test_gzip(self, server: Server, fetcher: Fetcher, hosts: Hosts) -> None:
        """A page may come packed."""
        server.page("/a", gzip.compress(b"A" * 1000), Content_Encoding="gzip")
        assert get(fetcher, f"{server.url}/a", hosts) == b"A" * 1000

    def test_connections_are_kept(self, server: Server, fetcher: Fetcher, hosts: Hosts) -> None:
        """One connection serves page after page, missing ones too."""
        ports = set()

        def answer(handler: BaseHTTPRequestHandler) -> None:
            ports.add(handler.client_address[1])
            server.page("/", "short", 403)
            server.routes["/"](handler)

        server.routes |= {"/a": answer, "/b": answer}
        get(fetcher, f"{server.url}/a", hosts)
        get(fetcher, f"{server.url}/b", hosts)
        assert len(ports) == 1

    def test_file(self, server: Server, fetcher: Fetcher, hosts: Hosts) -> None:
        """A single file is fetched, or is not there."""
        server.page("/a", "A")
        assert fetcher.get(f"{server.url}/a", hosts) == b"A"
        assert fetcher.get(f"{server.url}/b", hosts) is None

    def test_range(self, server: Server, fetcher: Fetcher, hosts: Hosts) -> None:
        """A part of a file is fetched by its place or from its end."""
        server.file("/a", b"0123456789")
        for first, last, expected in [(2, 4, b"234"), (-3, None, b"789")]:
            part = fetcher.get_range(f"{server.url}/a", first, last, hosts=hosts)
            assert part is not None
            assert (part.body, part.total) == (expected, 10)

    def test_range_ignored(self, server: Server, fetcher: Fetcher, hosts: Hosts) -> None:
        """A server that sends the whole file is not listened to."""
        server.page("/a", b"x" * 50_000_000)
        assert fetcher.get_range(f"{server.url}/a", 0, 1, hosts=hosts) is None


class TestCache:
    """What is kept between runs; each `new_fetcher` is a new run."""

    def test_fresh(self, server: Server, new_fetcher: Callable[..., Fetcher], hosts: Hosts) -> None:
        """What is fresh is not asked for again."""
        server.page("/a", "A", Cache_Control="max-age=600")
        assert get(new_fetcher(), f"{server.url}/a", hosts) == b"A"
        assert get(new_fetcher(), f"{server.url}/a", hosts) == b"A"
        assert server.asked == ["/a"]

    @pytest.mark.parametrize("status", [200, 304])
    def test_stale(
        self, server: Server, new_fetcher: Callable[..., Fetcher], hosts: Hosts, status: int
    ) -> None:
        """What is stale is asked for by its ETag and its date."""
        server.page("/a", "A", ETag='"1"', Last_Modified="yesterday")
        get(new_fetcher(), f"{server.url}/a", hosts)
        server.page("/a", "A" if status == 200 else "", status)
        assert get(new_fetcher(), f"{server.url}/a", hosts) == b"A"
        assert server.headers[1]["if-none-match"] == '"1"'
        assert server.headers[1]["if-modified-since"] == "yesterday"

    def test_renewed(
        self, server: Server, new_fetcher: Callable[..., Fetcher], hosts: Hosts
    ) -> None:
        """A page that is confirmed is fresh again."""
        server.page("/a", "A", ETag='"1"')
        get(new_fetcher(), f"{server.url}/a", hosts)
        server.page("/a", "", 304, Cache_Control="max-age=600")
        get(new_fetcher(), f"{server.url}/a", hosts)
        assert get(new_fetcher(), f"{server.url}/a", hosts) == b"A"
        assert len(server.asked) == 2

    @pytest.mark.parametrize("fault", ["down", "login", "forbidden"])
    def test_old_copy(
        self, server: Server, new_fetcher: Callable[..., Fetcher], hosts: Hosts, fault: str
    ) -> None:
        """Where the index fails, the copy is used, kept, and said to be old."""
        server.page("/a", "A")
        get(new_fetcher(now=lambda: 0.0), f"{server.url}/a", hosts)
        server.page("/a", fault, {"down": 501, "forbidden": 403}.get(fault, 200))
        for _ in range(2):
            fetcher = new_fetcher()
            assert get(fetcher, f"{server.url}/a", hosts) == b"A"
            [note] = fetcher.notes
            assert note.startswith(f"{server.url}/a: a")
            assert note.endswith("; the copy of 1970-01-01 was used")

    def test_offline(
        self, server: Server, new_fetcher: Callable[..., Fetcher], hosts: Hosts
    ) -> None:
        """Without the network the cache counts, however old; what is not in it is a fault."""
        server.page("/a", "A")
        get(new_fetcher(), f"{server.url}/a", hosts)
        offline = new_fetcher(offline=True)
        assert get(offline, f"{server.url}/a", hosts) == b"A"
        with pytest.raises(IndexFaultError, match="network is switched off"):
            get(offline, f"{server.url}/b", hosts)
        with pytest.raises(IndexFaultError, match="network is switched off"):
            offline.get(f"{server.url}/a", hosts)
        assert server.asked == ["/a"]

    def test_keep(self, new_fetcher: Callable[..., Fetcher]) -> None:
        """What was worked out is kept for good, or for a day."""
        new_fetcher().keep("good", b"1", for_good=True)
        new_fetcher(now=lambda: 0.0).keep("day", b"2", for_good=False)
        assert [new_fetcher().recall(key) for key in ("good", "day", "none")] == [b"1", None, None]


def test_notes_are_said_once(fetcher: Fetcher) -> None:
    """A note that comes twice is said once."""
    fetcher.note("a")
    fetcher.note("a")
    assert fetcher.notes == ["a"]


class TestSecrets:
    """Where credentials go."""

    def test_credentials(self, server: Server, fetcher: Fetcher, hosts: Hosts) -> None:
        """They go to their origin and into no file, note or error."""
        url = fetcher.credentials.learn(server.url.replace("//", "//me:secret@"))
        server.page("/a", "A")
        get(fetcher, f"{url}/a", hosts)
        assert server.headers[0]["authorization"].startswith("Basic ")

    def test_unauthorized(self, server: Server, fetcher: Fetcher, hosts: Hosts) -> None:
        """Where they are missing, the error says where they belong."""
        server.page("/a", "", 401)
        with pytest.raises(IndexFaultError, match="netrc file is the place"):
            get(fetcher, f"{server.url}/a", hosts)

    def test_forbidden(
        self, server: Server, new_fetcher: Callable[..., Fetcher], hosts: Hosts
    ) -> None:
        """A page that is forbidden counts as missing; that is noted of a user, and never kept."""
        url = f"{server.url}/a"
        anonymous = new_fetcher()
        assert get(anonymous, url, hosts) is None
        assert anonymous.notes == []
        fetcher = new_fetcher()
        fetcher.credentials.learn(server.url.replace("//", "//me:secret@"))
        assert get(fetcher, url, hosts) is None
        assert fetcher.notes == [f"{url}: 403: it is not there, or not for this user"]
        server.page("/a", "A")
        assert get(new_fetcher(), url, hosts) == b"A"

    def test_proxy(self, server: Server, new_fetcher: Callable[..., Fetcher]) -> None:
        """A proxy is asked for a tunnel with its own credentials; its failure shows none."""
        proxy = server.url.replace("//", "//me:secret@")
        fetcher = new_fetcher({"https_proxy": proxy})
        with pytest.raises(IndexFaultError) as fault:
            get(fetcher, "https://x.invalid/a", Hosts.of(["https://x.invalid"]))
        assert str(fault.value) == "https://x.invalid/a: the proxy does not answer"

    def test_unknown_proxy(self, new_fetcher: Callable[..., Fetcher]) -> None:
        """A proxy of another kind is named, not ignored."""
        fetcher = new_fetcher({"all_proxy": "socks5://me:secret@127.0.0.1:1"})
        with pytest.raises(IndexFaultError) as fault:
            get(fetcher, "https://x.invalid/a", Hosts.of(["https://x.invalid"]))
        assert "a proxy of this kind is not supported" in str(fault.value)
        assert "secret" not in str(fault.value)

    @pytest.mark.parametrize("proxy", ["http://me:secret@[::1", "http://me:secret@x:99999"])
    def test_proxy_that_is_none(self, new_fetcher: Callable[..., Fetcher], proxy: str) -> None:
        """An address that nobody can read is told without its secret."""
        fetcher = new_fetcher({"all_proxy": proxy})
        with pytest.raises(IndexFaultError) as fault:
            get(fetcher, "https://x.invalid/a", Hosts.of(["https://x.invalid"]))
        assert "its address, or that of a proxy, cannot be read" in str(fault.value)
        assert "secret" not in str(fault.value)
