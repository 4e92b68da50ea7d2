"""Collects what a decision is made from: the wheel source, the machine, the environment.

Nothing is opened or probed here: the inputs hold functions, and the decision calls those it needs.
Lazy imports are for what many decisions never call.
"""

from __future__ import annotations

from functools import cache, partial
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING

from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name

from hatch_torch._files import read_bounded
from hatch_torch.catalog import target as targets
from hatch_torch.catalog.releases import FAMILY
from hatch_torch.config.env import Settings
from hatch_torch.config.requirements import parse_constraints
from hatch_torch.errors import ConfigurationError
from hatch_torch.frontend.request import BuildRequest
from hatch_torch.hardware.model import MAX_PROFILE_CHARACTERS, Hardware
from hatch_torch.index.source import SourceOptions
from hatch_torch.resolution.candidates import CandidateFinder
from hatch_torch.resolution.model import ResolutionInputs

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Mapping

    from hatch_torch.catalog.backend import Backend
    from hatch_torch.catalog.target import Target
    from hatch_torch.config.config import Config
    from hatch_torch.environment.packages import FamilyPackage
    from hatch_torch.index.source import PinnedWheels
    from hatch_torch.resolution.install_tree import InstallTree

    Probe = Callable[[Collection[str] | None], Hardware]
    FindInstalled = Callable[[Collection[str]], tuple[FamilyPackage, ...]]

_VARIABLE = "TORCH_VARIANT_HARDWARE"
_SHOWN_CHARACTERS = 200


def collect_inputs(  # noqa: PLR0913 (a parameter that is not given is the real thing)
    config: Config,
    environ: Mapping[str, str],
    *,
    request: BuildRequest | None = None,
    target: Target | None = None,
    probe: Probe | None = None,
    lock: PinnedWheels | None = None,
) -> ResolutionInputs:
    """Return the inputs for this machine and this interpreter, unless others are given.

    `lock`: the checkout's, which takes the place of an index. Raises ConfigurationError where an
    environment variable is wrong.
    """
    request = request or BuildRequest()
    settings = Settings.of(environ)
    settings = settings._replace(offline=settings.offline or request.offline)
    target = target or targets.running_interpreter()
    upgrade = request.upgrade or settings.upgrade
    options = SourceOptions(config, settings, environ, target, request)
    # With a lock, for an upgrade, and offline, the previous pins are not what is wanted now.
    ignores_previous = lock or upgrade or settings.offline
    from_uv = request.installer == "uv"
    finder = make_finder(options, lock)
    return ResolutionInputs(
        config=_add_members(config, finder, lock.find_members(request.extras)) if lock else config,
        target=target,
        finder=finder,
        has_folders=request.offline and bool(request.find_links),
        find_index_config=lambda: options.index_config,
        probe=probe or _make_probe(settings, environ),
        find_installed=_make_find_installed(request, lock),
        find_tree=(lambda: None) if lock else _make_find_tree(options),
        open_tree=partial(_open_tree, options),
        read_previous_requirements=tuple if ignores_previous else _make_reader(config, request),
        sees_environment=request.site_packages is not None or request.purpose == "portable",
        environ=environ,
        extras=request.extras,
        constraints=parse_constraints(request.constraints),
        upgrade=upgrade,
        allows_version_pins=request.allows_version_pins,
        uv_routed=config.build_system.uv_routed(request.extras, target.environment)
        if from_uv
        else frozenset(),
    )


def _add_members(config: Config, finder: CandidateFinder, names: Iterable[str]) -> Config:
    """Return the project with the members that a lock has here for its other packages."""
    locked = (
        name
        for name in names
        if any(
            finder.candidates(backend, name, SpecifierSet())
            for backend in finder.index.list_backends() or ()
        )
    )
    return config._replace(family=tuple(dict.fromkeys((*config.family, *locked))))


def read_profile(text: str, place: str) -> Hardware:
    """Read a hardware profile: JSON, or the path of a file that holds it.

    Raises ConfigurationError, which names the place: an option or a variable.
    """
    try:
        if text.lstrip().startswith("{"):
            return Hardware.from_json(text)
        content = read_bounded(Path(text), 4 * MAX_PROFILE_CHARACTERS)
        return Hardware.from_json(content.decode("utf-8"))
    except OSError as error:
        shown = text[:_SHOWN_CHARACTERS]
        raise ConfigurationError([f"{place}: {shown}: {error.strerror}"]) from None
    except ValueError as error:
        raise ConfigurationError([f"{place}: {error}"]) from None


def make_finder(options: SourceOptions, lock: PinnedWheels | None = None) -> CandidateFinder:
    """Return a finder in the lock, else in the folders of wheels, else on the index.

    The index is opened only where something is asked of it.
    """
    config = options.config
    source = lock.open(options) if lock else options.open_find_links()
    own_pages = {
        extra.backend
        for extra in config.extras
        if extra.index_url or extra.channel not in {None, config.channel}
    }

    def in_tables(backend: Backend) -> bool:
        return config.channel == "stable" and source is None and backend not in own_pages

    def prereleases(backend: Backend) -> bool:
        extra = config.find_extra(backend)
        return ((extra.channel if extra else None) or config.channel) != "stable"

    return CandidateFinder(
        source or options.open_index,
        options.target,
        in_tables=in_tables,
        prereleases=prereleases,
        require_hashes=config.require_hashes,
    )


def _make_probe(settings: Settings, environ: Mapping[str, str]) -> Probe:
    if settings.hardware:
        profile = read_profile(settings.hardware, _VARIABLE)
        return lambda _vendors: profile

    def probe(vendors: Collection[str] | None) -> Hardware:
        from hatch_torch.hardware.detect import detect  # noqa: PLC0415 (see above)
        from hatch_torch.hardware.machine import Machine  # noqa: PLC0415 (see above)

        return detect(Machine(environ), vendors)

    return probe


def _make_find_installed(request: BuildRequest, lock: PinnedWheels | None) -> FindInstalled:
    """Return what finds packages; of PyTorch's own builds only those in the lock may stay."""

    def find(names: Collection[str]) -> tuple[FamilyPackage, ...]:
        from hatch_torch.environment.packages import (  # noqa: PLC0415 (see above)
            read_family_packages,
        )

        packages = read_family_packages(request.site_packages or (), names)
        return tuple(
            package
            for package in packages
            if lock is None
            or package.built_by != "pytorch"
            or lock.has_wheel(package.name, package.version)
        )

    return find


def _make_find_tree(options: SourceOptions) -> Callable[[], InstallTree | None]:
    """Return what finds the whole install, where anything but the family is required."""

    @cache
    def find() -> InstallTree | None:
        family = frozenset((*FAMILY, *options.config.family))
        is_needed = options.config.scope == "tree" and not options.request.resolver.no_deps
        if not (is_needed and _requires_others(options, family)):
            return None
        from hatch_torch.resolution.install_tree import InstallTree  # noqa: PLC0415 (see above)

        return InstallTree(options, family, is_remembered=True)

    return find


def _open_tree(options: SourceOptions, target: Target, extras: Collection[str]) -> InstallTree:
    """Return the whole install of a target that has nothing installed yet."""
    from hatch_torch.resolution.install_tree import InstallTree  # noqa: PLC0415 (see above)

    request = options.request._replace(extras=frozenset(extras), site_packages=())
    family = frozenset((*FAMILY, *options.config.family))
    return InstallTree(options.for_target(target, request), family)


def _requires_others(options: SourceOptions, family: Collection[str]) -> bool:
    """Return whether anything but the family is required, so that there is something to read."""
    config, request = options.config, options.request
    extras = config.optional_dependencies if request.extras else {}
    requirements = chain(
        config.dependencies,
        *extras.values(),
        *(extra.dependencies for extra in config.extras),
        parse_constraints(request.resolver.requirements),
    )
    names = {canonicalize_name(requirement.name) for requirement in requirements}
    return bool(request.resolver.local_projects) or not names <= {*family}


def _make_reader(config: Config, request: BuildRequest) -> Callable[[], tuple[str, ...]]:
    """Return what reads the requirements of the project where it is installed."""

    @cache  # read for every extra
    def read() -> tuple[str, ...]:
        from hatch_torch.environment.packages import (  # noqa: PLC0415 (see above)
            read_family_packages,
        )

        packages = read_family_packages(request.site_packages or (), {config.name})
        return tuple(line for package in packages for line in package.requires)

    return read
