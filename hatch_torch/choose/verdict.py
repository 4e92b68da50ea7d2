"""A backend, usable here or not."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from hatch_torch.backend import Backend


class Verdict(NamedTuple):
    """A backend, usable here or not, and the reason in one plain sentence."""

    backend: Backend
    usable: bool
    reason: str
