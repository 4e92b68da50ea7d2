"""Whole installs of 30 to 180 packages: the decision against uv and pip, on the same indexes."""

from __future__ import annotations

from statistics import median
from typing import TYPE_CHECKING, NamedTuple

from tests.benchmarks.rows import Row
from tests.benchmarks.tree_runs import TREES, Runs
from tests.benchmarks.tree_serving import served_trees

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from tests.benchmarks.serving import Served
    from tests.benchmarks.tree_runs import Took

_MOST_WARM = 15
"""Milliseconds that an unchanged tree may add to the decision of the family alone."""
_MOST_MEMORY = 100
_FAMILY_ALONE = ("torch",)


class _Measured(NamedTuple):
    cold: list[Took]
    warm: list[Took]
    alone: list[Took]
    uv: list[Took]
    pip: list[Took]
    requests: int
    warm_requests: int


def rows(folder: Path, torch_index: str, rounds: int) -> Iterator[Row]:
    """Measure every tree cold and warm, in turns with uv and pip."""
    with served_trees() as index:
        runs = Runs(folder, index.url, torch_index)
        for name, requirements in TREES.items():
            yield from _rows(name, _measure(runs, index, requirements, rounds))


def _measure(runs: Runs, index: Served, requirements: Sequence[str], rounds: int) -> _Measured:
    found = _Measured([], [], [], [], [], 0, 0)
    for _ in range(rounds):
        found.uv.append(runs.uv(requirements))
        index.counted()
        found.cold.append(runs.ours(requirements))
        requests = index.counted()["requests"]
        found.warm.append(runs.ours(requirements, is_cold=False))
        warm_requests = index.counted()["requests"]
        found.alone.append(runs.ours(_FAMILY_ALONE, is_cold=False))
        found = found._replace(requests=requests, warm_requests=warm_requests)
    found.pip.append(runs.pip(requirements))
    return found


def _rows(name: str, found: _Measured) -> Iterator[Row]:
    wall, cpu = _median(found.cold, "wall"), _median(found.cold, "cpu")
    uv = median(one.wall for one in found.uv)
    note = (
        f"{found.cold[0].told['packages']} packages, {found.requests} requests; processor: "
        f"{cpu:.2f} s, uv {median(one.cpu for one in found.uv):.2f} s"
    )
    yield Row(f"tree of {name}, nothing cached, against uv", wall / uv, 1, "times", note)
    pip = found.pip[0].wall
    yield Row(
        f"tree of {name}, against pip", wall / pip, 0.1, "times", f"{wall:.2f} s and {pip:.2f} s"
    )
    more = _median(found.warm, "cpu") - _median(found.alone, "cpu")
    yield Row(f"tree of {name}, unchanged, against torch alone", more * 1000, _MOST_WARM)
    yield Row(f"requests: tree of {name}, unchanged", found.warm_requests, 0, "")
    yield Row(f"memory: tree of {name}", _median(found.cold, "megabytes"), _MOST_MEMORY, "MB")


def _median(runs: Sequence[Took], what: str) -> float:
    values: list[float] = [one.told[what] for one in runs]
    return median(values)
