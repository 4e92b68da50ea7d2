"""Carries a request to where it leads: over redirects, through busy moments, with credentials.

What is asked of servers where nothing at hand answers; a run with all cached never gets here.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, TypeVar
from urllib.parse import urljoin

from hatch_torch.errors import IndexFaultError
from hatch_torch.index.limits import FILE, METADATA, Deadline, Room, Silence, in_time
from hatch_torch.index.transport import (
    LATE,
    BrokenError,
    Connections,
    Reply,
    Request,
    Slice,
    UnreachableError,
    refusal_of,
)
from hatch_torch.index.urls import bare, origin_of

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping

    from hatch_torch.index.auth import Credentials
    from hatch_torch.index.transport import Exchange, Into
    from hatch_torch.index.urls import Hosts


_REDIRECTS = {301, 302, 303, 307, 308}
_MOST_REDIRECTS = 5
_UNAUTHORIZED = 401
_BUSY = {429, 500, 502, 503, 504}
_ATTEMPTS = 3
_FIRST_PAUSE = 0.1


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


R = TypeVar("R")

_PAGE = {
    "Accept": "application/vnd.pypi.simple.v1+json, text/html;q=0.5, */*;q=0.1",
    "Accept-Encoding": "gzip",
}
_OK, _PARTIAL = 200, 206


class Network:
    """Asks servers for pages, for METADATA, for parts of files and for whole files."""

    def __init__(
        self, environ: Mapping[str, str], credentials: Credentials, seconds: float
    ) -> None:
        """Take the environment, for proxies, certificates and netrc.

        `seconds` counts from the first request; for whole files it is that of each wait.
        """
        self._deadline = Deadline(seconds)
        self._connections = Connections(environ, self._deadline)
        self._courier = Courier(self._connections.exchange, credentials, self._deadline)
        self._waiting = Connections(environ, Silence(seconds))
        self._files = Courier(self._waiting.exchange, credentials, Silence(seconds))

    def close(self) -> None:
        """Close the connections that were kept open."""
        self._connections.close()
        self._waiting.close()

    def together(
        self, ask: Callable[[str], R], urls: Collection[str]
    ) -> dict[str, R | IndexFaultError]:
        """Ask about several URLs at once; what did not come in time is a fault."""
        found = in_time(ask, urls, self._deadline)
        return {
            url: found[url] if url in found else IndexFaultError(bare(url), LATE) for url in urls
        }

    def page(self, url: str, room: Room, conditions: Mapping[str, str], hosts: Hosts) -> Reply:
        """Return what a server says to a page's URL; to be called by what asks together."""
        return self._courier.send(Request(url, room, {**_PAGE, **conditions}), hosts)

    @staticmethod
    def refusal(reply: Reply) -> IndexFaultError:
        """Return the fault that a reply of another status is."""
        return IndexFaultError(bare(reply.url), refusal_of(reply))

    def metadata(self, url: str, hosts: Hosts) -> bytes | None:
        """Return the bytes of a METADATA file, or None where there is none."""
        reply = self._send(Request(url, Room(METADATA), _PAGE), hosts)
        return reply.body if reply.status == _OK else None

    def part(self, url: str, first: int, last: int | None, hosts: Hosts) -> Slice | None:
        """Return the bytes from first to last, or (-n, None) the last n.

        None where the server does not answer with a part; the whole file is never read.
        """
        span, size = (f"{first}", -first) if last is None else (f"{first}-{last}", last - first + 1)
        headers = {"Accept-Encoding": "identity", "Range": f"bytes={span}"}
        reply = self._send(Request(url, Room(size), headers, _PARTIAL), hosts)
        return Slice.of(reply.headers, reply.body) if reply.status == _PARTIAL else None

    def file(self, url: str, start: int, into: Into, hosts: Hosts) -> Reply:
        """Hand a file's bytes from a place on to `into`; see `Fetcher.stream`."""
        headers = {"Accept-Encoding": "identity"} | ({"Range": f"bytes={start}-"} if start else {})
        return self._files.send(Request(url, Room(FILE), headers, into=into), hosts)

    def _send(self, request: Request, hosts: Hosts) -> Reply:
        sent = in_time(lambda _: self._courier.send(request, hosts), [None], self._deadline)
        if not sent:
            raise IndexFaultError(bare(request.url), LATE)
        return sent[None]
