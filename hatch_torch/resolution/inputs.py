"""Where wheels come from: an index, the checkout's lock, or folders of wheels.

A case from its parts: the index to ask, the machine to look at, the environment to read.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from hatch_torch.catalog import target as targets
from hatch_torch.config.env import Settings
from hatch_torch.config.requirements import parsed_constraints
from hatch_torch.errors import ConfigurationError
from hatch_torch.frontend.request import Request
from hatch_torch.hardware.model import MOST_TEXT, Hardware
from hatch_torch.index.source import Sources
from hatch_torch.resolution.candidates import Offers
from hatch_torch.resolution.model import Case

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping

    from hatch_torch.catalog.backend import Backend
    from hatch_torch.catalog.target import Target
    from hatch_torch.config.config import Config
    from hatch_torch.environment.packages import Installed
    from hatch_torch.index.source import Opener

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
    lock: Opener | None = None,
) -> Case:
    """Put a case together for this machine and this interpreter, unless others are given.

    `lock`: the checkout's, which decides in place of an index. Raises ConfigurationError where a
    variable of the environment is wrong.
    """
    asked = request or Request()
    settings = Settings.of(environ)
    settings = settings._replace(offline=settings.offline or asked.offline)
    target = target or targets.here()
    upgrade = asked.upgrade or settings.upgrade
    sources = Sources(config, settings, environ, target, asked)
    return Case(
        config=config,
        target=target,
        offers=offers_of(sources, lock),
        has_folders=asked.offline and bool(asked.find_links),
        origin=lambda: sources.origin,
        probe=probe or _probe(settings, environ),
        find_installed=_finder(asked, lock),
        earlier=tuple if lock or upgrade or settings.offline else _earlier(config, asked),
        sees_environment=asked.environment is not None or asked.purpose == "portable",
        environ=environ,
        extras=asked.extras,
        constraints=parsed_constraints(asked.constraints),
        upgrade=upgrade,
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

    def probe(vendors: Collection[str] | None) -> Hardware:
        from hatch_torch.hardware.detect import detect  # noqa: PLC0415 (only where it is left open)
        from hatch_torch.hardware.machine import Machine  # noqa: PLC0415 (likewise)

        return detect(Machine(environ), vendors)

    return probe


def _finder(
    request: Request, lock: Opener | None
) -> Callable[[Collection[str]], tuple[Installed, ...]]:
    """Return what finds packages; of PyTorch's own builds only what is locked may stay."""

    def found(names: Collection[str]) -> tuple[Installed, ...]:
        from hatch_torch.environment.packages import installed  # noqa: PLC0415 (not with `-U`)

        every = installed(request.environment or (), names)
        if lock is None:
            return every
        return tuple(
            one for one in every if one.builder != "pytorch" or lock.holds(one.name, one.version)
        )

    return found


def _earlier(config: Config, request: Request) -> Callable[[], tuple[str, ...]]:
    """Return what reads the METADATA of the project where it is installed.

    A lock knows better, an upgrade wants what came out since, and offline no URL will do.
    """

    @cache  # every extra asks
    def found() -> tuple[str, ...]:
        from hatch_torch.environment.packages import installed  # noqa: PLC0415 (as above)

        own = installed(request.environment or (), {config.name})
        return tuple(line for one in own for line in one.requires)

    return found


def offers_of(sources: Sources, lock: Opener | None = None) -> Offers:
    """Return what a lock offers, else the folders of wheels, else the index.

    The index is only opened where something is asked of it.
    """
    config = sources.config
    ready = lock.open(sources) if lock else sources.wheelhouse()
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
