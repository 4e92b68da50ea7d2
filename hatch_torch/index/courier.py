"""Carries a request to where it leads: over redirects, through busy moments, with credentials."""

from __future__ import annotations

import time
from types import MappingProxyType
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import urljoin

from hatch_torch.errors import IndexFaultError
from hatch_torch.index.hosts import bare, origin_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from hatch_torch.index.bounds import Room
    from hatch_torch.index.credentials import Credentials
    from hatch_torch.index.hosts import Hosts
    from hatch_torch.index.patience import Deadline

    Exchange = Callable[["Request"], "Reply"]
    """Sends one request to one server; raises IndexFaultError, or BrokenError where a
    second attempt is worth it."""
    Into = Callable[[int, Mapping[str, str], Iterator[bytes]], None]
    """Takes the status, the headers and the pieces of a body, as they come."""

_REDIRECTS = {301, 302, 303, 307, 308}
_MOST_REDIRECTS = 5
_UNAUTHORIZED = 401
_BUSY = {429, 500, 502, 503, 504}
_ATTEMPTS = 3
_FIRST_PAUSE = 0.1


class BrokenError(IndexFaultError):
    """The connection was refused or broke off: a second attempt is worth it."""


class UnreachableError(IndexFaultError):
    """There is no way to the host at all: whoever asks it for another page waits as long again."""


class RefusedError(BrokenError, UnreachableError):
    """Nobody took the connection: it may be busy just now, but not attempt after attempt."""


class Request(NamedTuple):
    """A GET; the body is only read where the status is the one expected."""

    url: str
    room: Room
    """For how much of a body."""
    headers: Mapping[str, str] = MappingProxyType({})
    expected: int = 200
    into: Into | None = None
    """What takes the body of a file, or of its end, instead of the reply."""

    def with_headers(self, headers: Mapping[str, str]) -> Request:
        """Return the request with more headers."""
        return self._replace(headers={**self.headers, **headers})


class Reply(NamedTuple):
    """What one server answered; header names in lower case."""

    url: str
    status: int
    headers: Mapping[str, str] = MappingProxyType({})
    body: bytes = b""


class Courier:
    """Sends requests by an `exchange`, within a deadline."""

    def __init__(
        self,
        exchange: Exchange,
        credentials: Credentials,
        deadline: Deadline,
        sleep: Callable[[float], None] = time.sleep,
        now: Callable[[], float] = time.time,
    ) -> None:
        """Take what sends, and what it sends with."""
        self.exchange = exchange
        self.credentials = credentials
        self.deadline = deadline
        self.sleep = sleep
        self.now = now
        self.unreachable: dict[str, str] = {}
        """The origins that could not be reached, and why: none is asked twice."""

    def send(self, request: Request, hosts: Hosts) -> Reply:
        """Return the first reply that is no redirect; its URL is where it was found.

        Raises IndexFaultError where there is none, or where the way leads to a host that is not
        allowed.
        """
        url = request.url
        for _ in range(_MOST_REDIRECTS + 1):
            if refusal := hosts.refusal(url):
                verb = "would use" if url == request.url else "redirects to"
                raise IndexFaultError(bare(request.url), f"{verb} {refusal}")
            reply = self._open(request._replace(url=url))
            if reply.status not in _REDIRECTS:
                return reply
            url = _target(reply)
        raise IndexFaultError(bare(request.url), f"redirects more than {_MOST_REDIRECTS} times")

    def _open(self, request: Request) -> Reply:
        """Ask one server with the credentials that it is known to take, and remember a dead one."""
        origin = origin_of(request.url)
        if why := self.unreachable.get(origin):
            raise IndexFaultError(bare(request.url), why)
        try:
            reply = self._persist(request.with_headers(self.credentials.header(request.url)))
            if reply.status == _UNAUTHORIZED and (
                header := self.credentials.from_keyring(request.url)
            ):
                return self._persist(request.with_headers(header))
        except UnreachableError as fault:
            self.unreachable[origin] = fault.found
            raise
        return reply

    def _persist(self, request: Request) -> Reply:
        """Try again where the server is busy or the connection broke, while time allows."""
        for attempt in range(1, _ATTEMPTS):
            pause = _FIRST_PAUSE * 2**attempt
            try:
                reply = self.exchange(request)
            except BrokenError:
                if pause >= self.deadline.remaining():
                    raise
            else:
                if reply.status not in _BUSY:
                    return reply
                pause = retry_after(reply.headers.get("retry-after", ""), self.now()) or pause
                if pause >= self.deadline.remaining():
                    return reply
            self.sleep(pause)
        return self.exchange(request)


def retry_after(value: str, now: float) -> float:
    """Read a Retry-After header, seconds or a date (RFC 9110); 0 where it says nothing."""
    seconds = value.strip()
    if seconds.isdecimal():
        return float(seconds[:9])
    from email.utils import parsedate_to_datetime  # noqa: PLC0415 (few servers send a date)

    try:
        return max(0.0, parsedate_to_datetime(value).timestamp() - now)
    except (ValueError, TypeError, OverflowError):
        return 0.0


def _target(reply: Reply) -> str:
    """Return where a redirect leads; never from https: to http:."""
    try:
        target = urljoin(reply.url, reply.headers.get("location", ""))
    except ValueError:
        target = ""
    if target == reply.url or not target:
        raise IndexFaultError(bare(reply.url), "redirects to nowhere")
    if reply.url.startswith("https:") and not target.startswith("https:"):
        raise IndexFaultError(bare(reply.url), "redirects from https: to something less safe")
    return target
