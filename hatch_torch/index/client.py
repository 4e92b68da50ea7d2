"""What an index answers, from the cache or by the network."""

from __future__ import annotations

import time
from threading import Lock
from types import MappingProxyType
from typing import TYPE_CHECKING, TypeVar

from hatch_torch.errors import IndexFaultError
from hatch_torch.index.auth import Credentials
from hatch_torch.index.http_cache import Document
from hatch_torch.index.limits import PAGES, Room
from hatch_torch.index.urls import bare

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from hatch_torch.index.http import Network
    from hatch_torch.index.http_cache import Cache
    from hatch_torch.index.transport import Into, Reply, Slice
    from hatch_torch.index.urls import Hosts

R = TypeVar("R")

_OK, _UNCHANGED, _FORBIDDEN = 200, 304, 403
_MISSING = {_FORBIDDEN, 404, 410}
"""PyTorch's index, and every other on S3, answers 403 for a page that is not there."""
_OFF = (
    "it is not in the cache, and the network is switched off; elsewhere, "
    "`hatch-torch download` fills a folder for --find-links"
)
_FOR_GOOD, _DAY = 10 * 365 * 86400.0, 86400.0


class Fetcher:
    """Asks an index, within one limit of time for all that a decision needs."""

    def __init__(  # noqa: PLR0913 (what is not given is the real thing)
        self,
        cache: Cache,
        environ: Mapping[str, str] = MappingProxyType({}),
        *,
        seconds: float = 15.0,
        offline: bool = False,
        now: Callable[[], float] = time.time,
        credentials: Credentials | None = None,
    ) -> None:
        """Take the cache and the environment, for proxies, certificates and netrc.

        `seconds` counts from the first request; `offline` uses the cache alone, however old.
        """
        self.credentials = credentials or Credentials(environ)
        self._cache = cache
        self._environ = environ
        self._seconds = seconds
        self._offline = offline
        self._now = now
        self._notes: list[str] = []
        self._room = Room(PAGES)
        self._lock = Lock()
        self._opened: Network | None = None

    @property
    def notes(self) -> list[str]:
        """What is worth knowing of the answers: stale, refused, not cached; no secrets."""
        return [*self._notes, *self._cache.notes]

    def note(self, sentence: str) -> None:
        """Remember a sentence once."""
        if sentence not in self._notes:
            self._notes.append(sentence)

    def close(self) -> None:
        """Close the connections that were kept open."""
        if self._opened:
            self._opened.close()

    def get_all(
        self, urls: Iterable[str], hosts: Hosts, read: Callable[[Document], R]
    ) -> dict[str, R]:
        """Return what an index says to each URL, read; from the cache where that is fresh.

        What `read` refuses with IndexFaultError counts as no answer, and so does 403 for a page
        that was kept: neither takes its place. Raises IndexFaultError where nothing was kept.
        """
        kept = {url: self._recall(url) for url in urls}
        fresh = {url: old for url, old in kept.items() if old and old.is_fresh(self._now())}
        found = self._ask_all({url: old for url, old in kept.items() if url not in fresh}, hosts)
        return {
            url: read(fresh[url]) if url in fresh else self._settle(url, old, found[url], read)
            for url, old in kept.items()
        }

    def get(self, url: str, hosts: Hosts) -> bytes | None:
        """Return the bytes of a METADATA file, uncached, or None where there is none."""
        return self._online(url).metadata(url, hosts)

    def get_range(self, url: str, first: int, last: int | None, *, hosts: Hosts) -> Slice | None:
        """Return the bytes from first to last, or (-n, None) the last n.

        None where the server does not answer with a part; the whole file is never read.
        """
        return self._online(url).part(url, first, last, hosts)

    def stream(self, url: str, start: int, into: Into, hosts: Hosts) -> Reply:
        """Hand a file's bytes from a place on to `into`; returns the reply, without a body.

        `seconds` count for each wait by itself. Nothing is handed on where the status of the
        reply is neither 200, the whole file, nor 206, a part. To be called from a thread that may
        be left behind.
        """
        return self._online(url).file(url, start, into, hosts)

    def recall(self, key: str) -> bytes | None:
        """Return what `keep` kept, while it holds."""
        kept = self._cache.read(key)
        return kept.body if kept and kept.is_fresh(self._now()) else None

    def keep(self, key: str, body: bytes, *, for_good: bool) -> None:
        """Keep bytes that were worked out, for good or for a day."""
        age = _FOR_GOOD if for_good else _DAY
        self._cache.write(key, Document(key, _OK, body, stored=self._now(), max_age=age))

    def _recall(self, url: str) -> Document | None:
        kept = self._cache.read(url)
        return kept if kept and self._room.take(len(kept.body)) else None

    @property
    def _network(self) -> Network:
        from hatch_torch.index.http import Network  # noqa: PLC0415 (the cache may do)

        with self._lock:
            if self._opened is None:
                self._opened = Network(self._environ, self.credentials, self._seconds)
            return self._opened

    def _online(self, url: str) -> Network:
        if self._offline:
            raise IndexFaultError(bare(url), _OFF)
        return self._network

    def _ask_all(
        self, kept: Mapping[str, Document | None], hosts: Hosts
    ) -> dict[str, Document | IndexFaultError]:
        def ask(url: str) -> Document | IndexFaultError:
            try:
                return self._ask(url, kept[url], hosts)
            except IndexFaultError as fault:
                return fault

        if self._offline or not kept:
            return {url: IndexFaultError(bare(url), _OFF) for url in kept}
        return self._network.together(ask, kept)

    def _ask(self, url: str, kept: Document | None, hosts: Hosts) -> Document:
        conditions = kept.conditions if kept else {}
        reply = self._network.page(url, self._room, conditions, hosts)
        if kept and reply.status == _UNCHANGED:
            return kept.renewed(reply.headers, self._now())
        doubtful = reply.status == _FORBIDDEN and kept and kept.is_found
        if doubtful or (reply.status != _OK and reply.status not in _MISSING):
            raise self._network.refusal(reply)
        if reply.status == _FORBIDDEN and self.credentials.header(reply.url):
            self.note(f"{bare(reply.url)}: {_FORBIDDEN}: it is not there, or not for this user")
        return Document.of(bare(reply.url), reply.status, reply.headers, reply.body, self._now())

    def _settle(
        self,
        url: str,
        kept: Document | None,
        found: Document | IndexFaultError,
        read: Callable[[Document], R],
    ) -> R:
        """Keep what is new and good; use what was kept where it is not."""
        if isinstance(found, IndexFaultError):
            return read(self._stand_in(kept, found))
        try:
            value = read(found)
        except IndexFaultError as fault:
            return read(self._stand_in(kept, fault))
        self._cache.write(url, found)
        return value

    def _stand_in(self, kept: Document | None, fault: IndexFaultError) -> Document:
        """Return what was kept, and say so; raises the fault where nothing was."""
        if kept is None:
            raise fault
        day = time.strftime("%Y-%m-%d", time.gmtime(kept.stored))
        self.note(f"{fault}; the copy of {day} was used")
        return kept
