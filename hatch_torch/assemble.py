"""A case from its parts: the index to ask, the machine to look at, the environment to read."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from hatch_torch import target as targets
from hatch_torch.case import Case
from hatch_torch.errors import ConfigurationError
from hatch_torch.frontend.request import Request
from hatch_torch.hardware.detect import detect
from hatch_torch.hardware.facts import Hardware
from hatch_torch.hardware.machine import Machine
from hatch_torch.index import Index
from hatch_torch.index.cache import Cache, cache_folder
from hatch_torch.index.fetch import Fetcher
from hatch_torch.installed import installed
from hatch_torch.offers import Offers
from hatch_torch.project.wants import parsed_constraints
from hatch_torch.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping

    from hatch_torch.backend import Backend
    from hatch_torch.installed import Installed
    from hatch_torch.project.config import Config
    from hatch_torch.target import Target

    Probe = Callable[[Collection[str] | None], Hardware]

_VARIABLE = "TORCH_VARIANT_HARDWARE"


def assemble(
    config: Config,
    environ: Mapping[str, str],
    *,
    request: Request | None = None,
    target: Target | None = None,
    probe: Probe | None = None,
) -> Case:
    """Put a case together for this machine and this interpreter, unless others are given.

    Raises ConfigurationError where a variable of the environment is wrong.
    """
    settings = Settings.of(environ)
    asked = request or Request()
    target = target or targets.here()
    return Case(
        config=config,
        target=target,
        offers=_offers(config, settings, environ, target, offline=asked.offline),
        probe=probe or _probe(settings, environ),
        find_installed=_finder(asked),
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


def read_profile(text: str, place: str) -> Hardware:
    """Read a hardware profile: JSON, or the path of a file that holds it.

    Raises ConfigurationError, which names the place.
    """
    try:
        content = text if text.lstrip().startswith("{") else Path(text).read_text(encoding="utf-8")
        return Hardware.from_json(content)
    except (OSError, ValueError) as error:
        raise ConfigurationError([f"{place}: {error}"]) from None


def _probe(settings: Settings, environ: Mapping[str, str]) -> Probe:
    if settings.hardware:
        profile = read_profile(settings.hardware, _VARIABLE)
        return lambda _vendors: profile
    return lambda vendors: detect(Machine(environ), vendors)


def _finder(request: Request) -> Callable[[Collection[str]], tuple[Installed, ...]]:
    return lambda names: installed(request.environment or (), names)


def _offers(
    config: Config, settings: Settings, environ: Mapping[str, str], target: Target, *, offline: bool
) -> Offers:
    root = settings.index_url or config.index_url
    fetcher = Fetcher(
        Cache(cache_folder(environ)),
        environ,
        seconds=settings.timeout,
        offline=offline or settings.offline,
    )
    folders = _folders(config, root)
    index = Index(root, fetcher, channel=config.channel, folders=folders, hosts=config.hosts)

    def channel_of(backend: Backend) -> str:
        extra = config.extra_of(backend)
        return (extra.channel if extra else None) or config.channel

    return Offers(
        index,
        target,
        in_tables=lambda one: config.channel == "stable" and not index.has_own_folder(one),
        prereleases=lambda one: channel_of(one) != "stable",
        require_hashes=config.require_hashes,
    )


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
