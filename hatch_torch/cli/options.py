"""The options that say what is decided: for which project, which machine, from which index."""

from __future__ import annotations

import os
import platform
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name

from hatch_torch.catalog import target as targets
from hatch_torch.config.config import Config, declared_extras
from hatch_torch.config.pyproject import read_project
from hatch_torch.environment.prefix import site_packages
from hatch_torch.errors import ConfigurationError
from hatch_torch.frontend.invocation import split
from hatch_torch.frontend.request import presumed_request
from hatch_torch.lock.lockfile import current_lock
from hatch_torch.resolution.inputs import assemble, read_profile
from hatch_torch.resolution.multi_host import common_platform, together

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterable, Mapping

    from hatch_torch.catalog.target import Target
    from hatch_torch.hardware.model import Hardware
    from hatch_torch.lock.model import Lock
    from hatch_torch.resolution.model import Case, Profile


def add_case(parser: argparse.ArgumentParser) -> None:
    """Add the options that `case_of` reads."""
    parser.add_argument(
        "project", nargs="?", metavar="PROJECT", help="its folder (default: .), as .[extra] too"
    )
    add_machine(parser)
    parser.add_argument("--require", nargs="+", metavar="REQ", help="requirements to add")


def add_machine(parser: argparse.ArgumentParser) -> None:
    """Add those of them that say for which machine, and from which index."""
    parser.add_argument("--backend", metavar="B", help="ask for a backend, a family or auto")
    add_hardware(parser)
    parser.add_argument("--python", metavar="3.12", help="another Python")
    parser.add_argument("--platform", metavar="P", help=f"one of {', '.join(targets.PLATFORMS)}")
    parser.add_argument("--index-url", metavar="URL", help="root of another index")


def add_hardware(parser: argparse._ActionsContainer) -> None:
    """Add the option that names machines."""
    parser.add_argument(
        "--hardware",
        action="extend",
        nargs="+",
        metavar="FILE",
        help="a profile from `detect --json`; of several (nodes/*.json), what runs on all",
    )


def case_of(
    options: argparse.Namespace,
    required: Iterable[Requirement] | None = None,
    *,
    by_version: bool = True,
    locked: bool = True,
    environ: Mapping[str, str] = os.environ,
) -> Case:
    """Put together the case that the options describe.

    `required` are requirements from elsewhere. They and those of the command line stand beside
    the project's, or in their place where no project is named. `by_version`: what is installed
    and right may be named by its version alone. `locked`: the project's lock decides, where it
    has one. Raises ConfigurationError for an option that can't be.
    """
    if options.index_url:
        environ = {**environ, "TORCH_VARIANT_INDEX_URL": options.index_url}
    profiles = profiles_of(options)
    hardware = together([one for _, one in profiles]) if profiles else None
    elsewhere = hardware is not None or options.python or options.platform
    environment = () if elsewhere else _environment(environ)
    config = _config(options, required)
    asked = presumed_request(root_of(options), environ)
    request = asked._replace(
        pinnable=by_version, environment=environment, extras=_extras(options, config)
    )
    case = assemble(
        config,
        environ,
        request=request,
        target=_target(options, hardware, profiles),
        probe=(lambda _: hardware) if hardware else None,
        lock=_lock(options, required) if locked else None,
    )
    option = ("--backend", options.backend) if options.backend else None
    return case._replace(asked=option, profiles=profiles)


def root_of(options: argparse.Namespace) -> Path:
    """Return the project's folder, without the extras that are asked for: `.[cu128]` is `.`."""
    return Path(split(options.project or ".", is_path=True)[0] or ".")


def _extras(options: argparse.Namespace, config: Config) -> frozenset[str]:
    """Return the extras that are asked for; raises ConfigurationError for one that is not there."""
    asked = split(options.project or ".", is_path=True)[1]
    declared = sorted(map(canonicalize_name, declared_extras(config)))
    unknown = [one for one in sorted(asked) if canonicalize_name(one) not in declared]
    if unknown:
        allowed = ", ".join(declared) or "none: the project has no extras"
        raise ConfigurationError(
            [f"{options.project}: found the extra {one!r}; allowed: {allowed}" for one in unknown]
        )
    return frozenset(map(canonicalize_name, asked))


def _config(options: argparse.Namespace, required: Iterable[Requirement] | None) -> Config:
    alone = (options.require or required is not None) and not options.project
    config = Config() if alone else read_project(root_of(options))
    more = (*(required or ()), *map(_requirement, options.require or ()))
    return config._replace(dependencies=(*config.dependencies, *more))


def _lock(options: argparse.Namespace, required: Iterable[Requirement] | None) -> Lock | None:
    """Return the project's lock, unless other requirements than the project's are asked about."""
    if options.require or required is not None:
        return None
    root = root_of(options)
    return current_lock(root, read_project(root))


def _requirement(text: str) -> Requirement:
    try:
        return Requirement(text)
    except InvalidRequirement as error:
        raise ConfigurationError([f"--require {text!r}: {str(error).splitlines()[0]}"]) from None


def profiles_of(options: argparse.Namespace) -> tuple[Profile, ...]:
    """Return the profiles that `--hardware` names; raises ConfigurationError."""
    named = dict.fromkeys(options.hardware or ())
    return tuple((_named(one), read_profile(one, f"--hardware {one}")) for one in named)


def _named(profile: str) -> str:
    """Return the name of a profile; one that is no file but JSON itself has none."""
    return "(JSON)" if profile.lstrip().startswith("{") else profile


def _target(
    options: argparse.Namespace, hardware: Hardware | None, profiles: Iterable[Profile]
) -> Target | None:
    """Return the Python and platform to decide for, or None for those that run this."""
    known = None if options.platform else common_platform(profiles)
    if not (options.python or options.platform or known):
        return None
    python = options.python or ".".join(platform.python_version_tuple()[:2])
    libc = hardware.libc if hardware and known else None
    return targets.of(python, options.platform or known or targets.here().platform, libc)


def _environment(environ: Mapping[str, str]) -> tuple[Path, ...]:
    """Return the packages' folders of the active environment, as an installer would find it."""
    prefix = environ.get("VIRTUAL_ENV") or environ.get("CONDA_PREFIX") or sys.prefix
    return site_packages(Path(prefix))
