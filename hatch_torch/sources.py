"""Where wheels come from: an index, the checkout's lock, or folders of wheels."""

from __future__ import annotations

from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from packaging.specifiers import SpecifierSet
from packaging.version import Version

from hatch_torch.companions import torch_pin
from hatch_torch.deciding.offers import TORCH, Offers
from hatch_torch.frontend.request import Request
from hatch_torch.releases import pypi_backend, torch_releases
from hatch_torch.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Mapping

    from hatch_torch.backend import Backend
    from hatch_torch.index.offer import Index
    from hatch_torch.index.wheel import Wheel
    from hatch_torch.index.wheelhouse import Wheelhouse
    from hatch_torch.lock.contents import Lock
    from hatch_torch.lock.locked_index import LockedIndex
    from hatch_torch.origin import Origin
    from hatch_torch.project.config import Config
    from hatch_torch.target import Target


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
        from hatch_torch.origin import find_origin  # noqa: PLC0415 (what is installed may do)

        return find_origin(self.config, self.settings.index_url, self.request, self.environ)

    def opened(self) -> Index:
        """Return the index, of which nothing is asked yet."""
        from hatch_torch.index.cache import cache_of  # noqa: PLC0415 (likewise)
        from hatch_torch.index.fetch import Fetcher  # noqa: PLC0415 (likewise)
        from hatch_torch.index.offer import Index  # noqa: PLC0415 (what is installed may do)

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

    def locked(self, lock: Lock) -> LockedIndex:
        """Return what is locked, with the root of a mirror where one is named."""
        from hatch_torch.lock.locked_index import LockedIndex  # noqa: PLC0415 (few have a lock)

        config, house = self.config, self.wheelhouse()
        folders = {one.backend: one.index_url for one in config.extras if one.index_url}
        at_hand = {wheel.filename for wheel in house.every()} if house else ()
        return LockedIndex(
            lock, self.origin.root, folders=folders, hosts=config.hosts, at_hand=at_hand
        )

    def wheelhouse(self) -> Wheelhouse | None:
        """Return the folders that an offline installer looks into, where they hold torch."""
        if not (self.settings.offline and self.request.find_links):
            return None
        from hatch_torch.index.wheelhouse import Wheelhouse  # noqa: PLC0415 (nearly all have a network)

        folders = map(Path, self.request.find_links)
        house = Wheelhouse(folders, lambda wheel: _plain(wheel, self.target.platform))
        return house if house.holds(TORCH) else None


def offers_of(sources: Sources, lock: Lock | None = None) -> Offers:
    """Return what a lock offers, else the folders of wheels, else the index.

    The index is only opened where something is asked of it.
    """
    config = sources.config
    ready = sources.locked(lock) if lock else sources.wheelhouse()
    usual = {None, config.channel}
    own = {one.backend for one in config.extras if one.index_url or one.channel not in usual}

    def prereleases(backend: Backend) -> bool:
        extra = config.extra_of(backend)
        return ((extra.channel if extra else None) or config.channel) != "stable"

    return Offers(
        ready or sources.opened,
        sources.target,
        in_tables=lambda one: config.channel == "stable" and not (ready or one in own),
        prereleases=prereleases,
        require_hashes=config.require_hashes,
    )


def index_of(config: Config, environ: Mapping[str, str], target: Target) -> Index:
    """Return the index, also where a lock decides: for addresses, and for the wheels themselves."""
    return Sources(config, Settings.of(environ), environ, target).opened()


def _plain(wheel: Wheel, platform: str) -> Backend | None:
    """Return the backend that PyPI's wheel is of: torch's, or that of the torch it goes with."""
    release = Version(wheel.version.public)
    pin = SpecifierSet(f"=={release}") if wheel.name == TORCH else torch_pin(wheel.name, release)
    torches = [one for one in torch_releases() if pin is not None and one in pin]
    return pypi_backend(torches[-1], platform) if torches else None
