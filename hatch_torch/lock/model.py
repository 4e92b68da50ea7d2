"""The contents of a lock: for each backend the wheels of one torch, and what they were made for."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, NamedTuple

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from hatch_torch._redact import strip_url_secrets
from hatch_torch.catalog.backend import FAMILIES
from hatch_torch.catalog.releases import FAMILY
from hatch_torch.config.config import declared_extras
from hatch_torch.lock.source import LockedSource, LockedWheel

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping

    from packaging.version import Version

    from hatch_torch.catalog.backend import Backend
    from hatch_torch.config.config import Config
    from hatch_torch.index.source import SourceOptions


class LockedBackend(NamedTuple):
    """What a lock holds for one backend."""

    torch: Version
    """The one release of torch, without a local version."""
    wheels: tuple[LockedWheel, ...]


class LockInputs(NamedTuple):
    """What a lock was made for; a lock is out of date once the project differs."""

    requirements: tuple[str, ...] = ()
    """The requirements, sorted; those of an extra name it in their marker.

    They are the project's, or those on the torch family where the scope is the project alone.
    """
    backends: tuple[str, ...] = ()
    """The backends that the project supports, sorted; empty for all."""
    family: tuple[str, ...] = ()
    channel: str = "stable"

    @classmethod
    def from_config(cls, config: Config) -> LockInputs:
        """Return what a lock for this project is made for."""
        return cls(
            requirements=tuple(
                # A lock is committed; a URL's credentials are not its business.
                sorted(dict.fromkeys(map(strip_url_secrets, _declared_requirements(config))))
            ),
            backends=tuple(sorted(extra.backend.name for extra in config.extras)),
            family=tuple(sorted(config.family)),
            channel=config.channel,
        )


class LockScope(NamedTuple):
    """The options that narrow a lock; without any it holds everything that the project supports."""

    backends: tuple[str, ...] = ()
    pythons: tuple[str, ...] = ()
    platforms: tuple[str, ...] = ()


class Lock(NamedTuple):
    """The contents of `torch-variant.lock`."""

    inputs: LockInputs = LockInputs()
    scope: LockScope = LockScope()
    backends: Mapping[Backend, LockedBackend] = MappingProxyType({})
    members: tuple[str, ...] = ()
    """The packages of the family that only other packages require; an extra is in the marker."""

    @property
    def wheels(self) -> dict[Backend, tuple[LockedWheel, ...]]:
        """The wheels of each backend."""
        return {backend: locked.wheels for backend, locked in self.backends.items()}

    def has_wheel(self, name: str, version: Version) -> bool:
        """Return whether a wheel of exactly this version is locked, for any backend."""
        pinned = {
            (wheel.name, wheel.version) for wheels in self.wheels.values() for wheel in wheels
        }
        return (name, str(version)) in pinned

    def find_members(self, extras: Collection[str]) -> tuple[str, ...]:
        """Return the packages of the family that only other packages of an install require."""
        environments = [{"extra": extra} for extra in ("", *extras)]
        required = map(Requirement, self.members)
        return tuple(
            one.name
            for one in required
            if one.marker is None or any(map(one.marker.evaluate, environments))
        )

    def open(self, sources: SourceOptions) -> LockedSource:
        """Return the wheel source of this lock, below the root of the index or its mirror."""
        config, find_links = sources.config, sources.open_find_links()
        return LockedSource(
            self.wheels,
            sources.index_config.root,
            folders={one.backend: one.index_url for one in config.extras if one.index_url},
            hosts=config.hosts,
            local_files={one.filename for one in find_links.all_wheels()} if find_links else (),
        )


def backend_sort_key(backend: Backend) -> tuple[int, tuple[int, ...]]:
    """Return the place of a backend in a lock: by accelerator family, the oldest first."""
    return FAMILIES.index(backend.family), backend.release


def wheel_sort_key(wheel: LockedWheel) -> tuple[str, ...]:
    """Return the place of a wheel among those of its backend."""
    return wheel.name, wheel.filename, wheel.path


def _declared_requirements(config: Config) -> Iterator[str]:
    """Yield the project's requirements that a lock depends on, each as it is declared."""
    yield from map(str, _select_relevant(config, config.dependencies))
    for extra, requirements in declared_extras(config).items():
        for requirement in _select_relevant(config, requirements):
            separator = " and" if requirement.marker else " ;"
            yield f'{requirement}{separator} extra == "{extra}"'


def _select_relevant(config: Config, requirements: Iterable[Requirement]) -> Iterable[Requirement]:
    if config.scope == "tree":  # every package may bound torch
        return requirements
    names = {*FAMILY, *config.family}
    return (one for one in requirements if canonicalize_name(one.name) in names)
