"""Limits on what an index may cost a run: in time, in parallel requests and in memory.

One decision holds no more than MAX_MEMORY, whatever a server sends.
"""

from __future__ import annotations

import time
from contextlib import contextmanager, suppress
from functools import partial
from queue import Empty, SimpleQueue
from threading import Lock, Thread
from typing import TYPE_CHECKING, NoReturn, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator

T = TypeVar("T")
R = TypeVar("R")

PARALLEL_REQUESTS = 8
"""Requests under way at once; PyTorch's hosts and small mirrors handle that many."""

MIB = 1024 * 1024
MAX_MEMORY = 256 * MIB
"""Bytes of memory that the index may take in one decision; a test measures hostile pages."""
MAX_PAGE_BYTES = 32 * MIB
"""Bytes of all pages of a decision, compressed and decompressed; PyTorch's largest has 8 MiB."""
MAX_LINKS = 100_000
"""Links on all pages of a decision; a lock of all nightly builds reads half as many.

A wheel counts once for each tag of its file name, since a tag takes as much memory as a link and a
name of 255 characters can spell thousands. On PyTorch's pages one wheel in ten has two tags, and
none has more than four.
"""
MAX_JSON_VALUES = 10 * MAX_LINKS
"""Values of a JSON page; a file takes about ten."""
MAX_METADATA_BYTES = MIB
"""Bytes of one METADATA file; torch's has 30,000."""
MAX_FILE_BYTES = 16 * 1024 * MIB
"""Bytes of one downloaded wheel; torch's take up to five GiB."""
MAX_ALL_METADATA_BYTES = 64 * MIB
"""Bytes of all METADATA files that are fetched for a decision."""
LATE = "no response in time"
LATE_HINT = "set TORCH_VARIANT_TIMEOUT to more seconds, or try again later"


class Deadline:
    """The time for all network use of one decision, counted from the first request."""

    def __init__(self, seconds: float, clock: Callable[[], float] = time.monotonic) -> None:
        """Set the limit in seconds; `clock` must be monotonic."""
        self.seconds = seconds
        self._clock = clock
        self._end: float | None = None
        self._reserved = 0.0

    def remaining(self) -> float:
        """Return the seconds left, at least 0; the first call starts the clock."""
        if self._end is None:
            self._end = self._clock() + self.seconds
        return max(0.0, self._end - self._clock() - self._reserved)

    @contextmanager
    def reserve(self, part: float) -> Iterator[None]:
        """Keep a part of all the time, 0 to 1, for what comes after the block."""
        before, self._reserved = self._reserved, self.seconds * part
        try:
            yield
        finally:
            self._reserved = before


class ReadTimeout(Deadline):
    """A limit on each wait instead of their sum: for files, which may take hours."""

    def remaining(self) -> float:
        """Return the seconds of one wait."""
        return self.seconds


class ByteBudget:
    """A number of bytes that several threads may consume together."""

    def __init__(self, limit: int) -> None:
        """Set the limit in bytes."""
        self.limit = limit
        self._left = limit
        self._lock = Lock()

    def __str__(self) -> str:
        """Return the limit with its unit."""
        return f"{self.limit // MIB} MiB" if self.limit >= MIB else f"{self.limit} bytes"

    def consume(self, size: int) -> bool:
        """Take bytes from the budget; return whether they were within it."""
        with self._lock:
            self._left -= size
            return self._left >= 0


def map_until_deadline(
    function: Callable[[T], R],
    items: Collection[T],
    deadline: Deadline,
    width: int = PARALLEL_REQUESTS,
) -> dict[T, R]:
    """Return the results of calling `function` on each item, `width` at once, by the deadline.

    Items without a result in time are missing. Raises what `function` raises.
    """
    # A name server, or a server that sends its headers byte by byte, can block a thread for
    # minutes, and nothing can interrupt it. So the threads are daemons and are left behind.
    pending: SimpleQueue[T] = SimpleQueue()
    outcomes: SimpleQueue[tuple[T, Callable[[], R]]] = SimpleQueue()
    for item in items:
        pending.put(item)
    work = partial(_work, function, pending, outcomes)
    if not sum(_start_thread(work) for _ in range(min(width, len(items)))):
        work()
    results: dict[T, R] = {}
    with suppress(Empty):
        for _ in items:
            item, get_result = outcomes.get(timeout=deadline.remaining())
            results[item] = get_result()
    return results


def _start_thread(work: Callable[[], None]) -> bool:
    """Start a thread; return False where a container's limit on threads is reached."""
    try:
        Thread(target=work, daemon=True).start()
    except RuntimeError:
        return False
    return True


def _work(
    function: Callable[[T], R],
    pending: SimpleQueue[T],
    outcomes: SimpleQueue[tuple[T, Callable[[], R]]],
) -> None:
    with suppress(Empty):
        while True:
            item = pending.get_nowait()
            outcomes.put((item, _capture(function, item)))


def _capture(function: Callable[[T], R], item: T) -> Callable[[], R]:
    """Return a callable that returns the result, or raises the error, in the waiting thread."""
    try:
        result = function(item)
    except Exception as error:  # noqa: BLE001 (the waiting thread raises it)
        return partial(_raise, error)
    return lambda: result


def _raise(error: Exception) -> NoReturn:
    raise error
