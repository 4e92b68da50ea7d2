"""What is exported: a decision, and what it was made for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from packaging.utils import canonicalize_name

from hatch_torch.companions import FAMILY
from hatch_torch.markers import holds

if TYPE_CHECKING:
    from collections.abc import Callable

    from packaging.requirements import Requirement

    from hatch_torch.backend import Backend
    from hatch_torch.deciding.decision import Decision
    from hatch_torch.deciding.pins import Pin
    from hatch_torch.export.requirements_file import RequirementsFile
    from hatch_torch.project.config import Config
    from hatch_torch.target import Target

MARK = "# hatch-torch export:"
"""How the line begins that marks a file as ours to overwrite."""


@dataclass(frozen=True, slots=True)
class Subject:
    """A decision, the project and the target that it was made for, and where its index lies."""

    config: Config
    decision: Decision
    target: Target
    index_url: Callable[[Backend], str]
    """The folder of a backend, without credentials."""
    file: RequirementsFile | None = None
    """The requirements file that is to be rewritten."""

    @property
    def header(self) -> str:
        """The comment that says what the text is; for portable requirements, why they are."""
        decision = self.decision
        if decision.backend is None:
            return f"{MARK} portable; {self.why_portable}"
        machine = f"{self.target.platform}, Python {self.target.python}"
        return f"{MARK} {decision.backend} ({decision.decided_by}) for {machine}"

    @property
    def why_portable(self) -> str:
        """Why nothing is decided, on one line."""
        told = self.decision.warnings[-1:] or (f"{self.decision.decided_by} asks for it",)
        return " ".join(told[0].split())

    @property
    def members(self) -> tuple[Pin, ...]:
        """The pins of the family, without what comes along from the backend's index."""
        return tuple(pin for pin in self.decision.pins if pin.name in self._family)

    @property
    def companions(self) -> tuple[Pin, ...]:
        """The pins of what only the backend's index serves."""
        return tuple(pin for pin in self.decision.pins if pin.name not in self._family)

    @property
    def wanted(self) -> tuple[Requirement, ...]:
        """The requirements on the family that hold for the target."""
        return tuple(one for one in self.config.dependencies if self._is_wanted(one))

    def pin_of(self, requirement: Requirement) -> Pin | None:
        """Return the pin that stands in for a requirement, if one does.

        Nothing does for a URL, which is obeyed, nor where the marker does not hold.
        """
        if requirement.url or not self._is_wanted(requirement):
            return None
        name = canonicalize_name(requirement.name)
        return next((pin for pin in self.members if pin.name == name), None)

    @property
    def _family(self) -> frozenset[str]:
        return frozenset((*FAMILY, *self.config.family))

    def _is_wanted(self, requirement: Requirement) -> bool:
        named = canonicalize_name(requirement.name) in self._family
        return named and holds(requirement.marker, self.target.environment)
