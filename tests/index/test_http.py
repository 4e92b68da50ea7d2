"""HttpClient: redirects, retries and credentials, with a transport that plays a list of replies."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from email.utils import formatdate

import pytest

from hatch_torch.errors import IndexFaultError
from hatch_torch.index.auth import Credentials, Keyring
from hatch_torch.index.http import HttpClient
from hatch_torch.index.limits import ByteBudget, Deadline
from hatch_torch.index.transport import (
    BrokenError,
    RefusedError,
    Reply,
    Request,
    UnreachableError,
    parse_retry_after,
)
from hatch_torch.index.urls import AllowedHosts

URL = "https://x.org/torch/"
HOSTS = AllowedHosts.of([URL], ["y.org"])
BUSY = Reply(URL, 503)


def redirect(location: str) -> Reply:
    """Return a redirect."""
    return Reply("", 302, {"location": location})


@dataclass
class ScriptedTransport:
    """Plays replies in order, then the last one forever."""

    replies: list[Reply | IndexFaultError]
    requests: list[Request] = field(default_factory=list)
    pauses: list[float] = field(default_factory=list)

    def send(self, request: Request) -> Reply:
        """Play the next reply, as if from the requested URL."""
        reply = self.replies.pop(0) if len(self.replies) > 1 else self.replies[0]
        self.requests.append(request)
        if isinstance(reply, IndexFaultError):
            raise reply
        return Reply(request.url, reply.status, reply.headers, reply.body)

    def client(self, credentials: Credentials | None = None) -> HttpClient:
        """Return a client that sends by this transport."""
        return HttpClient(self.send, credentials or Credentials({}), sleep=self.pauses.append)

    def get(self, credentials: Credentials | None = None, seconds: float = 10.0) -> Reply:
        """Get URL with a new client."""
        return get(self.client(credentials), URL, seconds=seconds)


def get(client: HttpClient, url: str, hosts: AllowedHosts = HOSTS, seconds: float = 10.0) -> Reply:
    """Get a URL."""
    return client.get(url, hosts, budget=ByteBudget(9), deadline=Deadline(seconds))


def test_redirects_are_followed() -> None:
    """A redirect is followed, and the reply has the final URL."""
    transport = ScriptedTransport(
        [redirect("../other/"), redirect("https://y.org/"), Reply("", 200)]
    )
    assert transport.get().url == "https://y.org/"
    assert [request.url for request in transport.requests] == [
        URL,
        "https://x.org/other/",
        "https://y.org/",
    ]


@pytest.mark.parametrize(
    ("location", "found"),
    [
        ("https://evil.example.org/", "redirects to the host evil.example.org"),
        ("https://me:secret@y.org/", "redirects to a URL with user-info"),
        ("http://x.org/", "redirects from https: to a URL that is not https:"),
        ("file:///etc/passwd", "redirects from https: to a URL that is not https:"),
        (URL, "redirects without a valid target"),
        ("", "redirects without a valid target"),
        ("https://[x", "redirects without a valid target"),
    ],
)
def test_bad_redirects(location: str, found: str) -> None:
    """A redirect leads neither to other hosts nor away from https:."""
    with pytest.raises(IndexFaultError) as fault:
        ScriptedTransport([redirect(location)]).get()
    assert str(fault.value).startswith(f"{URL}: {found}")


def test_index_that_is_not_allowed() -> None:
    """No request is sent to an index that may not be used."""
    transport = ScriptedTransport([Reply("", 200)])
    url = "http://mirror.example.org/"
    with pytest.raises(
        IndexFaultError, match="expected an allowed https: URL, got http: at mirror"
    ):
        get(transport.client(), url, AllowedHosts.of([url]))
    assert transport.requests == []


def test_redirect_loop() -> None:
    """A chain of redirects ends after five."""
    transport = ScriptedTransport([redirect("/a"), redirect("/b")] * 9)
    with pytest.raises(IndexFaultError, match="redirects more than 5 times"):
        transport.get()
    assert len(transport.requests) == 6


def test_credentials_stay_with_their_host() -> None:
    """A redirect to another host takes no password along."""
    credentials = Credentials({})
    credentials.remember("https://me:secret@x.org/")
    transport = ScriptedTransport([redirect("https://y.org/"), Reply("", 200)])
    transport.get(credentials)
    assert ["Authorization" in request.headers for request in transport.requests] == [True, False]


def test_keyring() -> None:
    """A keyring is called after a 401; later requests send its password at once."""
    calls: list[tuple[str, ...]] = []

    def run(*arguments: str) -> str:
        calls.append(arguments)
        return "me\nsecret\n"

    transport = ScriptedTransport([Reply("", 401), Reply("", 200)])
    credentials = Credentials({}, Keyring(run))
    assert transport.get(credentials).status == 200
    assert transport.get(credentials).status == 200
    assert calls == [("get", "https://x.org", "--mode", "creds")]
    assert ["Authorization" in request.headers for request in transport.requests] == [
        False,
        True,
        True,
    ]


def test_keyring_without_a_login() -> None:
    """Without a login in the keyring the 401 is returned, after one request."""
    transport = ScriptedTransport([Reply("", 401)])
    assert transport.get(Credentials({}, Keyring(lambda *_: None))).status == 401
    assert len(transport.requests) == 1


@pytest.mark.parametrize(("fault", "attempts"), [(UnreachableError, 1), (RefusedError, 3)])
def test_unreachable_host(fault: type[IndexFaultError], attempts: int) -> None:
    """A host that could not be reached gets no request for further pages."""
    transport = ScriptedTransport([fault(URL, "no way")])
    client = transport.client()
    for url in (URL, f"{URL}more/"):
        with pytest.raises(IndexFaultError) as error:
            get(client, url)
        assert str(error.value) == f"{url}: no way"
    assert len(transport.requests) == attempts
    transport.replies = [Reply("", 200)]
    assert get(client, "https://y.org/").status == 200


def test_retries() -> None:
    """A busy server and a broken connection get further attempts after growing pauses."""
    transport = ScriptedTransport([BUSY, BrokenError(URL, "broke"), Reply("", 200)])
    assert transport.get().status == 200
    assert transport.pauses == [0.2, 0.4]


def test_retries_end() -> None:
    """The third attempt is the last."""
    busy = ScriptedTransport([BUSY])
    assert busy.get().status == 503
    broken = ScriptedTransport([BrokenError(URL, "broke")])
    with pytest.raises(BrokenError):
        broken.get()
    assert [len(busy.requests), len(broken.requests)] == [3, 3]


def test_retry_after() -> None:
    """A server's Retry-After sets the pause, and ends with the attempts."""
    transport = ScriptedTransport([Reply("", 429, {"retry-after": "3"}), Reply("", 200)])
    assert transport.get().status == 200
    assert transport.pauses == [3.0]
    busy = ScriptedTransport([Reply("", 429, {"retry-after": "3"})])
    assert busy.get().status == 429
    assert busy.pauses == [3.0, 3.0]


@pytest.mark.parametrize("reply", [Reply("", 503, {"retry-after": "120"}), BUSY])
def test_no_time_to_wait(reply: Reply) -> None:
    """A pause that would outlast the deadline is not begun."""
    transport = ScriptedTransport([reply])
    assert transport.get(seconds=0.1).status == 503
    assert (len(transport.requests), transport.pauses) == (1, [])


def test_no_time_for_another_attempt() -> None:
    """A broken connection gets no further attempt where the deadline is near."""
    transport = ScriptedTransport([BrokenError(URL, "broke")])
    with pytest.raises(BrokenError):
        transport.get(seconds=0.1)
    assert len(transport.requests) == 1


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("120", 120.0),
        ("Thu, 01 Jan 1970 00:00:01 GMT", 0.0),
        ("soon", 0.0),
        ("", 0.0),
        ("Thu, 01 Jan 99999 00:00:01 GMT", 0.0),
    ],
)
def test_parse_retry_after(value: str, seconds: float) -> None:
    """A Retry-After header is a number of seconds or a date; anything else is ignored."""
    assert parse_retry_after(value) == seconds


def test_parse_long_retry_after() -> None:
    """A date asks for the seconds until then, and a huge number for a long pause."""
    assert parse_retry_after("9" * 5000) >= 3600
    date = formatdate(time.time() + 100, usegmt=True)
    assert 98 <= parse_retry_after(date) <= 101
