"""The options that describe a decision, and the resolution inputs that they stand for.

Shared by the commands that decide for a project, for requirements, or for other machines.
"""

from __future__ import annotations

import os
import platform
from pathlib import Path
from typing import TYPE_CHECKING

from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name

from hatch_torch.catalog import target as targets
from hatch_torch.config.config import Config, declared_extras
from hatch_torch.config.pyproject import read_project
from hatch_torch.environment.prefix import find_environment
from hatch_torch.errors import ConfigurationError
from hatch_torch.frontend.invocation import INDEX_OPTIONS, split_extras
from hatch_torch.frontend.request import default_request
from hatch_torch.frontend.requirements_txt import CONSTRAINT, FIND_LINKS
from hatch_torch.lock.lockfile import read_current_lock
from hatch_torch.resolution.inputs import collect_inputs, read_profile
from hatch_torch.resolution.multi_host import find_common_platform, merge_hardware

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterable, Mapping, Sequence

    from hatch_torch.catalog.target import Target
    from hatch_torch.frontend.installers import Option
    from hatch_torch.frontend.request import BuildRequest
    from hatch_torch.hardware.model import Hardware
    from hatch_torch.lock.model import Lock
    from hatch_torch.resolution.model import ResolutionInputs
    from hatch_torch.resolution.multi_host import Profile


def add_decision_options(parser: argparse.ArgumentParser) -> None:
    """Add the options that `collect_cli_inputs` reads."""
    parser.add_argument(
        "project",
        nargs="?",
        metavar="PROJECT",
        help="project folder (default: .), also with extras: .[extra]",
    )
    add_target_options(parser)
    parser.add_argument(
        "--require", nargs="+", action="extend", metavar="REQ", help="requirements to add"
    )


def add_target_options(parser: argparse.ArgumentParser) -> None:
    """Add the options for a backend, a machine, a Python and an index."""
    parser.add_argument(
        "--backend", metavar="B", help="auto, a vendor (such as cuda) or a backend (such as cu128)"
    )
    add_hardware_option(parser)
    parser.add_argument("--python", metavar="3.12", help="decide for this Python version")
    parser.add_argument("--platform", metavar="P", help=f"one of {', '.join(targets.PLATFORMS)}")
    parser.add_argument("--index-url", metavar="URL", help="base URL of another index")


def add_hardware_option(parser: argparse._ActionsContainer) -> None:
    """Add the option for hardware profiles of other machines."""
    parser.add_argument(
        "--hardware",
        action="extend",
        nargs="+",
        metavar="FILE",
        help="hardware profile from `detect --json`; with several, decide for all of them",
    )


def collect_cli_inputs(  # noqa: PLR0913 (a parameter that is not given is the real thing)
    options: argparse.Namespace,
    required: Iterable[Requirement] | None = None,
    *,
    by_version: bool = True,
    use_lock: bool = True,
    environ: Mapping[str, str] = os.environ,
    file_options: Sequence[Option] = (),
) -> ResolutionInputs:
    """Return the resolution inputs that the options describe.

    `required` are requirements from elsewhere: they and `--require` add to the project's, or
    replace them if no project is named. `by_version`: an installed package that fits may be pinned
    by its version. `use_lock`: the project's lock decides, if there is one. `file_options` are of a
    requirements file. Raises ConfigurationError for an invalid option.
    """
    if options.index_url:
        environ = {**environ, "TORCH_VARIANT_INDEX_URL": options.index_url}
    profiles = read_profiles(options)
    hardware = merge_hardware([hardware for _, hardware in profiles]) if profiles else None
    is_other_machine = hardware is not None or options.python or options.platform
    folder = project_folder(options)
    config = _load_config(options, required)
    request = default_request(folder, environ)._replace(
        allows_version_pins=by_version,
        site_packages=() if is_other_machine else _find_site_packages(environ, folder),
        extras=_requested_extras(options, config),
    )
    inputs = collect_inputs(
        config,
        environ,
        request=_add_file_options(request, file_options),
        target=_find_target(options, hardware, profiles),
        probe=(lambda _: hardware) if hardware else None,
        lock=_read_lock(options, required) if use_lock else None,
    )
    option = ("--backend", options.backend) if options.backend else None
    return inputs._replace(backend_option=option)


def _add_file_options(request: BuildRequest, options: Sequence[Option]) -> BuildRequest:
    """Return a request with the constraints, indexes and folders of a requirements file."""
    constraints = tuple(option.value for option in options if option.name == CONSTRAINT)
    indexes = ((option.name, option.value) for option in options if option.name in INDEX_OPTIONS)
    folders = (option.value for option in options if option.name == FIND_LINKS)
    resolver = request.resolver
    return request._replace(
        constraints=(*request.constraints, *constraints),
        indexes=(*request.indexes, *indexes),
        find_links=(*request.find_links, *folders),
        resolver=resolver._replace(constraints=(*resolver.constraints, *constraints)),
    )


def project_folder(options: argparse.Namespace) -> Path:
    """Return the project's folder without the requested extras: `.[cu128]` is `.`."""
    return Path(split_extras(options.project or ".", is_path=True)[0] or ".")


def read_profiles(options: argparse.Namespace) -> tuple[Profile, ...]:
    """Return the profiles of `--hardware` by name; raises ConfigurationError for an invalid one.

    They are read once and kept in the options, because a profile may come from a pipe.
    """
    if "profiles" not in options:
        options.profiles = tuple(
            (_profile_name(text), read_profile(text, f"--hardware {text}"))
            for text in dict.fromkeys(options.hardware or ())
        )
    profiles: tuple[Profile, ...] = options.profiles
    return profiles


def _profile_name(text: str) -> str:
    return "(JSON)" if text.lstrip().startswith("{") else text


def _find_site_packages(environ: Mapping[str, str], folder: Path) -> tuple[Path, ...]:
    try:
        return find_environment(environ, folder).site_packages
    except ConfigurationError:  # there is no environment yet, so nothing is installed
        return ()


def _requested_extras(options: argparse.Namespace, config: Config) -> frozenset[str]:
    requested = split_extras(options.project or ".", is_path=True)[1]
    declared = sorted(map(canonicalize_name, declared_extras(config)))
    unknown = [extra for extra in sorted(requested) if canonicalize_name(extra) not in declared]
    if unknown:
        known = (
            f"expected one of {', '.join(declared)}" if declared else "the project has no extras"
        )
        raise ConfigurationError(
            [f"{options.project}: unknown extra {extra!r} ({known})" for extra in unknown]
        )
    return frozenset(map(canonicalize_name, requested))


def _load_config(options: argparse.Namespace, required: Iterable[Requirement] | None) -> Config:
    replaces_project = (options.require or required is not None) and not options.project
    config = Config() if replaces_project else read_project(project_folder(options))
    added = (*(required or ()), *map(_parse_requirement, options.require or ()))
    return config._replace(dependencies=(*config.dependencies, *added))


def _parse_requirement(text: str) -> Requirement:
    try:
        return Requirement(text)
    except InvalidRequirement as error:
        raise ConfigurationError([f"--require {text!r}: {str(error).splitlines()[0]}"]) from None


def _read_lock(options: argparse.Namespace, required: Iterable[Requirement] | None) -> Lock | None:
    """Return the project's lock; None if other requirements than the project's take part."""
    if options.require or required is not None:
        return None
    folder = project_folder(options)
    return read_current_lock(folder, read_project(folder))


def _find_target(
    options: argparse.Namespace, hardware: Hardware | None, profiles: Sequence[Profile]
) -> Target | None:
    """Return the Python and platform to decide for; None for the running interpreter's."""
    common_platform = None if options.platform else find_common_platform(profiles)
    if not (options.python or options.platform or common_platform):
        return None
    python = options.python or ".".join(platform.python_version_tuple()[:2])
    target = options.platform or common_platform or targets.running_interpreter().platform
    libc = hardware.libc if hardware and common_platform else None
    return targets.foreign_interpreter(python, target, libc)
