"""The decision: all of it, as a value."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from hatch_torch.backend import Backend
    from hatch_torch.choose import Verdict
    from hatch_torch.deciding.additions import Addition
    from hatch_torch.deciding.pins import Pin
    from hatch_torch.hardware.facts import Hardware


class Node(NamedTuple):
    """A machine of several, and what runs on it."""

    name: str
    """That of its profile."""
    hardware: Hardware
    usable: tuple[Backend, ...]
    """The backends that use its accelerators, the most preferred first; none: the plain one."""
    refusal: str | None = None
    """Why what was decided does not run on it."""

    @property
    def accelerators(self) -> str:
        """Its accelerators in words."""
        names = (f"{one.name}, {one.architecture}" for one in self.hardware.accelerators)
        return "; ".join(dict.fromkeys(names)) or "no accelerator"


class Decision(NamedTuple):
    """Which backend, who decided it, for which hardware, and what is added for it."""

    backend: Backend | None
    """None where nothing is added: the requirements stay portable."""
    decided_by: str
    hardware: Hardware
    verdicts: tuple[Verdict, ...] = ()
    pins: tuple[Pin, ...] = ()
    additions: tuple[Addition, ...] = ()
    warnings: tuple[str, ...] = ()
    origin: tuple[str, str] | None = None
    """The root of the index and who names it; None where nobody does, or nothing is fetched."""
    nodes: tuple[Node, ...] = ()
    """Where it is for several machines: each of them."""

    def noting(self, *warnings: str) -> Decision:
        """Return the decision with more to tell, each thing once."""
        return self._replace(warnings=tuple(dict.fromkeys((*self.warnings, *warnings))))
