"""A backend, usable here or not."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from hatch_torch.backend import Backend


@dataclass(frozen=True, slots=True)
class Verdict:
    """A backend, usable here or not, and the reason in one plain sentence."""

    backend: Backend
    usable: bool
    reason: str
