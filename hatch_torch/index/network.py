"""What is asked of servers where nothing at hand answers; a run with all cached never gets here."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from hatch_torch.errors import IndexFaultError
from hatch_torch.index.bounds import FILE, METADATA, Room
from hatch_torch.index.connections import Connections
from hatch_torch.index.courier import Courier, Reply, Request
from hatch_torch.index.hosts import bare
from hatch_torch.index.patience import Deadline, Silence, in_time
from hatch_torch.index.remote import Slice
from hatch_torch.index.wire import LATE, refusal_of

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping

    from hatch_torch.index.courier import Into
    from hatch_torch.index.credentials import Credentials
    from hatch_torch.index.hosts import Hosts

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
