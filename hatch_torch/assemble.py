"""A case from its parts: the index to ask, the machine to look at, the environment to read."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from packaging.specifiers import SpecifierSet
from packaging.version import Version

from hatch_torch import target as targets
from hatch_torch.companions import torch_pin
from hatch_torch.deciding.case import Case
from hatch_torch.deciding.offers import TORCH, Offers
from hatch_torch.environment.installed import installed
from hatch_torch.errors import ConfigurationError
from hatch_torch.frontend.request import Request
from hatch_torch.hardware.detect import detect
from hatch_torch.hardware.facts import Hardware
from hatch_torch.hardware.fields import MOST_TEXT
from hatch_torch.hardware.machine import Machine
from hatch_torch.index import Index, Wheelhouse
from hatch_torch.index.cache import cache_of
from hatch_torch.index.fetch import Fetcher
from hatch_torch.lock.locked_index import LockedIndex
from hatch_torch.project.wants import parsed_constraints
from hatch_torch.releases import pypi_backend, torch_releases
from hatch_torch.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping

    from hatch_torch.backend import Backend
    from hatch_torch.environment.installed import Installed
    from hatch_torch.index.wheel import Wheel
    from hatch_torch.lock.contents import Lock
    from hatch_torch.project.config import Config
    from hatch_torch.target import Target

    Probe = Callable[[Collection[str] | None], Hardware]

_VARIABLE = "TORCH_VARIANT_HARDWARE"
_SHOWN = 200  # characters of a path that is none


def assemble(  # noqa: PLR0913 (what is not given is the real thing)
    config: Config,
    environ: Mapping[str, str],
    *,
    request: Request | None = None,
    target: Target | None = None,
    probe: Probe | None = None,
    lock: Lock | None = None,
) -> Case:
    """Put a case together for this machine and this interpreter, unless others are given.

    `lock`: the checkout's, which decides in place of an index. Raises ConfigurationError where a
    variable of the environment is wrong.
    """
    asked = request or Request()
    settings = Settings.of(environ)
    settings = settings._replace(offline=settings.offline or asked.offline)
    target = target or targets.here()
    house = _wheelhouse(asked, target) if settings.offline else None
    if lock:
        index: Index | Wheelhouse | LockedIndex = _locked(lock, config, settings, house)
    else:
        index = house or _index(config, settings, environ)
    return Case(
        config=config,
        target=target,
        offers=_offers(config, index, target),
        probe=probe or _probe(settings, environ),
        find_installed=_finder(asked, lock),
        sees_environment=asked.environment is not None or asked.purpose == "portable",
        environ=environ,
        extras=asked.extras,
        constraints=parsed_constraints(asked.constraints),
        upgrade=asked.upgrade or settings.upgrade,
        by_version=asked.pinnable,
        routed=_routed(config, asked, target),
    )


def _routed(config: Config, request: Request, target: Target) -> frozenset[str]:
    if request.frontend != "uv":
        return frozenset()
    return config.wiring.routed(request.extras, target.environment)


def addresses(config: Config, environ: Mapping[str, str]) -> Callable[[Backend], str]:
    """Return what tells the folder of a backend on the index, also where a lock decides."""
    return _index(config, Settings.of(environ), environ).folder


def read_profile(text: str, place: str) -> Hardware:
    """Read a hardware profile: JSON, or the path of a file that holds it.

    Raises ConfigurationError, which names the place.
    """
    try:
        if text.lstrip().startswith("{"):
            return Hardware.from_json(text)
        with Path(text).open(encoding="utf-8") as file:
            return Hardware.from_json(file.read(MOST_TEXT + 1))
    except OSError as error:
        raise ConfigurationError([f"{place}: {text[:_SHOWN]}: {error.strerror}"]) from None
    except ValueError as error:
        raise ConfigurationError([f"{place}: {error}"]) from None


def _probe(settings: Settings, environ: Mapping[str, str]) -> Probe:
    if settings.hardware:
        profile = read_profile(settings.hardware, _VARIABLE)
        return lambda _vendors: profile
    return lambda vendors: detect(Machine(environ), vendors)


def _finder(
    request: Request, lock: Lock | None
) -> Callable[[Collection[str]], tuple[Installed, ...]]:
    """Return what finds packages; of PyTorch's own builds only what is locked may stay."""

    def found(names: Collection[str]) -> tuple[Installed, ...]:
        every = installed(request.environment or (), names)
        if lock is None:
            return every
        return tuple(
            one for one in every if one.builder != "pytorch" or lock.holds(one.name, one.version)
        )

    return found


def _offers(config: Config, index: Index | Wheelhouse | LockedIndex, target: Target) -> Offers:
    def channel_of(backend: Backend) -> str:
        extra = config.extra_of(backend)
        return (extra.channel if extra else None) or config.channel

    def in_tables(backend: Backend) -> bool:
        own = not isinstance(index, Index) or index.has_own_folder(backend)
        return config.channel == "stable" and not own

    return Offers(
        index,
        target,
        in_tables=in_tables,
        prereleases=lambda one: channel_of(one) != "stable",
        require_hashes=config.require_hashes,
    )


def _locked(
    lock: Lock, config: Config, settings: Settings, house: Wheelhouse | None
) -> LockedIndex:
    """Return what is locked, with the root of a mirror where one is named."""
    root = settings.index_url or config.index_url
    folders = {one.backend: one.index_url for one in config.extras if one.index_url}
    at_hand = {wheel.filename for wheel in house.every()} if house else ()
    return LockedIndex(lock, root, folders=folders, hosts=config.hosts, at_hand=at_hand)


def _wheelhouse(request: Request, target: Target) -> Wheelhouse | None:
    """Return the folders that the installer looks into, if there is any torch in them."""
    folders = map(Path, request.find_links)
    house = Wheelhouse(folders, lambda wheel: _plain(wheel, target.platform))
    return house if house.holds(TORCH) else None


def _plain(wheel: Wheel, platform: str) -> Backend | None:
    """Return the backend that PyPI's wheel is of: torch's, or that of the torch it goes with."""
    release = Version(wheel.version.public)
    pin = SpecifierSet(f"=={release}") if wheel.name == TORCH else torch_pin(wheel.name, release)
    torches = [one for one in torch_releases() if pin is not None and one in pin]
    return pypi_backend(torches[-1], platform) if torches else None


def _index(config: Config, settings: Settings, environ: Mapping[str, str]) -> Index:
    root = settings.index_url or config.index_url
    fetcher = Fetcher(
        cache_of(environ), environ, seconds=settings.timeout, offline=settings.offline
    )
    folders = _folders(config, root)
    return Index(root, fetcher, channel=config.channel, folders=folders, hosts=config.hosts)


def _folders(config: Config, root: str) -> dict[Backend, str]:
    """Return the folders of the backends whose extra has an index or a channel of its own."""
    folders = {}
    for extra in config.extras:
        if extra.index_url:
            folders[extra.backend] = extra.index_url
        elif extra.channel and extra.channel != config.channel:
            channel = "" if extra.channel == "stable" else f"/{extra.channel}"
            folders[extra.backend] = f"{root.rstrip('/')}{channel}/{extra.backend.folder}"
    return folders
