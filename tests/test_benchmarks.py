"""The parts of the benchmarks that are no measures: fits, pairs and tables."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.benchmarks.growth import slope
from tests.benchmarks.paired import compare
from tests.benchmarks.rows import Peer, Row, peers_table, table

if TYPE_CHECKING:
    from collections.abc import Callable

PAGE = Path(__file__).parents[1] / "docs" / "explanation" / "performance.md"


def test_slope() -> None:
    """The slope of a straight line is its own, and noise around it cancels."""
    assert slope([0, 1, 2], [5, 7, 9]) == pytest.approx(2)
    assert slope([0, 1, 2, 3], [1, 0, 0, 1]) == pytest.approx(0)


def test_turns() -> None:
    """Both are run as often, and each is first in turn."""
    ran: list[str] = []

    def run(name: str) -> Callable[[], None]:
        def start() -> None:
            ran.append(name)
            subprocess.run([sys.executable, "-c", "sum(range(10**5))"], check=True)

        return start

    assert compare(run("ours"), run("theirs"), 2).ratio > 0
    assert ran == ["ours", "theirs", "theirs", "ours"]


def test_tables() -> None:
    """The ratio stands before the figure, and what is over its budget is in bold."""
    rows = table([Row("reading", 5, 10), Row("writing", 30, 10)]).splitlines()
    assert rows[2:] == [
        "| reading | 0.50 | 5 ms | 10 ms |  |",
        "| writing | **3.00, over** | 30 ms | 10 ms |  |",
    ]
    peers = peers_table([Peer("ours", 2, 1), Peer("other", None, 3, "why")]).splitlines()
    assert peers[3] == "| other | 3.00 | did not run | 3.00 s | why |"


def test_page_has_a_place() -> None:
    """The command finds where in the documentation its tables go."""
    text = PAGE.read_text(encoding="utf-8")
    assert text.index("<!-- benchmarks -->") < text.index("<!-- end of benchmarks -->")
