"""Which packages come from which index of PyTorch's, for tools that take such routes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from packaging.utils import canonicalize_name

from hatch_torch.companions import FAMILY, index_only
from hatch_torch.project.portable import declared_extras
from hatch_torch.releases import known_backends
from hatch_torch.target import PLATFORMS

if TYPE_CHECKING:
    from collections.abc import Iterable

    from packaging.requirements import Requirement

    from hatch_torch.backend import Backend
    from hatch_torch.export.subject import Subject
    from hatch_torch.project.config import Config

# The first word of a platform, and what the marker sys_platform says there (PEP 508).
_SYSTEMS = {"linux": "linux", "win": "win32", "macos": "darwin"}


@dataclass(frozen=True, slots=True)
class Route:
    """A backend's index, and the extra that leads to it."""

    backend: Backend
    url: str
    names: tuple[str, ...]
    """What is to be had there, of all that is required by name."""
    extra: str | None = None
    """None: everybody is led to it."""

    @property
    def index(self) -> str:
        """The name of the index, without dots: `pytorch-rocm70`."""
        return f"pytorch-{self.backend.folder.replace('.', '')}"

    @property
    def marker(self) -> str | None:
        """Where the backend exists; None: everywhere.

        Elsewhere the default index has the plain wheel.
        """
        has = [
            system
            for word, system in _SYSTEMS.items()
            if any(self.backend in known_backends(one) for one in PLATFORMS if one.startswith(word))
        ]
        if len(has) == len(_SYSTEMS):
            return None
        return " or ".join(f"sys_platform == '{one}'" for one in has) or "sys_platform != 'darwin'"


def routes(subject: Subject) -> tuple[Route, ...]:
    """Return a route for each backend of the project, or that of the decided one."""
    declared = declared_extras(subject.config)
    found = [
        Route(one.backend, _url(subject, one.backend), _routable(declared[one.name]), one.name)
        for one in subject.config.extras
    ]
    decided = None if found else decided_route(subject)
    return (*found, decided) if decided else tuple(found)


def decided_route(subject: Subject) -> Route | None:
    """Return the route for everybody to the decided backend, if one was decided."""
    backend = subject.decision.backend
    pins = (*subject.members, *subject.companions)
    names = tuple(pin.name for pin in pins)
    return Route(backend, _url(subject, backend), names) if backend else None


def required_by_name(config: Config) -> frozenset[str]:
    """Return the names that stand in the project's dependencies and ordinary extras."""
    lists = (config.dependencies, *config.optional_dependencies.values())
    return frozenset(canonicalize_name(one.name) for lines in lists for one in lines)


def _routable(requirements: Iterable[Requirement]) -> tuple[str, ...]:
    """Return the packages that a backend's index is for."""
    names = dict.fromkeys(canonicalize_name(one.name) for one in requirements)
    return tuple(one for one in names if one in FAMILY or index_only(one, PLATFORMS[0]))


def _url(subject: Subject, backend: Backend) -> str:
    return subject.index_url(backend).rstrip("/")
