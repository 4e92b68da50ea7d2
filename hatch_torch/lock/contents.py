"""What a lock holds: for each backend the wheels of one release of torch, and for what."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import unquote

from packaging.utils import canonicalize_name

from hatch_torch.backend import FAMILIES
from hatch_torch.companions import FAMILY
from hatch_torch.project.portable import declared_extras

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from packaging.requirements import Requirement
    from packaging.version import Version

    from hatch_torch.backend import Backend
    from hatch_torch.project.config import Config


class LockedWheel(NamedTuple):
    """A wheel: where it lies below the root of the index, and its hash."""

    name: str
    """Normalized (PEP 503)."""
    version: str
    path: str
    """Percent-encoded, relative to the root; with a leading slash relative to `host`."""
    sha256: str | None = None
    """None where the index gives none."""
    host: str | None = None
    """A public host that serves the file though it is not the root's."""
    requires: tuple[str, ...] = ()
    """What of its requirements only the backend's index serves."""

    @property
    def filename(self) -> str:
        """The wheel's file name."""
        return unquote(self.path.rpartition("/")[2])


class Part(NamedTuple):
    """What a lock holds of one backend."""

    torch: Version
    """The one release of torch, without a local version."""
    wheels: tuple[LockedWheel, ...]


class MadeFor(NamedTuple):
    """What of a project a lock was made for; where it changes, the lock is stale."""

    requirements: tuple[str, ...] = ()
    """On the family, sorted; those of an extra name it in their marker."""
    backends: tuple[str, ...] = ()
    """The backends that the project supports, sorted; none: all."""
    family: tuple[str, ...] = ()
    channel: str = "stable"

    @classmethod
    def of(cls, config: Config) -> MadeFor:
        """Return what a lock for this project is made for."""
        return cls(
            requirements=tuple(sorted(dict.fromkeys(_requirements(config)))),
            backends=tuple(sorted(one.backend.name for one in config.extras)),
            family=tuple(sorted(config.family)),
            channel=config.channel,
        )


class Narrowed(NamedTuple):
    """The options that a lock was narrowed by; without any it holds all that the project admits."""

    backends: tuple[str, ...] = ()
    pythons: tuple[str, ...] = ()
    platforms: tuple[str, ...] = ()


class Lock(NamedTuple):
    """A whole lock."""

    made_for: MadeFor = MadeFor()
    narrowed: Narrowed = Narrowed()
    parts: Mapping[Backend, Part] = MappingProxyType({})

    def holds(self, name: str, version: Version) -> bool:
        """Answer whether a wheel of this very version is locked, of whatever backend."""
        every = (wheel for part in self.parts.values() for wheel in part.wheels)
        return any((wheel.name, wheel.version) == (name, str(version)) for wheel in every)


def rank_of(backend: Backend) -> tuple[int, tuple[int, ...]]:
    """Return the place of a backend in a lock: by family, the oldest first."""
    return FAMILIES.index(backend.family), backend.release


def place_of(wheel: LockedWheel) -> tuple[str, ...]:
    """Return the place of a wheel among those of its backend."""
    return wheel.name, wheel.filename, wheel.path


def _requirements(config: Config) -> Iterator[str]:
    """Yield the project's lines on the family, each as it is declared."""
    yield from map(str, _of_family(config, config.dependencies))
    for extra, lines in declared_extras(config).items():
        for one in _of_family(config, lines):
            yield f'{one}{" and" if one.marker else " ;"} extra == "{extra}"'


def _of_family(config: Config, lines: Iterable[Requirement]) -> Iterator[Requirement]:
    names = {*FAMILY, *config.family}
    return (one for one in lines if canonicalize_name(one.name) in names)
