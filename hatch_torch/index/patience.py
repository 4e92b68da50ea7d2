"""Ask for many things at once, and stop waiting when the time is up."""

from __future__ import annotations

import time
from contextlib import suppress
from functools import partial
from queue import Empty, SimpleQueue
from threading import Thread
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
