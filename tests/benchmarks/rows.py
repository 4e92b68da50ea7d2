"""What was measured, beside its budget, as a table."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable

_HEAD = "| what | of its budget | measured | budget | |\n| --- | ---: | ---: | ---: | --- |"
_PEERS = (
    "| the same question | times ours | nothing cached | cached | |\n"
    "| --- | ---: | ---: | ---: | --- |"
)


class Row(NamedTuple):
    """A figure with its budget, in the same unit."""

    what: str
    measured: float
    budget: float
    unit: str = "ms"
    note: str = ""

    @property
    def line(self) -> str:
        """The row of a Markdown table: the ratio first, and what is over is in bold."""
        ratio = f"{self.measured / self.budget:.2f}" if self.budget else f"{self.measured:.0f}"
        ratio_cell = f"**{ratio}, over**" if self.measured > self.budget else ratio
        return (
            f"| {self.what} | {ratio_cell} | {self.measured:.4g} {self.unit} "
            f"| {self.budget:g} {self.unit} | {self.note} |"
        )


class Peer(NamedTuple):
    """How long another tool takes for the same question; None for what could not be run."""

    name: str
    cold: float | None
    """Seconds with empty caches."""
    warm: float | None
    """Seconds with everything cached."""
    note: str = ""

    def line(self, ours: float) -> str:
        """Return the row of a Markdown table; `ours` are our seconds, warm."""
        ratio = "" if self.warm is None else f"{self.warm / ours:.2f}"
        return (
            f"| {self.name} | {ratio} | {_shown(self.cold)} | {_shown(self.warm)} | {self.note} |"
        )


def _shown(seconds: float | None) -> str:
    return "did not run" if seconds is None else f"{seconds:.2f} s"


def table(rows: Iterable[Row]) -> str:
    """Return the rows as a Markdown table."""
    return "\n".join([_HEAD, *(row.line for row in rows)])


def peers_table(peers: Iterable[Peer]) -> str:
    """Return the peers as a Markdown table; the first is ourselves."""
    every = [*peers]
    ours = every[0].warm or 1.0
    return "\n".join([_PEERS, *(peer.line(ours) for peer in every)])
