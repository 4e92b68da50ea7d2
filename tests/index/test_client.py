"""Client against a real server: its requests, its cache, and where credentials go."""

from __future__ import annotations

import gzip
from threading import Event
from typing import TYPE_CHECKING

import pytest

from hatch_torch.errors import IndexFaultError
from hatch_torch.index.limits import ByteBudget
from hatch_torch.index.urls import AllowedHosts

if TYPE_CHECKING:
    from collections.abc import Callable
    from http.server import BaseHTTPRequestHandler

    from hatch_torch.index.client import Client
    from hatch_torch.index.http_cache import CachedResponse
    from tests.index.conftest import Server


def body(response: CachedResponse) -> bytes | None:
    """Return a page's body; raise a fault for the body `login`."""
    if response.body == b"login":
        raise IndexFaultError(response.url, "a login page")
    return response.body if response.is_found else None


def get(client: Client, url: str, hosts: AllowedHosts) -> bytes | None:
    """Return the body of one page; raises its fault."""
    page = client.get_pages([url], hosts, body)[url]
    if isinstance(page, IndexFaultError):
        raise page
    return page


class TestAsking:
    """Requests and responses."""

    def test_pages(self, server: Server, client: Client, hosts: AllowedHosts) -> None:
        """Several pages are requested together; a missing one is no fault."""
        server.page("/a", "A")
        server.page("/b", "B", 404)
        urls = [f"{server.url}/{name}" for name in "abc"]
        assert client.get_pages(urls, hosts, body) == dict(
            zip(urls, [b"A", None, None], strict=True)
        )
        assert client.notes == []

    def test_gzip(self, server: Server, client: Client, hosts: AllowedHosts) -> None:
        """A page may be compressed."""
        server.page("/a", gzip.compress(b"A" * 1000), Content_Encoding="gzip")
        assert get(client, f"{server.url}/a", hosts) == b"A" * 1000

    def test_connections_are_kept(
        self, server: Server, client: Client, hosts: AllowedHosts
    ) -> None:
        """One connection serves several requests, for missing pages too."""
        ports = set()

        def answer(handler: BaseHTTPRequestHandler) -> None:
            ports.add(handler.client_address[1])
            server.page("/", "short", 403)
            server.routes["/"](handler)

        server.routes |= {"/a": answer, "/b": answer}
        get(client, f"{server.url}/a", hosts)
        get(client, f"{server.url}/b", hosts)
        assert len(ports) == 1

    def test_file(self, server: Server, client: Client, hosts: AllowedHosts) -> None:
        """A METADATA file is returned, or None where it does not exist."""
        server.page("/a", "A")
        assert client.get_metadata(f"{server.url}/a", hosts) == b"A"
        assert client.get_metadata(f"{server.url}/b", hosts) is None

    def test_range(self, server: Server, client: Client, hosts: AllowedHosts) -> None:
        """A range of a file is fetched by position or from the end."""
        server.file("/a", b"0123456789")
        for first, last, expected in [(2, 4, b"234"), (-3, None, b"789")]:
            part = client.get_range(f"{server.url}/a", first, last, hosts=hosts)
            assert part is not None
            assert (part.body, part.total) == (expected, 10)

    def test_range_ignored(self, server: Server, client: Client, hosts: AllowedHosts) -> None:
        """A response with the whole file is not read."""
        server.page("/a", b"x" * 50_000_000)
        assert client.get_range(f"{server.url}/a", 0, 1, hosts=hosts) is None


class TestTogether:
    """Several requests within one deadline and one budget."""

    def test_order(self, server: Server, client: Client, hosts: AllowedHosts) -> None:
        """Pages come in the order in which they are wanted, whichever arrives first."""
        second_is_there = Event()

        def late(handler: BaseHTTPRequestHandler) -> None:
            assert second_is_there.wait(5)
            handler.send_error(404)

        def early(handler: BaseHTTPRequestHandler) -> None:
            handler.send_error(404)
            second_is_there.set()

        server.routes |= {"/first": late, "/second": early}
        urls = [f"{server.url}/first", f"{server.url}/second"]
        assert [*client.get_pages(urls, hosts, body)] == urls

    def test_map(self, server: Server, client: Client, hosts: AllowedHosts) -> None:
        """Each item has its result or its fault."""
        server.page("/a", "A")
        server.page("/b", "B", 302)
        found = client.map(
            lambda path: client.get_metadata(f"{server.url}{path}", hosts), ["/a", "/b"]
        )
        assert found.pop("/a") == b"A"
        assert isinstance(found["/b"], IndexFaultError)

    def test_map_until_the_deadline(self, new_client: Callable[..., Client]) -> None:
        """An item that is late is missing."""
        release = Event()
        client = new_client(timeout=0.2)
        found = client.map(lambda name: name if name == "a" else release.wait(5), ["a", "b"])
        release.set()
        assert found == {"a": "a"}

    def test_one_fault_of_several(
        self, server: Server, client: Client, hosts: AllowedHosts
    ) -> None:
        """A page that fails leaves the others as they are."""
        server.page("/a", "A")
        server.page("/b", "login")
        pages = client.get_pages([f"{server.url}/a", f"{server.url}/b"], hosts, body)
        assert pages[f"{server.url}/a"] == b"A"
        assert isinstance(pages[f"{server.url}/b"], IndexFaultError)

    def test_own_budget(self, server: Server, client: Client, hosts: AllowedHosts) -> None:
        """A budget of their own limits pages, apart from the client's."""
        server.page("/a", "A" * 50)
        budget = ByteBudget(60)
        url = f"{server.url}/a"
        assert client.get_pages([url], hosts, body, budget) == {url: b"A" * 50}
        fault = client.get_pages([url], hosts, body, budget)[url]
        assert isinstance(fault, IndexFaultError)
        assert fault.found == "the response is too large (expected at most 60 bytes)"
        assert client.get_pages([url], hosts, body) == {url: b"A" * 50}

    def test_budget_of_metadata(
        self,
        server: Server,
        new_client: Callable[..., Client],
        hosts: AllowedHosts,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        """The METADATA files of a decision count together."""
        monkeypatch.setattr("hatch_torch.index.client.MAX_ALL_METADATA_BYTES", 60)
        client = new_client()
        server.page("/a", "A" * 50)
        assert client.get_metadata(f"{server.url}/a", hosts) == b"A" * 50
        with pytest.raises(IndexFaultError, match="too many METADATA files"):
            client.get_metadata(f"{server.url}/a", hosts)


class TestCache:
    """The cache between runs; each `new_client` is a new run."""

    def test_fresh(
        self, server: Server, new_client: Callable[..., Client], hosts: AllowedHosts
    ) -> None:
        """A fresh page is not requested again."""
        server.page("/a", "A", Cache_Control="max-age=600")
        assert get(new_client(), f"{server.url}/a", hosts) == b"A"
        assert get(new_client(), f"{server.url}/a", hosts) == b"A"
        assert server.requested == ["/a"]

    @pytest.mark.parametrize("status", [200, 304])
    def test_stale(
        self, server: Server, new_client: Callable[..., Client], hosts: AllowedHosts, status: int
    ) -> None:
        """A stale page is requested with its ETag and date."""
        server.page("/a", "A", ETag='"1"', Last_Modified="yesterday")
        get(new_client(), f"{server.url}/a", hosts)
        server.page("/a", "A" if status == 200 else "", status)
        assert get(new_client(), f"{server.url}/a", hosts) == b"A"
        assert server.headers[1]["if-none-match"] == '"1"'
        assert server.headers[1]["if-modified-since"] == "yesterday"

    def test_renewed(
        self, server: Server, new_client: Callable[..., Client], hosts: AllowedHosts
    ) -> None:
        """A revalidated page is fresh again."""
        server.page("/a", "A", ETag='"1"')
        get(new_client(), f"{server.url}/a", hosts)
        server.page("/a", "", 304, Cache_Control="max-age=600")
        get(new_client(), f"{server.url}/a", hosts)
        assert get(new_client(), f"{server.url}/a", hosts) == b"A"
        assert len(server.requested) == 2

    @pytest.mark.parametrize("fault", ["down", "login", "forbidden"])
    def test_old_copy(
        self, server: Server, new_client: Callable[..., Client], hosts: AllowedHosts, fault: str
    ) -> None:
        """If the index fails, the stale copy is used and kept, with a note."""
        server.page("/a", "A")
        get(new_client(now=lambda: 0.0), f"{server.url}/a", hosts)
        server.page("/a", fault, {"down": 501, "forbidden": 403}.get(fault, 200))
        for _ in range(2):
            client = new_client()
            assert get(client, f"{server.url}/a", hosts) == b"A"
            [note] = client.notes
            assert note.startswith(f"{server.url}/a: a")
            assert note.endswith("; used the cached copy of 1970-01-01")

    def test_offline(
        self, server: Server, new_client: Callable[..., Client], hosts: AllowedHosts
    ) -> None:
        """Offline, the cache is used however old; a page that is not in it is a fault."""
        server.page("/a", "A")
        get(new_client(), f"{server.url}/a", hosts)
        offline = new_client(offline=True)
        assert get(offline, f"{server.url}/a", hosts) == b"A"
        with pytest.raises(IndexFaultError, match="network is switched off"):
            get(offline, f"{server.url}/b", hosts)
        with pytest.raises(IndexFaultError, match="network is switched off"):
            offline.get_metadata(f"{server.url}/a", hosts)
        assert server.requested == ["/a"]

    def test_keep(self, new_client: Callable[..., Client]) -> None:
        """Computed bytes are stored permanently or for a day."""
        new_client().cache_put("good", b"1", is_permanent=True)
        new_client(now=lambda: 0.0).cache_put("day", b"2", is_permanent=False)
        assert [new_client().cache_get(key) for key in ("good", "day", "none")] == [
            b"1",
            None,
            None,
        ]


def test_notes_are_said_once(client: Client) -> None:
    """A repeated note is recorded once."""
    client.add_note("a")
    client.add_note("a")
    assert client.notes == ["a"]


class TestSecrets:
    """Credentials of indexes and proxies."""

    def test_credentials(self, server: Server, client: Client, hosts: AllowedHosts) -> None:
        """A login is sent to its origin."""
        url = client.credentials.remember(server.url.replace("//", "//me:secret@"))
        server.page("/a", "A")
        get(client, f"{url}/a", hosts)
        assert server.headers[0]["authorization"].startswith("Basic ")

    def test_unauthorized(self, server: Server, client: Client, hosts: AllowedHosts) -> None:
        """The error for a 401 says where credentials belong."""
        server.page("/a", "", 401)
        with pytest.raises(
            IndexFaultError,
            match=r"required .*\nhint: put them into the netrc file",
        ):
            get(client, f"{server.url}/a", hosts)

    def test_forbidden(
        self, server: Server, new_client: Callable[..., Client], hosts: AllowedHosts
    ) -> None:
        """A 403 counts as missing; it is noted where a login was sent, and not cached."""
        url = f"{server.url}/a"
        anonymous = new_client()
        assert get(anonymous, url, hosts) is None
        assert anonymous.notes == []
        client = new_client()
        client.credentials.remember(server.url.replace("//", "//me:secret@"))
        assert get(client, url, hosts) is None
        assert client.notes == [f"{url}: status 403: the page does not exist, or not for this user"]
        server.page("/a", "A")
        assert get(new_client(), url, hosts) == b"A"

    def test_proxy(self, server: Server, new_client: Callable[..., Client]) -> None:
        """A proxy's failure does not show its credentials."""
        proxy = server.url.replace("//", "//me:secret@")
        client = new_client({"https_proxy": proxy})
        with pytest.raises(IndexFaultError) as fault:
            get(client, "https://x.invalid/a", AllowedHosts.of(["https://x.invalid"]))
        assert str(fault.value) == "https://x.invalid/a: the proxy does not respond"

    def test_unknown_proxy(self, new_client: Callable[..., Client]) -> None:
        """An unsupported kind of proxy is an error."""
        client = new_client({"all_proxy": "socks5://me:secret@127.0.0.1:1"})
        with pytest.raises(IndexFaultError) as fault:
            get(client, "https://x.invalid/a", AllowedHosts.of(["https://x.invalid"]))
        assert "unsupported kind of proxy (expected an http: or https: URL)" in str(fault.value)
        assert "secret" not in str(fault.value)

    @pytest.mark.parametrize("proxy", ["http://me:secret@[::1", "http://me:secret@x:99999"])
    def test_proxy_that_is_none(self, new_client: Callable[..., Client], proxy: str) -> None:
        """An invalid proxy URL is reported without its secret."""
        client = new_client({"all_proxy": proxy})
        with pytest.raises(IndexFaultError) as fault:
            get(client, "https://x.invalid/a", AllowedHosts.of(["https://x.invalid"]))
        assert "the URL, or the proxy's, is not valid" in str(fault.value)
        assert "secret" not in str(fault.value)
