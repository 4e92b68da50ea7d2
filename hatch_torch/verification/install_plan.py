"""The command that `hatch-torch install` runs: what is asked for, after the decided wheels.

The decision reads that command line as a build hook would: options for the installer, such as
`--pre` or `-c`, count in the resolution too.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name

from hatch_torch.catalog.releases import FAMILY
from hatch_torch.catalog.specifiers import marker_applies
from hatch_torch.environment.packages import read_installed_packages
from hatch_torch.errors import ConfigurationError
from hatch_torch.frontend.installers import POSITIONAL, Option
from hatch_torch.frontend.requirements_txt import REQUIREMENT, expand_files
from hatch_torch.resolution.decide import decide
from hatch_torch.verification.repair import list_pins, plan_repair
from hatch_torch.verification.snapshot import load_config

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from hatch_torch.config.config import Config
    from hatch_torch.frontend.request import BuildRequest
    from hatch_torch.resolution.model import Decision, ResolutionInputs
    from hatch_torch.verification.repair import Command, InstallContext


class RequestedPackages(NamedTuple):
    """What `hatch-torch install` is asked to install, and how."""

    requirements: tuple[str, ...] = ()
    files: tuple[str, ...] = ()
    """Requirements files."""
    options: tuple[str, ...] = ()
    """The installer's own options."""
    backend: str | None = None
    """The value of `--backend`."""

    @property
    def arguments(self) -> Command:
        """The installer's arguments."""
        return (*self.requirements, *(word for file in self.files for word in ("-r", file)))


class InstallPlan(NamedTuple):
    """What an install runs."""

    command: Command
    """Empty where everything is installed."""
    notes: tuple[str, ...] = ()
    """The decision's warnings."""


def plan_install(context: InstallContext, requested: RequestedPackages) -> InstallPlan:
    """Return what installs the requested packages; without any, the project itself.

    The exact wheels of the torch family come first, also where only a dependency requires them. An
    installed package of the family is pinned, so that it does not change without a reason. Raises
    ConfigurationError for a missing file, and what a decision raises.
    """
    if not requested.arguments:
        return InstallPlan((*plan_repair(context, requested.backend), *requested.options))
    texts = [*requested.requirements, *_read_files(requested.files, context.environ)]
    requirements = [*filter(None, map(_parse_requirement, texts))]
    installer = context.installer
    command = installer.install((*requested.arguments, *requested.options))
    request = context.read_request(command)
    packages = read_installed_packages(context.environment.site_packages)
    versions = {package.name: package.version for package in packages}
    config = _select_config(load_config(context.project), request, requirements)._replace(
        family=tuple(name for name in FAMILY if name in versions)
    )
    inputs = context.collect_inputs(config, request, backend=requested.backend)
    decision = decide(inputs)
    # Paths and URLs are the installer's to compare.
    if len(requirements) == len(texts) and _is_satisfied(inputs, decision, versions):
        return InstallPlan(())
    named = {canonicalize_name(requirement.name) for requirement in requirements}
    concerns_torch = bool(decision.pins) or not named.isdisjoint(FAMILY)
    return InstallPlan(
        installer.install((*list_pins(decision), *requested.arguments, *requested.options)),
        decision.warnings if concerns_torch else (),
    )


def _select_config(
    config: Config, request: BuildRequest, requirements: Iterable[Requirement]
) -> Config:
    """Return the project's tables with the requested requirements alone.

    The project's own requirements are among them only where the command names the project.
    """
    if request.names_project:
        return config._replace(dependencies=(*config.dependencies, *requirements))
    return config._replace(
        name="",
        dependencies=tuple(requirements),
        optional_dependencies={},
        # uv applies the sources of a project to its own requirements only.
        build_system=config.build_system._replace(uv_sources={}),
    )


def _is_satisfied(
    inputs: ResolutionInputs, decision: Decision, versions: Mapping[str, str]
) -> bool:
    """Return whether an installer would do nothing, as far as is known without running it."""
    if not all(versions.get(pin.name) == str(pin.version) for pin in decision.pins):
        return False
    markers = inputs.target.environment
    return all(
        _is_installed(requirement, versions)
        for requirement in inputs.config.dependencies
        if marker_applies(requirement.marker, markers)
    ) and ((tree := inputs.find_tree()) is None or tree.is_installed)


def _is_installed(requirement: Requirement, versions: Mapping[str, str]) -> bool:
    version = versions.get(canonicalize_name(requirement.name))
    if version is None or requirement.extras or requirement.url:
        return False
    return requirement.specifier.contains(version, prereleases=True)


def _parse_requirement(text: str) -> Requirement | None:
    """Return a requirement, or None for a path or URL, which only the installer reads."""
    try:
        return Requirement(text)
    except InvalidRequirement:
        return None


def _read_files(files: Iterable[str], environ: Mapping[str, str]) -> Iterator[str]:
    """Yield the requirements of requirements files; raises ConfigurationError for a missing one."""
    for option in read_requirements_files(files, environ):
        if option.name == POSITIONAL:
            yield option.value


def read_requirements_files(files: Iterable[str], environ: Mapping[str, str]) -> Iterator[Option]:
    """Yield the options of requirements files and of the files that they name.

    Raises ConfigurationError for a missing file.
    """
    for file in files:
        path = Path(file).absolute()
        if not path.is_file():
            raise ConfigurationError([f"-r {file}: no such file"])
        yield from expand_files([Option(REQUIREMENT, str(path))], path.parent, environ)
