"""Passes over releases of torch that are known to be bad where another one is in range."""

from __future__ import annotations

from typing import TYPE_CHECKING

from packaging.version import Version

from hatch_torch.catalog.releases import TORCH
from hatch_torch.compatibility.known_bad import AVOID, EXCLUDE, KnownBad, Release, find_known_bad
from hatch_torch.config.requirements import find_pinned_release

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from hatch_torch.catalog.backend import Backend
    from hatch_torch.catalog.target import Target
    from hatch_torch.hardware.model import Hardware
    from hatch_torch.resolution.candidates import Specifiers
    from hatch_torch.resolution.model import Solution
    from hatch_torch.resolution.strategies import Strategy


class Avoidance:
    """A strategy that passes over releases that are known to be bad, unless they are pinned."""

    def __init__(
        self,
        strategy: Strategy,
        specifiers: Mapping[Backend, Specifiers],
        hardware: Hardware,
        target: Target,
    ) -> None:
        """Keep the strategy, and what determines which known faults show."""
        self._check = strategy.incompatibility
        self._specifiers = specifiers
        self._hardware = hardware
        self._target = target
        self.strategy = strategy._replace(incompatibility=self.incompatibility)
        self.passed_over: dict[tuple[Version, Backend], KnownBad] = {}
        """The faults of the releases that the strategy came across, by release and backend."""

    def incompatibility(self, backend: Backend, release: Version) -> str | None:
        """Return why a release is not taken, or None; a strategy's check."""
        if reason := self._check(backend, release):
            return reason
        pinned = find_pinned_release(self._specifiers[backend][TORCH])
        fault = None if release == pinned else self._find_fault(backend, release)
        if fault is None:
            return None
        self.passed_over[release, backend] = fault
        return str(fault)

    def describe(self, solution: Solution) -> Iterator[str]:
        """Yield what a user should know: what was passed over, or taken in spite of its faults."""
        (torch,) = (pin for pin in solution.pins if pin.name == TORCH)
        chosen = Version(torch.version.public)
        for (release, backend), fault in self.passed_over.items():
            if release > chosen:
                yield f"passed over torch {release} for {backend}: {fault}"
        if taken := self._find_fault(solution.backend, chosen, EXCLUDE, AVOID):
            yield f"torch {chosen} for {solution.backend} is known to be bad: {taken}"

    def _find_fault(self, backend: Backend, release: Version, *effects: str) -> KnownBad | None:
        faults = find_known_bad(
            Release(release, backend), self._hardware, self._target, effects=effects or (AVOID,)
        )
        return faults[0] if faults else None
