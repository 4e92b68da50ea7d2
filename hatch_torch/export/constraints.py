"""`constraints`: lines for `-c`, PIP_CONSTRAINT or UV_CONSTRAINT, whatever asks for torch."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from hatch_torch.export.subject import Subject


def constraints(subject: Subject) -> str:
    """Return a constraint for every pin; a constraint by URL redirects a plain requirement."""
    lines = (subject.header, *(pin.requirement for pin in subject.decision.pins))
    return "".join(f"{line}\n" for line in lines)
