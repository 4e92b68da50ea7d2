"""Redirects, retries and credentials, with a server that is a list of replies."""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest

from hatch_torch.errors import IndexFaultError
from hatch_torch.index.auth import Credentials, Keyring
from hatch_torch.index.http import Courier, retry_after
from hatch_torch.index.limits import Deadline, Room
from hatch_torch.index.transport import BrokenError, RefusedError, Reply, Request, UnreachableError
from hatch_torch.index.urls import Hosts

URL = "https://x.org/torch/"
HOSTS = Hosts.of([URL], ["y.org"])
BUSY = Reply(URL, 503)


def redirect(location: str) -> Reply:
    """Return a redirect."""
    return Reply("", 302, {"location": location})


@dataclass
class Script:
    """Plays replies in their order, or the last one for ever."""

    replies: list[Reply | IndexFaultError]
    asked: list[Request] = field(default_factory=list)
    slept: list[float] = field(default_factory=list)

    def exchange(self, request: Request) -> Reply:
        """Play the next reply, as if from the URL that was asked for."""
        reply = self.replies.pop(0) if len(self.replies) > 1 else self.replies[0]
        self.asked.append(request)
        if isinstance(reply, IndexFaultError):
            raise reply
        return Reply(request.url, reply.status, reply.headers, reply.body)

    def send(self, credentials: Credentials | None = None, seconds: float = 10.0) -> Reply:
        """Send a request for URL."""
        given = credentials or Credentials({})
        courier = Courier(self.exchange, given, Deadline(seconds), sleep=self.slept.append)
        return courier.send(Request(URL, Room(9)), HOSTS)


def test_redirects() -> None:
    """A redirect is followed, and the reply says where it was found."""
    script = Script([redirect("../other/"), redirect("https://y.org/"), Reply("", 200)])
    assert script.send().url == "https://y.org/"
    assert [request.url for request in script.asked] == [
        URL,
        "https://x.org/other/",
        "https://y.org/",
    ]


@pytest.mark.parametrize(
    ("location", "found"),
    [
        ("https://evil.example.org/", "redirects to the host evil.example.org"),
        ("https://me:secret@y.org/", "redirects to a URL with user-info"),
        ("http://x.org/", "redirects from https: to something less safe"),
        ("file:///etc/passwd", "redirects from https: to something less safe"),
        (URL, "redirects to nowhere"),
        ("", "redirects to nowhere"),
        ("https://[x", "redirects to nowhere"),
    ],
)
def test_bad_redirects(location: str, found: str) -> None:
    """Nothing leads to other hosts, or to where anybody can listen."""
    with pytest.raises(IndexFaultError) as fault:
        Script([redirect(location)]).send()
    assert str(fault.value).startswith(f"{URL}: {found}")


def test_refused_itself() -> None:
    """An index that may not be used is not asked at all."""
    script = Script([Reply("", 200)])
    courier = Courier(script.exchange, Credentials({}), Deadline(10))
    with pytest.raises(IndexFaultError, match="would use http: at mirror"):
        courier.send(
            Request("http://mirror.example.org/", Room(9)), Hosts.of(["http://mirror.example.org"])
        )
    assert script.asked == []


def test_redirect_loop() -> None:
    """Five redirects are enough."""
    script = Script([redirect("/a"), redirect("/b")] * 9)
    with pytest.raises(IndexFaultError, match="redirects more than 5 times"):
        script.send()
    assert len(script.asked) == 6


def test_credentials_stay() -> None:
    """A redirect to another host takes no password along."""
    credentials = Credentials({})
    credentials.learn("https://me:secret@x.org/")
    script = Script([redirect("https://y.org/"), Reply("", 200)])
    script.send(credentials)
    assert ["Authorization" in request.headers for request in script.asked] == [True, False]


def test_keyring() -> None:
    """A keyring is asked where the answer is 401; from then on its password goes along."""
    rung: list[tuple[str, ...]] = []

    def run(*words: str) -> str:
        rung.append(words)
        return "me\nsecret\n"

    script = Script([Reply("", 401), Reply("", 200)])
    credentials = Credentials({}, Keyring(run))
    assert script.send(credentials).status == 200
    assert script.send(credentials).status == 200
    assert rung == [("get", "https://x.org", "--mode", "creds")]
    assert ["Authorization" in request.headers for request in script.asked] == [False, True, True]


def test_keyring_without_an_answer() -> None:
    """Where no keyring knows the host, the refusal stands."""
    script = Script([Reply("", 401)])
    assert script.send(Credentials({}, Keyring(lambda *_: None))).status == 401
    assert len(script.asked) == 1


@pytest.mark.parametrize("fault", [UnreachableError, RefusedError])
def test_unreachable(fault: type[IndexFaultError]) -> None:
    """A host that could not be reached is not asked again: the next page costs no time."""
    script = Script([fault(URL, "no way")])
    courier = Courier(script.exchange, Credentials({}), Deadline(10), sleep=script.slept.append)
    for url in (URL, f"{URL}more/"):
        with pytest.raises(IndexFaultError) as told:
            courier.send(Request(url, Room(9)), HOSTS)
        assert str(told.value) == f"{url}: no way"
    assert len(script.asked) == (3 if fault is RefusedError else 1)
    script.replies = [Reply("", 200)]
    assert courier.send(Request("https://y.org/", Room(9)), HOSTS).status == 200


def test_retries() -> None:
    """A busy server and a broken connection are asked again, later and later."""
    script = Script([BUSY, BrokenError(URL, "broke"), Reply("", 200)])
    assert script.send().status == 200
    assert script.slept == [0.2, 0.4]


def test_retries_end() -> None:
    """The third answer counts."""
    assert Script([BUSY]).send().status == 503
    with pytest.raises(BrokenError):
        Script([BrokenError(URL, "broke")]).send()


def test_retry_after() -> None:
    """A server says how long it wants to be left alone."""
    script = Script([Reply("", 429, {"retry-after": "3"}), Reply("", 200)])
    assert script.send().status == 200
    assert script.slept == [3.0]


@pytest.mark.parametrize("reply", [Reply("", 503, {"retry-after": "120"}), BUSY])
def test_no_time_to_wait(reply: Reply) -> None:
    """A pause that would outlast the limit is not begun."""
    script = Script([reply])
    assert script.send(seconds=0.1).status == 503
    assert (len(script.asked), script.slept) == (1, [])


def test_no_time_to_mend() -> None:
    """Without time a broken connection stays broken."""
    script = Script([BrokenError(URL, "broke")])
    with pytest.raises(BrokenError):
        script.send(seconds=0.1)
    assert len(script.asked) == 1


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("120", 120.0),
        ("Thu, 01 Jan 1970 00:01:00 GMT", 50.0),
        ("Thu, 01 Jan 1970 00:00:01 GMT", 0.0),
        ("soon", 0.0),
        ("", 0.0),
    ],
)
def test_spellings_of_retry_after(value: str, seconds: float) -> None:
    """It is a number of seconds or a date (RFC 9110)."""
    assert retry_after(value, now=10.0) == seconds
