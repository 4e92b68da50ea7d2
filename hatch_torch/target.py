"""The Python and the platform that a wheel must fit."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from packaging.tags import Tag

    from hatch_torch.index.wheel import Wheel

PLATFORMS = ("linux_x86_64", "linux_aarch64", "win_amd64", "macos_arm64", "macos_x86_64")
"""The platforms that the tables have columns for."""


@dataclass(frozen=True, slots=True)
class Target:
    """An interpreter on a platform: which tags it takes, how it answers markers."""

    python: str
    """``3.12``."""
    platform: str
    """One of PLATFORMS, or another platform's name, which no table knows."""
    ranks: Mapping[Tag, int] = field(repr=False)
    """Every tag that fits, with its place in the order of preference (0 is best)."""
    environment: Mapping[str, str] = field(repr=False)
    """The variables of PEP 508 markers."""

    def rank(self, wheel: Wheel) -> int | None:
        """Return the place of the wheel's best tag, or None where none fits."""
        return min((self.ranks[tag] for tag in wheel.tags if tag in self.ranks), default=None)
