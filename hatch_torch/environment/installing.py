"""The command that installs requirements, with the decision applied to those of the family."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name

from hatch_torch.companions import FAMILY
from hatch_torch.environment.mending import mending, wheels
from hatch_torch.environment.packages import packages
from hatch_torch.environment.situation import case_of, config_of
from hatch_torch.errors import ConfigurationError
from hatch_torch.frontend import Request
from hatch_torch.frontend.files import CONSTRAINT, REQUIREMENT, expand
from hatch_torch.frontend.grammar import WORD, Option
from hatch_torch.markers import holds

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from hatch_torch.deciding.decision import Decision
    from hatch_torch.environment.installer import Command
    from hatch_torch.environment.mending import Place
    from hatch_torch.project.config import Config


@dataclass(frozen=True, slots=True)
class Plan:
    """What is to be run for an install."""

    command: Command
    """Nothing, where all is there."""
    notes: tuple[str, ...] = ()
    """What the decision has to tell."""


def installing(place: Place, words: Sequence[str], files: Sequence[str] = ()) -> Plan:
    """Return what installs requirements and requirements files.

    The exact wheels of the family stand first; what is installed of it is held by its version,
    so that nothing of it moves without a reason. Without anything asked for, the project in the
    folder is installed. Raises ConfigurationError for a file that is not there, and what a
    decision raises.
    """
    if not words and not files:
        return Plan(mending(place))
    lines = [*lines_of(files, place.environ)]
    texts = [*words, *(one.value for one in lines if one.name == WORD)]
    asked = [one for one in map(_requirement, texts) if one]
    there = {one.name: one.version for one in packages(place.prefix.folders)}
    installer = place.installer
    limits = tuple(one.value for one in lines if one.name == CONSTRAINT)
    decision = place.decided(
        _config(place, asked, there), by_version=installer.takes_versions, constraints=limits
    )
    if len(asked) == len(texts) and _is_all_there(asked, decision, there, place):
        return Plan(())
    options = [part for file in files for part in ("-r", file)]
    notes = decision.warnings if any(canonicalize_name(one.name) in FAMILY for one in asked) else ()
    return Plan(installer.install((*wheels(decision), *words, *options)), notes)


def _config(place: Place, asked: Iterable[Requirement], there: Mapping[str, str]) -> Config:
    """Return what decides for requirements: the project's tables, without its own requirements."""
    return config_of(place.project)._replace(
        dependencies=tuple(asked),
        optional_dependencies={},
        family=tuple(name for name in FAMILY if name in there),
    )


def _is_all_there(
    asked: Iterable[Requirement], decision: Decision, there: Mapping[str, str], place: Place
) -> bool:
    """Say whether an installer would do nothing, as far as can be told without asking it."""
    here = case_of(config_of(place.project), place.environ, place.prefix, Request()).target
    pinned = all(there.get(pin.name) == str(pin.version) for pin in decision.pins)
    return pinned and all(
        _is_there(one, there) for one in asked if holds(one.marker, here.environment)
    )


def _is_there(one: Requirement, there: Mapping[str, str]) -> bool:
    version = there.get(canonicalize_name(one.name))
    plain = not one.extras and not one.url
    return version is not None and plain and one.specifier.contains(version, prereleases=True)


def _requirement(text: str) -> Requirement | None:
    """Read a requirement; a path or a URL is the installer's to read."""
    try:
        return Requirement(text)
    except InvalidRequirement:
        return None


def lines_of(files: Iterable[str], environ: Mapping[str, str]) -> Iterator[Option]:
    """Yield what requirements files say, and the files that they name.

    Raises ConfigurationError for a file that is not there.
    """
    for file in files:
        path = Path(file).absolute()
        if not path.is_file():
            raise ConfigurationError([f"-r {file}: there is no such file"])
        yield from expand([Option(REQUIREMENT, str(path))], path.parent, environ)
