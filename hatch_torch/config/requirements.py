"""What a project wants of the family: its lines that hold here, and the ranges they make."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import unquote, urlsplit

from packaging.requirements import InvalidRequirement, Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name, parse_wheel_filename

from hatch_torch.catalog.backend import Backend
from hatch_torch.catalog.releases import FAMILY, TORCH
from hatch_torch.catalog.specifiers import holds
from hatch_torch.config.backend_request import with_contained
from hatch_torch.config.config import declared_extras
from hatch_torch.config.validation import is_backend

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from hatch_torch.config.config import BackendExtra, Config


class Line(NamedTuple):
    """A requirement on a member of the family, and the list that it stands in."""

    requirement: Requirement
    extra: str | None = None
    """The extra whose list it is in; None: the project's dependencies."""

    @property
    def name(self) -> str:
        """The member's normalized name."""
        return canonicalize_name(self.requirement.name)


def family_lines(config: Config, environment: Mapping[str, str]) -> tuple[Line, ...]:
    """Return the lines on members of the family whose markers hold here, of every extra too.

    Those of an extra that another one contains are in both, for Hatch writes them out in both.
    """
    lines = [Line(one) for one in config.dependencies]
    declared = declared_extras(config)
    for extra in declared:
        inside = with_contained(config, [extra])
        for name, requirements in declared.items():
            if canonicalize_name(name) in inside:
                lines += [Line(one, extra) for one in requirements]
    names = {*FAMILY, *config.family}
    return tuple(
        line
        for line in dict.fromkeys(lines)
        if line.name in names and holds(line.requirement.marker, environment, line.extra or "")
    )


def fixed_backend(lines: Iterable[Line]) -> tuple[Backend, Requirement] | None:
    """Return the backend that a line names by itself: a URL, or `==` a local version."""
    for line in lines:
        for specifier in versions_of(line.requirement):
            _, _, local = specifier.version.partition("+")
            if specifier.operator in {"==", "==="} and is_backend(local):
                return Backend.parse(local), line.requirement
    return None


def versions_of(requirement: Requirement) -> SpecifierSet:
    """Return the range of a requirement; for a URL the one version that its file name tells."""
    if not requirement.url:
        return requirement.specifier
    try:
        path = unquote(urlsplit(requirement.url).path)
        _, version, _, _ = parse_wheel_filename(path.rpartition("/")[2])
    except ValueError:  # no wheel's URL, or no URL at all: the installer tells
        return SpecifierSet()
    return SpecifierSet(f"=={version}")


def ranges(
    lines: Iterable[Line],
    environment: Mapping[str, str],
    extra: BackendExtra | None = None,
    family: Iterable[str] = (),
    constraints: Iterable[Requirement] = (),
) -> dict[str, SpecifierSet]:
    """Intersect the lines, a backend extra's own and the constraints: a range for each member.

    torch is always among them, since every other member is built for one torch. `environment`
    are the values of the markers, under which a backend's requirement or a constraint may stand.
    """
    own = extra.dependencies if extra else ()
    wanted = [(line.name, versions_of(line.requirement)) for line in lines]
    wanted += _of_family(own, environment, family)
    made = {TORCH: SpecifierSet()} | {name: SpecifierSet() for name in family}
    for name, versions in wanted:
        made[name] = made.get(name, SpecifierSet()) & versions
    for name, versions in _of_family(constraints, environment, family):
        if name in made:
            made[name] &= versions
    return made


def _of_family(
    requirements: Iterable[Requirement], environment: Mapping[str, str], family: Iterable[str]
) -> Iterator[tuple[str, SpecifierSet]]:
    for one in requirements:
        name = canonicalize_name(one.name)
        if name in {*FAMILY, *family} and holds(one.marker, environment):
            yield name, versions_of(one)


def parsed_constraints(lines: Iterable[str]) -> tuple[Requirement, ...]:
    """Parse constraints, which others wrote: a line that is none is theirs to find."""
    return tuple(filter(None, map(_constraint, lines)))


def _constraint(line: str) -> Requirement | None:
    try:
        return Requirement(line)
    except InvalidRequirement:
        return None
