"""What every export format is rendered from, and the notices that go with the text."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from packaging.utils import canonicalize_name

from hatch_torch.catalog import load_table
from hatch_torch.catalog.releases import FAMILY, TORCH
from hatch_torch.catalog.specifiers import marker_applies
from hatch_torch.export.whole_install import NO_PACKAGES, OtherPackages
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
"""The start of the line by which the command recognizes its own files, which it may overwrite."""


@dataclass(frozen=True, slots=True)
class ExportContext:
    """A decision, and the project and target that it was made for."""

    config: Config
    decision: Decision
    target: Target
    index_url: Callable[[Backend], str]
    """Returns the URL of a backend's index, without credentials."""
    file: RequirementsFile | None = None
    """The requirements file to rewrite."""
    others: OtherPackages = NO_PACKAGES
    """The other packages of the install, for the formats that hold them."""
    hashes: bool = False
    """Whether a requirements file gets every package, each with its hash."""

    @property
    def header(self) -> str:
        """The comment that says which backend was chosen for which machine, or why none was."""
        decision = self.decision
        if decision.backend is None:
            return f"{MARK} portable; {self.portable_reason}"
        machine = f"{self.target.platform}, Python {self.target.python}"
        return f"{MARK} {decision.backend} ({decision.decided_by}) for {machine}"

    @property
    def portable_reason(self) -> str:
        """Why nothing is decided, on one line."""
        reason, *_ = self.decision.warnings[-1:] or (f"requested by {self.decision.decided_by}",)
        return " ".join(reason.split())

    @property
    def family_pins(self) -> tuple[Pin, ...]:
        """The pins of the torch family."""
        return tuple(pin for pin in self.decision.pins if pin.name in self._family)

    @property
    def companion_pins(self) -> tuple[Pin, ...]:
        """The pins of other packages that only the backend's index serves, such as triton."""
        return tuple(pin for pin in self.decision.pins if pin.name not in self._family)

    @property
    def family_requirements(self) -> tuple[Requirement, ...]:
        """The project's requirements on the torch family that apply to the target."""
        return tuple(one for one in self.config.dependencies if self._is_family(one))

    def find_pin(self, requirement: Requirement) -> Pin | None:
        """Return the pin that replaces a requirement, or None.

        A URL stays as it is, and so does a requirement whose marker does not apply.
        """
        if requirement.url or not self._is_family(requirement):
            return None
        name = canonicalize_name(requirement.name)
        return next((pin for pin in self.family_pins if pin.name == name), None)

    @property
    def _family(self) -> frozenset[str]:
        return frozenset((*FAMILY, *self.config.family))

    def _is_family(self, requirement: Requirement) -> bool:
        is_named = canonicalize_name(requirement.name) in self._family
        return is_named and marker_applies(requirement.marker, self.target.environment)


def collect_notices(context: ExportContext) -> Iterator[str]:
    """Yield what to know about an exported text: packages and lines that were left unchanged."""
    yield from context.others.notices
    torch = next((pin.version for pin in context.decision.pins if pin.name == TORCH), None)
    bound = {row["name"] for row in load_table("bound_to_torch")} - {*context.config.family}
    for requirement in context.config.dependencies:
        if torch and canonicalize_name(requirement.name) in bound:
            yield (
                f"{requirement} is unchanged, but its binaries are built for one release of torch: "
                f"choose a version for torch {torch.public}"
            )
    if context.file:
        yield from _check_options(context.file)


def _check_options(file: RequirementsFile) -> Iterator[str]:
    for number, line in file.number_lines():
        if any(option.name == "--extra-index-url" for option in line.options):
            yield (
                f"line {number}: --extra-index-url is unchanged; such an index can replace any "
                "package, torch included"
            )
    hashed = next((number for number, line in file.number_lines() if line.has_hash), None)
    if hashed:
        yield (
            f"line {hashed}: pip requires hashes for every package of a file that has any, so the "
            "file must list all that the exact wheels require"
        )


def find_relocated_references(file: RequirementsFile) -> Iterator[str]:
    """Yield a notice for each line with a relative path, which breaks in another folder."""
    for number, line in file.number_lines():
        for option in line.options:
            if option.name in (REQUIREMENT, CONSTRAINT, FIND_LINKS) and _is_relative(option.value):
                yield f"line {number} has a relative path: keep the file in the original's folder"


def _is_relative(path: str) -> bool:
    return "://" not in path and not Path(path).is_absolute()
