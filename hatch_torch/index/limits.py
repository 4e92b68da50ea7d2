"""Ask for many things at once, and stop waiting when the time is up.

How much a server may make us hold: one decision needs no more than MEMORY, whatever it sends.
"""

from __future__ import annotations

import time
from contextlib import suppress
from functools import partial
from queue import Empty, SimpleQueue
from threading import Lock, Thread
from typing import TYPE_CHECKING, NoReturn, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Collection


T = TypeVar("T")
R = TypeVar("R")

WIDTH = 8
"""How many requests are under way at once; PyTorch's hosts and small mirrors bear that."""


class Deadline:
    """The time for all network use of one decision; it runs from the first request on."""

    def __init__(self, seconds: float, clock: Callable[[], float] = time.monotonic) -> None:
        """Take the limit in seconds, and a clock that never jumps."""
        self.seconds = seconds
        self._clock = clock
        self._end: float | None = None

    def remaining(self) -> float:
        """Return the seconds that are left, at least 0; the first call starts the clock."""
        if self._end is None:
            self._end = self._clock() + self.seconds
        return max(0.0, self._end - self._clock())


class Silence(Deadline):
    """The time for each wait by itself, however long all of them take: for files."""

    def remaining(self) -> float:
        """Return the seconds of one wait."""
        return self.seconds


def in_time(
    ask: Callable[[T], R], items: Collection[T], deadline: Deadline, width: int = WIDTH
) -> dict[T, R]:
    """Ask for each item, `width` at once; returns what came before the deadline.

    The threads are daemons and are left behind when time is up: a name server or a
    server that sends its headers byte by byte can hold a thread for minutes, and nothing can
    interrupt it. Raises what `ask` raises.
    """
    todo: SimpleQueue[T] = SimpleQueue()
    done: SimpleQueue[tuple[T, Callable[[], R]]] = SimpleQueue()
    for item in items:
        todo.put(item)
    work = partial(_work, ask, todo, done)
    if not sum(_starts(work) for _ in range(min(width, len(items)))):
        work()  # one after the other
    answers: dict[T, R] = {}
    with suppress(Empty):
        for _ in items:
            item, outcome = done.get(timeout=deadline.remaining())
            answers[item] = outcome()
    return answers


def _starts(work: Callable[[], None]) -> bool:
    """Start a thread; say whether there is one to be had, which a container may limit."""
    try:
        Thread(target=work, daemon=True).start()
    except RuntimeError:
        return False
    return True


def _work(
    ask: Callable[[T], R], todo: SimpleQueue[T], done: SimpleQueue[tuple[T, Callable[[], R]]]
) -> None:
    with suppress(Empty):
        while True:
            item = todo.get_nowait()
            done.put((item, _outcome(ask, item)))


def _outcome(ask: Callable[[T], R], item: T) -> Callable[[], R]:
    """Ask, and return what gives the answer, or raises the error, to the thread that waits."""
    try:
        answer = ask(item)
    except Exception as error:  # noqa: BLE001 - nothing is lost: the thread that waits raises it
        return partial(_raise, error)
    return lambda: answer


def _raise(error: Exception) -> NoReturn:
    raise error


MIB = 1024 * 1024
MEMORY = 256 * MIB
"""Bytes that the index may take of one decision's memory: the sum of the limits below, tested."""
PAGES = 32 * MIB
"""Bytes of all pages of a decision together, packed and unpacked; PyTorch's largest has 8 MiB."""
LINKS = 100_000
"""Links on all pages of a decision together; a lock of all nightly builds reads half as many.

A wheel counts once for each tag of its name, which takes as much as a link: one of 255 characters
could spell thousands. Of PyTorch's one in ten has two, the most is four.
"""
VALUES = 10 * LINKS
"""Values of a page in JSON; a file takes some ten."""
METADATA = MIB
"""Bytes of the largest METADATA that is read; torch's has 30,000."""

FILE = 16 * 1024 * MIB
"""Bytes of the largest wheel that is written into a folder; torch's take up to five GiB."""


class Room:
    """What may still come; taken from by several threads."""

    def __init__(self, limit: int) -> None:
        """Take the number of bytes that will do."""
        self.limit = limit
        self._left = limit
        self._lock = Lock()

    def __str__(self) -> str:
        """Return the limit in words."""
        return f"{self.limit // MIB} MiB" if self.limit >= MIB else f"{self.limit} bytes"

    def take(self, size: int) -> bool:
        """Take some of it; false where there is not that much left."""
        with self._lock:
            self._left -= size
            return self._left >= 0
