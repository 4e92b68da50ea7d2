"""Asking together, and leaving what comes too late."""

from __future__ import annotations

import threading
import time

import pytest

from hatch_torch.index.limits import PARALLEL_REQUESTS, Deadline, map_until_deadline


def test_together() -> None:
    """As many as may be under way at once are."""
    barrier = threading.Barrier(PARALLEL_REQUESTS)

    def ask(number: int) -> int:
        barrier.wait(timeout=5)
        return number + 1

    assert map_until_deadline(ask, range(PARALLEL_REQUESTS), Deadline(5)) == {
        n: n + 1 for n in range(PARALLEL_REQUESTS)
    }


def test_late() -> None:
    """Whoever does not answer in time is left behind."""
    release = threading.Event()
    start = time.monotonic()
    answers = map_until_deadline(lambda n: n or release.wait(5), [0, 1], Deadline(0.1))
    release.set()
    assert answers == {1: 1}
    assert time.monotonic() - start < 2


def test_error() -> None:
    """What goes wrong is raised to the one who waits."""
    with pytest.raises(ZeroDivisionError):
        map_until_deadline(lambda n: 1 // n, [0], Deadline(5))


def test_no_threads() -> None:
    """Where no thread can be had one thing is asked after the other."""
    before = threading.stack_size(2**46)
    try:
        assert map_until_deadline(str, [1, 2], Deadline(5)) == {1: "1", 2: "2"}
    finally:
        threading.stack_size(before)


def test_nothing_to_ask() -> None:
    """Nothing is asked of nobody."""
    assert map_until_deadline(str, [], Deadline(5)) == {}


def test_deadline() -> None:
    """The clock runs from the first request on, and stops at nothing."""
    now = [100.0]
    deadline = Deadline(5, clock=lambda: now[0])
    now[0] = 200.0
    assert deadline.remaining() == 5
    now[0] = 203.0
    assert deadline.remaining() == 2
    now[0] = 300.0
    assert deadline.remaining() == 0
