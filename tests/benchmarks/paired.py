"""Two commands against each other: run in turns, so that both meet the same machine."""

from __future__ import annotations

import resource
import time
from statistics import median
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable


class Spent(NamedTuple):
    """The seconds of one run, by the clock and by the processors of its processes."""

    wall: float
    cpu: float


class Compared(NamedTuple):
    """What a run costs against another: the median of the pairs, and the medians of each."""

    ratio: float
    cpu_ratio: float
    ours: float
    theirs: float


def spent(run: Callable[[], object]) -> Spent:
    """Run something that starts processes and waits for them."""
    wall, cpu = time.perf_counter(), _cpu()
    run()
    return Spent(time.perf_counter() - wall, _cpu() - cpu)


def compare(ours: Callable[[], object], theirs: Callable[[], object], rounds: int) -> Compared:
    """Run both in turns; which is first changes from pair to pair."""
    pairs = []
    for number in range(rounds):
        if number % 2:
            other, one = spent(theirs), spent(ours)
        else:
            one, other = spent(ours), spent(theirs)
        pairs.append((one, other))
    return Compared(
        median(one.wall / other.wall for one, other in pairs),
        median(one.cpu / other.cpu for one, other in pairs),
        median(one.wall for one, _ in pairs),
        median(other.wall for _, other in pairs),
    )


def _cpu() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime
