"""What somebody should know of a text that was exported, though nothing is wrong with it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from packaging.utils import canonicalize_name

from hatch_torch.deciding.offers import TORCH
from hatch_torch.frontend.files import CONSTRAINT, FIND_LINKS, REQUIREMENT
from hatch_torch.tables import rows

if TYPE_CHECKING:
    from collections.abc import Iterator

    from hatch_torch.export.requirements_file import RequirementsFile
    from hatch_torch.export.subject import Subject

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
