"""What is exported: a decision, and what it was made for.

What somebody should know of a text that was exported, though nothing is wrong with it.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from packaging.utils import canonicalize_name

from hatch_torch.catalog import rows
from hatch_torch.catalog.releases import FAMILY, TORCH
from hatch_torch.catalog.specifiers import holds
from hatch_torch.frontend.requirements_txt import CONSTRAINT, FIND_LINKS, REQUIREMENT

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from packaging.requirements import Requirement

    from hatch_torch.catalog.backend import Backend
    from hatch_torch.catalog.target import Target
    from hatch_torch.config.config import Config
    from hatch_torch.frontend.requirements_txt import RequirementsFile
    from hatch_torch.resolution.model import Decision, Pin


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


_FROM_ITS_FOLDER = (REQUIREMENT, CONSTRAINT, FIND_LINKS)


def remarks(subject: Subject) -> Iterator[str]:
    """Yield plain sentences: on packages that are bound to torch, and on lines left alone."""
    yield from _bound(subject)
    if subject.file:
        yield from _options(subject.file)


def _bound(subject: Subject) -> Iterator[str]:
    torch = next((pin.version for pin in subject.decision.pins if pin.name == TORCH), None)
    names = {row["name"] for row in rows("bound_to_torch")} - set(subject.config.family)
    for requirement in subject.config.dependencies:
        if torch and canonicalize_name(requirement.name) in names:
            yield (
                f"{requirement} is left as it is; its binaries are built for one release of torch, "
                f"so take one that goes with {torch.public}"
            )


def _options(file: RequirementsFile) -> Iterator[str]:
    for number, line in file.numbered():
        if any(one.name == "--extra-index-url" for one in line.options):
            yield (
                f"line {number}: --extra-index-url is left as it is; any index that is named so "
                "may replace any package"
            )
    hashed = next((number for number, line in file.numbered() if line.has_hash), None)
    if hashed:
        yield (
            f"line {hashed}: with hashes in it, this file must name everything that the exact "
            "wheels require"
        )


def elsewhere(file: RequirementsFile) -> Iterator[str]:
    """Yield what a copy of the file in another folder has to know: which lines name a file."""
    for number, line in file.numbered():
        if any(one.name in _FROM_ITS_FOLDER and _is_relative(one.value) for one in line.options):
            yield f"line {number} names a file beside the original: keep both in one folder"


def _is_relative(place: str) -> bool:
    return "://" not in place and not Path(place).is_absolute()
