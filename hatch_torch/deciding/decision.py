"""The decision: all of it, as a value."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from hatch_torch.backend import Backend
    from hatch_torch.choose import Verdict
    from hatch_torch.deciding.additions import Addition
    from hatch_torch.deciding.pins import Pin
    from hatch_torch.hardware.facts import Hardware


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

    def noting(self, *warnings: str) -> Decision:
        """Return the decision with more to tell, each thing once."""
        return self._replace(warnings=tuple(dict.fromkeys((*self.warnings, *warnings))))
