"""A member of the family pinned to one wheel, and the requirement that says so.

The decision: all of it, as a value.

Everything that a decision is made from; the outside comes as values and as questions.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, NamedTuple

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

from hatch_torch.catalog.releases import (
    FAMILY,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping

    from packaging.version import Version

    from hatch_torch.catalog.backend import Backend
    from hatch_torch.catalog.target import Target
    from hatch_torch.compatibility.support import Verdict
    from hatch_torch.config.config import Config
    from hatch_torch.environment.packages import Installed
    from hatch_torch.hardware.model import Hardware
    from hatch_torch.index.index_config import Origin
    from hatch_torch.resolution.candidates import Offers, Pick

    Profile = tuple[str, Hardware]
    """A machine, and the name of its profile."""


class Answer(NamedTuple):
    """A backend, and the family pinned to its wheels: torch, members, companions."""

    backend: Backend
    pins: tuple[Pin, ...]
    warnings: tuple[str, ...] = ()


class Addition(NamedTuple):
    """A requirement that goes in front of the project's dependencies, or of an extra's."""

    requirement: str
    """With its marker, but without the extra's."""
    extra: str | None = None

    @property
    def name(self) -> str:
        """The normalized name of what is required."""
        return canonicalize_name(Requirement(self.requirement).name)

    @property
    def line(self) -> str:
        """The requirement as the core metadata has it, with the extra in its marker."""
        if self.extra is None:
            return self.requirement
        requirement, separator, marker = self.requirement.partition(" ; ")
        within = f"({marker}) and " if separator else ""
        return f'{requirement} ; {within}extra == "{self.extra}"'


class Pin(NamedTuple):
    """A package at one version, by the URL of its wheel or by the version alone."""

    name: str
    version: Version
    url: str | None = None
    sha256: str | None = None
    by_version: bool = False
    """Named by its version, though the URL may be known: it is installed already."""

    @classmethod
    def of(cls, pick: Pick) -> Pin:
        """Pin a pick to its wheel; by the version alone where no page links to it."""
        return cls(pick.name, pick.version, pick.wheel.url or None, pick.wheel.sha256)

    @classmethod
    def at(cls, name: str, version: Version, link: str | None, *, by_version: bool = False) -> Pin:
        """Pin to what a link names, whose fragment may hold its hash (`#sha256=…`)."""
        url, _, fragment = (link or "").partition("#")
        sha256 = fragment.removeprefix("sha256=") or None
        return cls(name, version, url or None, sha256, by_version)

    @property
    def requirement(self) -> str:
        """The requirement (PEP 508), without a marker."""
        if self.url is None or self.by_version:
            return f"{self.name}=={self.version}"
        fragment = f"#sha256={self.sha256}" if self.sha256 else ""
        return f"{self.name} @ {self.url}{fragment}"


class Node(NamedTuple):
    """A machine of several, and what runs on it."""

    name: str
    """That of its profile."""
    hardware: Hardware
    usable: tuple[Backend, ...]
    """The backends that use its accelerators, the most preferred first; none: the plain one."""
    refusal: str | None = None
    """Why what was decided does not run on it."""

    @property
    def accelerators(self) -> str:
        """Its accelerators in words."""
        names = (f"{one.name}, {one.architecture}" for one in self.hardware.accelerators)
        return "; ".join(dict.fromkeys(names)) or "no accelerator"


class Decision(NamedTuple):
    """Which backend, who decided it, for which hardware, and what is added for it."""

    backend: Backend | None
    """None where nothing is added: the requirements stay portable."""
    decided_by: str
    hardware: Hardware
    verdicts: tuple[Verdict, ...] = ()
    pins: tuple[Pin, ...] = ()
    additions: tuple[Addition, ...] = ()
    warnings: tuple[str, ...] = ()
    origin: tuple[str, str] | None = None
    """The root of the index and who names it; None where nobody does, or nothing is fetched."""
    nodes: tuple[Node, ...] = ()
    """Where it is for several machines: each of them."""

    def noting(self, *warnings: str) -> Decision:
        """Return the decision with more to tell, each thing once."""
        return self._replace(warnings=tuple(dict.fromkeys((*self.warnings, *warnings))))


class Case(NamedTuple):
    """A project, a target, and how to ask about the machine, the index and the environment."""

    config: Config
    target: Target
    offers: Offers
    probe: Callable[[Collection[str] | None], Hardware]
    """What the machine has: of these vendors, or (None) of all."""
    find_installed: Callable[[Collection[str]], tuple[Installed, ...]]
    """Which of these packages the environment has."""
    earlier: Callable[[], tuple[str, ...]] = tuple
    """What the project's last install in the environment requires; nothing where that is void."""
    has_folders: bool = False
    """The installer has folders of wheels, and no index to ask for what is not in them."""
    origin: Callable[[], Origin | None] = lambda: None
    """Who names the index that is asked, and is known there; None for a folder of wheels."""
    sees_environment: bool = True
    """Whether it is known which environment is installed to."""
    environ: Mapping[str, str] = MappingProxyType({})
    asked: tuple[str, str] | None = None
    """An option of a command line and the backend that it names: nobody overrules it."""
    extras: frozenset[str] = frozenset()
    """The extras that are asked for in this very install."""
    constraints: tuple[Requirement, ...] = ()
    upgrade: bool = False
    """Whether what is installed counts for nothing."""
    by_version: bool = True
    """Whether the installer takes `==` for what is installed, and fetches nothing then."""
    profiles: tuple[Profile, ...] = ()
    """The machines that get one decision, if they are others; `probe` returns them as one."""
    routed: frozenset[str] = frozenset()
    """Names that the installer gets from a source of its own (`[tool.uv.sources]`)."""

    @property
    def family(self) -> frozenset[str]:
        """The names that move together in this project."""
        return frozenset((*FAMILY, *self.config.family))
