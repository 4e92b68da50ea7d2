"""Answers requests from the cache or over the network, within one deadline for all of them.

A client serves any index: pages (PEP 503, 691), METADATA files, ranges and whole files. `http`,
and with it urllib3, is imported on the first request that the cache cannot answer: it takes 70 ms.
"""

from __future__ import annotations

import time
from functools import partial
from threading import Lock
from types import MappingProxyType
from typing import TYPE_CHECKING, TypeVar

from hatch_torch.errors import IndexFaultError
from hatch_torch.index.auth import Credentials
from hatch_torch.index.http_cache import CachedResponse, PageState
from hatch_torch.index.limits import (
    LATE,
    LATE_HINT,
    MAX_ALL_METADATA_BYTES,
    MAX_FILE_BYTES,
    MAX_METADATA_BYTES,
    MAX_PAGE_BYTES,
    MIB,
    ByteBudget,
    Deadline,
    ReadTimeout,
    map_until_deadline,
)
from hatch_torch.index.urls import strip_credentials

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Mapping

    from hatch_torch.index.http import HttpClient
    from hatch_torch.index.http_cache import Cache
    from hatch_torch.index.transport import Reply, Sink, Slice, Transport
    from hatch_torch.index.urls import AllowedHosts

R = TypeVar("R")
T = TypeVar("T")

_OK, _PARTIAL, _UNCHANGED, _FORBIDDEN = 200, 206, 304, 403
_MISSING = {_FORBIDDEN, 404, 410}
"""PyTorch's index, and every other one on S3, answers 403 for a page that does not exist."""
_PAGE_HEADERS = {
    "Accept": "application/vnd.pypi.simple.v1+json, text/html;q=0.5, */*;q=0.1",
    "Accept-Encoding": "gzip",
}
_OFFLINE = "not in the cache, and the network is switched off"
_OFFLINE_HINT = (
    "run `hatch-torch download` on a machine with a network, and install with --find-links"
)
_FOREVER, _DAY = 10 * 365 * 86400.0, 86400.0


class Client:
    """Fetches pages and files; the network use of all of them shares one deadline."""

    def __init__(  # noqa: PLR0913 (the outside, whose defaults are the real thing)
        self,
        cache: Cache,
        environ: Mapping[str, str] = MappingProxyType({}),
        *,
        timeout: float,
        offline: bool = False,
        now: Callable[[], float] = time.time,
        credentials: Credentials | None = None,
    ) -> None:
        """Keep the cache, and the environment for proxies, certificates and netrc.

        `timeout` is in seconds from the first request; `offline` uses the cache alone, however old.
        """
        self.credentials = credentials or Credentials(environ)
        self.deadline = Deadline(timeout)
        self._cache = cache
        self._environ = environ
        self._offline = offline
        self._now = now
        self._notes: dict[str, None] = {}
        self._page_budget = ByteBudget(MAX_PAGE_BYTES)
        self._metadata_budget = ByteBudget(MAX_ALL_METADATA_BYTES)
        self._lock = Lock()
        self._read_lock = Lock()
        self._http: HttpClient | None = None
        self._transport: Transport | None = None

    @property
    def notes(self) -> list[str]:
        """Facts about the responses for the record: stale, refused, not cached; no secrets."""
        return [*self._notes, *self._cache.notes]

    def add_note(self, note: str) -> None:
        """Add a note, once."""
        self._notes[note] = None

    def close(self) -> None:
        """Close the connections that were kept open."""
        if self._transport:
            self._transport.close()

    def map(self, function: Callable[[T], R], items: Collection[T]) -> dict[T, R | IndexFaultError]:
        """Return each item's result or IndexFaultError, from parallel calls within the deadline.

        Items without a result in time are missing.
        """

        def call(item: T) -> R | IndexFaultError:
            return _capture_fault(partial(function, item))

        return map_until_deadline(call, items, self.deadline)

    def get_pages(
        self,
        urls: Iterable[str],
        hosts: AllowedHosts,
        read: Callable[[CachedResponse], R],
        budget: ByteBudget | None = None,
    ) -> dict[str, R | IndexFaultError]:
        """Return what `read` makes of each URL's page, or why there is none.

        Pages that are not fresh in the cache are requested in parallel. If there is no response, if
        `read` rejects it with IndexFaultError, or if it is a 403, a stale copy is used. `budget`
        limits the bytes; by default, those of all pages of this client together.
        """
        budget = budget or self._page_budget
        wanted = tuple(dict.fromkeys(urls))
        pages: dict[str, R | IndexFaultError] = {}
        stale: dict[str, bool] = {}
        for url in wanted:
            page = self._read_cache(url, budget)
            if page and page.is_fresh(self._now()):
                pages[url] = _capture_fault(partial(self._read, read, page))
            else:
                stale[url] = page is not None
        if stale and not self._offline:
            pages |= self.map(
                lambda url: self._load_page(url, hosts, budget, read, has_copy=stale[url]), stale
            )
        for url in stale.keys() - pages.keys():
            fault, has_copy = self._no_reply(url), stale[url]
            pages[url] = _capture_fault(partial(self._read_stale, url, fault, read, has_copy))
        # In the caller's order, not in that of the replies: the first fault is what a user reads.
        return {url: pages[url] for url in wanted}

    def is_fresh(self, state: PageState) -> bool:
        """Return whether a page counts as unchanged without being asked for."""
        return self._now() < state.expires

    def confirm_pages(
        self, states: Collection[PageState], hosts: AllowedHosts
    ) -> list[PageState] | None:
        """Return the states of pages that are all unchanged; None where any may have changed.

        Those that are no longer fresh are asked for, without their bodies.
        """
        expired = [one for one in states if not self.is_fresh(one)]
        replies = self.map(lambda state: self._confirm_page(state, hosts), expired)
        confirmed: list[PageState] = []
        for one in states:
            state = one if self.is_fresh(one) else replies.get(one)
            if not isinstance(state, PageState):
                return None
            confirmed.append(state)
        return confirmed

    def get_metadata(self, url: str, hosts: AllowedHosts) -> bytes | None:
        """Return the bytes of a METADATA file, uncached; None where it does not exist."""
        reply = self._get(url, hosts, ByteBudget(MAX_METADATA_BYTES), _PAGE_HEADERS)
        if not self._metadata_budget.consume(len(reply.body)):
            limit = f"expected at most {MAX_ALL_METADATA_BYTES // MIB} MiB together"
            raise IndexFaultError(strip_credentials(url), f"too many METADATA files ({limit})")
        return reply.body if reply.status == _OK else None

    def get_range(
        self, url: str, first: int, last: int | None, *, hosts: AllowedHosts
    ) -> Slice | None:
        """Return the bytes from first to last, or with (-n, None) the last n.

        None where the server does not support ranges; the whole file is never read.
        """
        size, span = (-first, f"{first}") if last is None else (last - first + 1, f"{first}-{last}")
        headers = {"Accept-Encoding": "identity", "Range": f"bytes={span}"}
        reply = self._get(url, hosts, ByteBudget(size), headers, _PARTIAL)
        if reply.status != _PARTIAL:
            return None
        from hatch_torch.index.transport import Slice  # noqa: PLC0415 (see the module's docstring)

        return Slice.from_headers(reply.headers, reply.body)

    def stream(self, url: str, start: int, sink: Sink, hosts: AllowedHosts) -> Reply:
        """Pass a file's bytes from a position on to `sink`; return the reply without a body.

        The timeout applies to each wait. `sink` is called only for status 200, the whole file, and
        206, a part. Blocks the calling thread, which must be one that may be left behind.
        """
        headers = {"Accept-Encoding": "identity"} | ({"Range": f"bytes={start}-"} if start else {})
        budget, deadline = ByteBudget(MAX_FILE_BYTES), ReadTimeout(self.deadline.seconds)
        http = self._connect(url)
        return http.get(url, hosts, budget=budget, deadline=deadline, headers=headers, sink=sink)

    def cache_get(self, key: str) -> bytes | None:
        """Return what `cache_put` stored, unless it expired."""
        entry = self._cache.read(key)
        return entry.body if entry and entry.is_fresh(self._now()) else None

    def cache_put(self, key: str, body: bytes, *, is_permanent: bool) -> None:
        """Store computed bytes for a day, or permanently."""
        age = _FOREVER if is_permanent else _DAY
        self._cache.write(key, CachedResponse(key, _OK, body, stored=self._now(), max_age=age))

    def _read_cache(self, url: str, budget: ByteBudget) -> CachedResponse | None:
        page = self._cache.read(url)
        return page if page and budget.consume(len(page.body)) else None

    def _connect(self, url: str) -> HttpClient:
        """Return the HTTP client; raises IndexFaultError where the network is switched off."""
        if self._offline:
            raise IndexFaultError(strip_credentials(url), _OFFLINE, hint=_OFFLINE_HINT)
        with self._lock:
            if self._http is None:
                from hatch_torch.index.http import HttpClient  # noqa: PLC0415 (likewise)
                from hatch_torch.index.transport import Transport  # noqa: PLC0415 (likewise)

                self._transport = Transport(self._environ)
                self._http = HttpClient(self._transport.send, self.credentials)
            return self._http

    def _get(
        self,
        url: str,
        hosts: AllowedHosts,
        budget: ByteBudget,
        headers: Mapping[str, str],
        expected: int = _OK,
    ) -> Reply:
        """Send one request, from a thread that is left behind when the time is up."""
        http = self._connect(url)

        def send(url: str) -> Reply:
            deadline = self.deadline
            return http.get(
                url, hosts, budget=budget, deadline=deadline, headers=headers, expected=expected
            )

        replies = map_until_deadline(send, [url], self.deadline)
        if url not in replies:
            raise IndexFaultError(strip_credentials(url), LATE, hint=LATE_HINT)
        return replies[url]

    def _load_page(
        self,
        url: str,
        hosts: AllowedHosts,
        budget: ByteBudget,
        read: Callable[[CachedResponse], R],
        *,
        has_copy: bool,
    ) -> R:
        """Request a page, read and cache it; else read the stale copy. Runs in its own thread.

        A page is read as soon as it is there, while others are still under way: to hold them all
        would take their whole size in memory. A stale copy is read again for the same reason.
        """
        try:
            cached = self._cache.read(url) if has_copy else None
            fetched = self._fetch_page(url, cached, hosts, budget)
            value = self._read(read, fetched)
        except IndexFaultError as fault:
            return self._read_stale(url, fault, read, has_copy)
        self._cache.write(url, fetched)
        return value

    def _request_page(
        self, cached: CachedResponse | None, url: str, hosts: AllowedHosts, budget: ByteBudget
    ) -> Reply:
        headers = {**_PAGE_HEADERS, **(cached.conditional_headers if cached else {})}
        http = self._connect(url)
        return http.get(url, hosts, budget=budget, deadline=self.deadline, headers=headers)

    def _confirm_page(self, state: PageState, hosts: AllowedHosts) -> PageState | None:
        known = CachedResponse(state.url, state.status, b"", "", state.etag, state.modified)
        reply = self._request_page(known, state.url, hosts, ByteBudget(MAX_METADATA_BYTES))
        if known.is_found and reply.status == _UNCHANGED:
            return PageState.from_response(known.revalidate(reply.headers, self._now()))
        if known.is_found or reply.status != known.status:
            return None
        page = CachedResponse.from_reply(known.url, reply.status, reply.headers, b"", self._now())
        return PageState.from_response(page)

    def _no_reply(self, url: str) -> IndexFaultError:
        found, hint = (_OFFLINE, _OFFLINE_HINT) if self._offline else (LATE, LATE_HINT)
        return IndexFaultError(strip_credentials(url), found, hint=hint)

    def _fetch_page(
        self, url: str, cached: CachedResponse | None, hosts: AllowedHosts, budget: ByteBudget
    ) -> CachedResponse:
        reply = self._request_page(cached, url, hosts, budget)
        if cached and reply.status == _UNCHANGED:
            return cached.revalidate(reply.headers, self._now())
        is_doubtful = reply.status == _FORBIDDEN and cached and cached.is_found
        if is_doubtful or (reply.status != _OK and reply.status not in _MISSING):
            from hatch_torch.index.transport import make_status_fault  # noqa: PLC0415 (likewise)

            raise make_status_fault(reply)
        shown = strip_credentials(reply.url)
        if reply.status == _FORBIDDEN and self.credentials.header(reply.url):
            self.add_note(f"{shown}: status 403: the page does not exist, or not for this user")
        return CachedResponse.from_reply(
            shown, reply.status, reply.headers, reply.body, self._now()
        )

    def _read_stale(
        self,
        url: str,
        fault: IndexFaultError,
        read: Callable[[CachedResponse], R],
        has_copy: bool,  # noqa: FBT001 (private)
    ) -> R:
        """Read the stale copy, with a note; raise the fault where there is none."""
        cached = self._cache.read(url) if has_copy else None
        if cached is None:
            raise fault
        day = time.strftime("%Y-%m-%d", time.gmtime(cached.stored))
        self.add_note(f"{fault.message}; used the cached copy of {day}")
        return self._read(read, cached)

    def _read(self, read: Callable[[CachedResponse], R], page: CachedResponse) -> R:
        """Read one page at a time: readers share what they count."""
        with self._read_lock:
            return read(page)


def _capture_fault(function: Callable[[], R]) -> R | IndexFaultError:
    """Return a result, or the fault that was raised."""
    try:
        return function()
    except IndexFaultError as fault:
        return fault
