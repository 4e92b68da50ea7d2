"""Everything that a decision is made from; the outside comes as values and as questions."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, NamedTuple

from hatch_torch.companions import FAMILY

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping

    from packaging.requirements import Requirement

    from hatch_torch.deciding.offers import Offers
    from hatch_torch.environment.installed import Installed
    from hatch_torch.hardware.facts import Hardware
    from hatch_torch.origin import Origin
    from hatch_torch.project.config import Config
    from hatch_torch.target import Target

    Profile = tuple[str, Hardware]
    """A machine, and the name of its profile."""


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
