"""How the time grows with what there is: the exponent of a fit, 1 where it is linear."""

from __future__ import annotations

import time
from math import log
from typing import TYPE_CHECKING

from hatch_torch.resolution.decide import decide
from tests.benchmarks.nightly import offered, page, read
from tests.benchmarks.projects import FAMILY, case, machine
from tests.benchmarks.rows import Row

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from pathlib import Path

_MOST = 1.15
"""The exponent that still counts as linear, for what a page costs beside its links is noise."""


def rows(folder: Path, index: str, rounds: int) -> Iterator[Row]:
    """Measure the growth with links, backends, packages and GPUs."""

    def links(count: int) -> Callable[[], object]:
        body = page(count)
        return lambda: read(offered(folder / "pages", body))

    def backends(count: int) -> Callable[[], object]:
        return lambda: decide(case(index, folder / "cache", backends=count))

    def packages(count: int) -> Callable[[], object]:
        lines = (*FAMILY, *(f"package-{number}>=1" for number in range(count)))
        return lambda: decide(case(index, folder / "cache", requirements=lines))

    def gpus(count: int) -> Callable[[], object]:
        return lambda: decide(case(index, folder / "cache", hardware=machine(count)))

    yield _row("links of a page", links, (5000, 10_000, 20_000, 40_000), rounds)
    yield _row("backends of a project", backends, (4, 8, 16, 32), rounds)
    yield _row("packages of a project", packages, (100, 200, 400, 800), rounds)
    yield _row("GPUs", gpus, (8, 16, 32, 64), rounds)


def _row(
    what: str, make: Callable[[int], Callable[[], object]], sizes: Sequence[int], rounds: int
) -> Row:
    times = [_least(make(size), rounds) for size in sizes]
    milliseconds = ", ".join(f"{spent * 1000:.0f}" for spent in times)
    exponent = slope([log(size) for size in sizes], [log(spent) for spent in times])
    return Row(
        f"growth with {what}: the exponent of a fit",
        exponent,
        _MOST,
        "",
        f"{milliseconds} ms for {', '.join(map(str, sizes))}",
    )


def _least(run: Callable[[], object], rounds: int) -> float:
    run()
    times = []
    for _ in range(rounds):
        start = time.process_time()
        run()
        times.append(time.process_time() - start)
    return min(times)


def slope(xs: Sequence[float], ys: Iterable[float]) -> float:
    """Return the slope of the line with the least squares."""
    pairs = list(zip(xs, ys, strict=True))
    x = sum(one for one, _ in pairs) / len(pairs)
    y = sum(one for _, one in pairs) / len(pairs)
    return sum((a - x) * (b - y) for a, b in pairs) / sum((a - x) ** 2 for a, _ in pairs)
