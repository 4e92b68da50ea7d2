"""Deadlines, and calls in parallel until one."""

from __future__ import annotations

import threading
import time

import pytest

from hatch_torch.index.limits import PARALLEL_REQUESTS, Deadline, map_until_deadline


def test_together() -> None:
    """As many calls run at once as are allowed."""
    barrier = threading.Barrier(PARALLEL_REQUESTS)

    def ask(number: int) -> int:
        barrier.wait(timeout=5)
        return number + 1

    assert map_until_deadline(ask, range(PARALLEL_REQUESTS), Deadline(5)) == {
        n: n + 1 for n in range(PARALLEL_REQUESTS)
    }


def test_late() -> None:
    """An item that is late is missing."""
    release = threading.Event()
    start = time.monotonic()
    answers = map_until_deadline(lambda n: n or release.wait(5), [0, 1], Deadline(0.1))
    release.set()
    assert answers == {1: 1}
    assert time.monotonic() - start < 2


def test_error() -> None:
    """An error is raised in the waiting thread."""
    with pytest.raises(ZeroDivisionError):
        map_until_deadline(lambda n: 1 // n, [0], Deadline(5))


def test_no_threads() -> None:
    """Without threads, items are processed one after the other."""
    before = threading.stack_size(2**46)
    try:
        assert map_until_deadline(str, [1, 2], Deadline(5)) == {1: "1", 2: "2"}
    finally:
        threading.stack_size(before)


def test_nothing_to_ask() -> None:
    """Without items nothing is called."""
    assert map_until_deadline(str, [], Deadline(5)) == {}


def test_deadline() -> None:
    """The clock starts with the first request, and never goes below zero."""
    now = [100.0]
    deadline = Deadline(5, clock=lambda: now[0])
    now[0] = 200.0
    assert deadline.remaining() == 5
    now[0] = 203.0
    assert deadline.remaining() == 2
    now[0] = 300.0
    assert deadline.remaining() == 0
