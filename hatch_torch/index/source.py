"""What every source of wheels answers, and how the sources of a project are opened."""

from __future__ import annotations

from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from packaging.specifiers import SpecifierSet
from packaging.version import Version

from hatch_torch.catalog.releases import TORCH, pypi_backend, torch_pin, torch_releases
from hatch_torch.config.env import Settings
from hatch_torch.frontend.request import Request

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from packaging.requirements import Requirement

    from hatch_torch.catalog.backend import Backend
    from hatch_torch.catalog.target import Target
    from hatch_torch.config.config import Config
    from hatch_torch.index.find_links import Wheelhouse
    from hatch_torch.index.index_config import Origin
    from hatch_torch.index.pytorch_index import Index
    from hatch_torch.index.simple_api import Wheel

    PageKey = tuple[Backend, str]
    """A backend and the name of a package: one page."""


class WheelSource(Protocol):
    """An index, folders of wheels, or a lock."""

    @property
    def notes(self) -> list[str]:
        """What was refused, stale or unreadable, for the record; without secrets."""

    @property
    def hint(self) -> str:
        """What to add to an error where no wheel fits; empty for an index."""

    @property
    def is_folder(self) -> bool:
        """Whether wheels are found by the installer itself, so that they have no URL."""

    def has_own_folder(self, backend: Backend, /) -> bool:
        """Return whether a backend's wheels lie elsewhere than below the index's root."""

    def wheels(self, backend: Backend, name: str) -> Sequence[Wheel]:
        """Return a package's wheels of a backend."""

    def pages(self, keys: Iterable[PageKey]) -> Mapping[PageKey, Sequence[Wheel]]:
        """Return the wheels of several pages, which are requested together."""

    def backends(self) -> tuple[Backend, ...] | None:
        """Return the backends that the source lists; None where it lists none."""

    def requires(self, wheel: Wheel) -> tuple[Requirement, ...] | None:
        """Return a wheel's requirements; None where its METADATA cannot be read."""


class Opener(Protocol):
    """Something that stands for an index: a lock."""

    def holds(self, name: str, version: Version) -> bool:
        """Return whether a wheel of this very version may stay installed."""

    def open(self, sources: Sources) -> WheelSource:
        """Return the source that it stands for."""


class Sources:
    """What says where a project's wheels come from, for a target."""

    def __init__(
        self,
        config: Config,
        settings: Settings,
        environ: Mapping[str, str],
        target: Target,
        request: Request | None = None,
    ) -> None:
        """Take the project, the environment, and the interpreter that the wheels are for.

        The installer's request may name folders of wheels, and indexes.
        """
        self.config = config
        self.settings = settings
        self.environ = environ
        self.target = target
        self.request = request or Request()

    @cached_property
    def origin(self) -> Origin:
        """The index, who names it, and who is known there.

        Raises ConfigurationError for a URL that holds a secret.
        """
        from hatch_torch.index.index_config import find_origin  # noqa: PLC0415 (what is installed may do)

        return find_origin(self.config, self.settings.index_url, self.request, self.environ)

    def opened(self) -> Index:
        """Return the index, of which nothing is asked yet."""
        from hatch_torch.index.client import Fetcher  # noqa: PLC0415 (likewise)
        from hatch_torch.index.http_cache import cache_of  # noqa: PLC0415 (likewise)
        from hatch_torch.index.pytorch_index import Index  # noqa: PLC0415 (what is installed may do)

        config, origin = self.config, self.origin
        fetcher = Fetcher(
            cache_of(self.environ),
            origin.environ,
            seconds=self.settings.timeout,
            offline=self.settings.offline,
            credentials=origin.credentials,
        )
        folders, hosts = origin.folders, config.hosts
        return Index(origin.root, fetcher, channel=config.channel, folders=folders, hosts=hosts)

    def wheelhouse(self) -> Wheelhouse | None:
        """Return the folders that an offline installer looks into, where they hold torch."""
        if not (self.settings.offline and self.request.find_links):
            return None
        from hatch_torch.index.find_links import Wheelhouse  # noqa: PLC0415 (nearly all have a network)

        folders = map(Path, self.request.find_links)
        house = Wheelhouse(folders, lambda wheel: _plain(wheel, self.target.platform))
        return house if house.holds(TORCH) else None


def index_of(config: Config, environ: Mapping[str, str], target: Target) -> Index:
    """Return the index, also where a lock decides: for addresses, and for the wheels themselves."""
    return Sources(config, Settings.of(environ), environ, target).opened()


def _plain(wheel: Wheel, platform: str) -> Backend | None:
    """Return the backend that PyPI's wheel is of: torch's, or that of the torch it goes with."""
    release = Version(wheel.version.public)
    pin = SpecifierSet(f"=={release}") if wheel.name == TORCH else torch_pin(wheel.name, release)
    torches = [one for one in torch_releases() if pin is not None and one in pin]
    return pypi_backend(torches[-1], platform) if torches else None
