"""The project's requirements on the torch family that apply here, and their merged specifiers."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import unquote, urlsplit

from packaging.requirements import InvalidRequirement, Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name, parse_wheel_filename
from packaging.version import InvalidVersion, Version

from hatch_torch.catalog.backend import Backend
from hatch_torch.catalog.releases import FAMILY, TORCH
from hatch_torch.catalog.specifiers import marker_applies
from hatch_torch.config.backend_request import expand_self_extras
from hatch_torch.config.config import declared_extras
from hatch_torch.config.validation import is_backend

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from hatch_torch.config.config import BackendExtra, Config


class FamilyRequirement(NamedTuple):
    """A requirement on a member of the torch family, and the list that it is in."""

    requirement: Requirement
    extra: str | None = None
    """The extra whose list it is in; None: the project's dependencies."""

    @property
    def name(self) -> str:
        """The member's normalized name."""
        return canonicalize_name(self.requirement.name)


def collect_family_requirements(
    config: Config, environment: Mapping[str, str]
) -> tuple[FamilyRequirement, ...]:
    """Return the requirements on the family whose markers apply, of every extra too.

    A requirement of an extra that another one contains is in both, as Hatch writes it out in both.
    `environment` holds the values of PEP 508 markers.
    """
    collected = [FamilyRequirement(requirement) for requirement in config.dependencies]
    declared = declared_extras(config)
    for extra in declared:
        contained = expand_self_extras(config, [extra])
        for name, requirements in declared.items():
            if canonicalize_name(name) in contained:
                collected += [FamilyRequirement(item, extra) for item in requirements]
    names = {*FAMILY, *config.family}
    return tuple(
        item
        for item in dict.fromkeys(collected)
        if item.name in names
        and marker_applies(item.requirement.marker, environment, item.extra or "")
    )


def fixed_backend(
    requirements: Iterable[FamilyRequirement],
) -> tuple[Backend, Requirement] | None:
    """Return the backend that a requirement pins by a URL or by `==` a local version, and it."""
    for item in requirements:
        for specifier in specifier_of(item.requirement):
            _, _, local = specifier.version.partition("+")
            if specifier.operator in {"==", "==="} and is_backend(local):
                return Backend.parse(local), item.requirement
    return None


def specifier_of(requirement: Requirement) -> SpecifierSet:
    """Return the versions that a requirement admits; a wheel's URL admits the wheel's version."""
    if not requirement.url:
        return requirement.specifier
    try:
        path = unquote(urlsplit(requirement.url).path)
        _, version, _, _ = parse_wheel_filename(path.rpartition("/")[2])
    except ValueError:  # an sdist, a repository or an invalid URL, which the installer reports
        return SpecifierSet()
    return SpecifierSet(f"=={version}")


def find_pinned_release(specifiers: SpecifierSet) -> Version | None:
    """Return the one public release that specifiers pin by ``==``, or None."""
    for specifier in specifiers:
        if specifier.operator in {"==", "==="} and not specifier.version.endswith(".*"):
            with suppress(InvalidVersion):  # `===` takes any text
                return Version(Version(specifier.version).public)
    return None


def merge_specifiers(
    requirements: Iterable[FamilyRequirement],
    environment: Mapping[str, str],
    extra: BackendExtra | None = None,
    family: Iterable[str] = (),
    constraints: Iterable[Requirement] = (),
) -> dict[str, SpecifierSet]:
    """Return one specifier for each required member of the family, and always one for torch.

    Intersects the project's requirements, those of a backend's extra, and the constraints, which
    require nothing by themselves. `environment` holds the values of the extra's and the
    constraints' markers.
    """
    merged = {TORCH: SpecifierSet()} | {name: SpecifierSet() for name in family}
    required = [(item.name, specifier_of(item.requirement)) for item in requirements]
    required += _select_family(extra.dependencies if extra else (), environment, family)
    for name, specifier in required:
        merged[name] = merged.get(name, SpecifierSet()) & specifier
    for name, specifier in _select_family(constraints, environment, family):
        if name in merged:
            merged[name] &= specifier
    return merged


def _select_family(
    requirements: Iterable[Requirement], environment: Mapping[str, str], family: Iterable[str]
) -> Iterator[tuple[str, SpecifierSet]]:
    names = {*FAMILY, *family}
    for requirement in requirements:
        name = canonicalize_name(requirement.name)
        if name in names and marker_applies(requirement.marker, environment):
            yield name, specifier_of(requirement)


def parse_constraints(lines: Iterable[str]) -> tuple[Requirement, ...]:
    """Return the constraints of these lines; the installer reports invalid ones."""
    return tuple(filter(None, map(_parse_constraint, lines)))


def _parse_constraint(line: str) -> Requirement | None:
    try:
        return Requirement(line)
    except InvalidRequirement:
        return None
