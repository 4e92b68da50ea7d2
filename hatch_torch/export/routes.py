"""Which packages come from which index of PyTorch's, for tools that take such routes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from packaging.utils import canonicalize_name

from hatch_torch.companions import FAMILY
from hatch_torch.offers import TORCH
from hatch_torch.releases import known_backends
from hatch_torch.target import PLATFORMS

if TYPE_CHECKING:
    from collections.abc import Iterator

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
    extras = subject.config.extras
    found = [Route(one.backend, _url(subject, one.backend), one.name) for one in extras]
    decided = None if found else decided_route(subject)
    return (*found, decided) if decided else tuple(found)


def decided_route(subject: Subject) -> Route | None:
    """Return the route for everybody to the decided backend, if one was decided."""
    backend = subject.decision.backend
    return Route(backend, _url(subject, backend)) if backend else None


def routed_members(config: Config) -> tuple[str, ...]:
    """Return the members of the family that the project names anywhere, and torch, first."""
    named = {canonicalize_name(one.name) for lines in _lists(config) for one in lines}
    family = dict.fromkeys((*FAMILY, *config.family))
    return tuple(one for one in family if one in {TORCH, *config.family, *named})


def _lists(config: Config) -> Iterator[tuple[Requirement, ...]]:
    yield config.dependencies
    yield from config.optional_dependencies.values()
    yield from (extra.dependencies for extra in config.extras)


def _url(subject: Subject, backend: Backend) -> str:
    return subject.index_url(backend).rstrip("/")
