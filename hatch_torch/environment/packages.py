"""All the packages of an environment: their versions, what they need, and the project's own."""

from __future__ import annotations

import json
from contextlib import suppress
from dataclasses import dataclass, field
from importlib.metadata import Distribution, distributions
from typing import TYPE_CHECKING, Any

from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name

from hatch_torch.markers import holds

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping
    from pathlib import Path

RECORD = "extra_metadata/torch-variant.json"
"""The record's place in the dist-info of an installed project."""


@dataclass(frozen=True, slots=True)
class Package:
    """A package that is installed, of any kind."""

    name: str
    """Normalized (PEP 503)."""
    version: str
    requires: tuple[Requirement, ...] = ()
    record: Mapping[str, Any] | None = None
    """What the build hook recorded; None where it recorded nothing."""
    origin: Mapping[str, Any] = field(default_factory=dict)
    """Its direct_url.json (PEP 610); empty where it came from an index."""

    @property
    def editable(self) -> bool:
        """Whether it is installed as a link to its source."""
        told = self.origin.get("dir_info")
        return isinstance(told, dict) and told.get("editable") is True


@dataclass(frozen=True, slots=True)
class Need:
    """A requirement on the family that an installed package states."""

    package: Package
    requirement: Requirement

    @property
    def name(self) -> str:
        """The normalized name of what is needed."""
        return canonicalize_name(self.requirement.name)


def packages(folders: Iterable[Path]) -> tuple[Package, ...]:
    """Return every package that the folders hold, by name; the first of a name wins."""
    found: dict[str, Package] = {}
    for one in distributions(path=[*map(str, folders)]):
        if package := _package(one):
            found.setdefault(package.name, package)
    return tuple(found[name] for name in sorted(found))


def needs(
    found: Iterable[Package], names: Collection[str], environment: Mapping[str, str]
) -> Iterator[Need]:
    """Yield what packages need of those named, where its marker holds and no extra is asked for."""
    for package in found:
        for one in package.requires:
            if canonicalize_name(one.name) in names and holds(one.marker, environment):
                yield Need(package, one)


def _package(found: Distribution) -> Package | None:
    """Read a package; None for what is half uninstalled or broken."""
    headers = found.metadata
    if "Name" not in headers or "Version" not in headers:
        return None
    return Package(
        name=canonicalize_name(headers["Name"]),
        version=headers["Version"],
        requires=tuple(_requirements(headers.get_all("Requires-Dist") or ())),
        record=_json(found, RECORD) or None,
        origin=_json(found, "direct_url.json"),
    )


def _requirements(lines: Iterable[str]) -> Iterator[Requirement]:
    for line in lines:
        with suppress(InvalidRequirement):
            yield Requirement(line)


def _json(found: Distribution, name: str) -> dict[str, Any]:
    with suppress(ValueError, OSError):
        value = json.loads(found.read_text(name) or "{}")
        return value if isinstance(value, dict) else {}
    return {}
