"""The commands that `hatch-torch install` and `sync` run: pip or uv, with the decision applied."""

from __future__ import annotations

import os
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name

from hatch_torch.catalog.releases import FAMILY
from hatch_torch.catalog.specifiers import marker_applies
from hatch_torch.environment.packages import read_installed_packages
from hatch_torch.errors import ConfigurationError, HatchTorchError, NoAnswerError
from hatch_torch.frontend.installers import POSITIONAL, Option
from hatch_torch.frontend.request import BuildRequest
from hatch_torch.frontend.requirements_txt import CONSTRAINT, REQUIREMENT, expand_files
from hatch_torch.frontend.uv_cache import has_uv_lock
from hatch_torch.lock.lockfile import read_current_lock
from hatch_torch.resolution.decide import decide
from hatch_torch.verification.snapshot import (
    collect_environment_inputs,
    find_project,
    load_config,
    read_recorded_extras,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from hatch_torch.config.config import Config
    from hatch_torch.environment.packages import InstalledPackage
    from hatch_torch.environment.prefix import Environment
    from hatch_torch.lock.model import Lock
    from hatch_torch.resolution.model import Decision, ResolutionInputs


Command = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Installer:
    """pip or uv, for one environment."""

    name: str
    command: Command
    """The command line, up to what is to be installed."""

    @property
    def can_pin_versions(self) -> bool:
        """Whether `==` an installed version fetches nothing; uv has to be given the URL instead."""
        return self.name == "pip"

    def install(self, arguments: Iterable[str]) -> Command:
        """Return the command line that installs these requirements."""
        return (*self.command, *arguments)


@dataclass(frozen=True, slots=True)
class InstallContext:
    """A project, the environment that it is installed into, and how."""

    project: Path
    environment: Environment
    environ: Mapping[str, str]
    uv: str | None = None
    """The path of the program uv."""

    @property
    def installer(self) -> Installer:
        """The environment's installer; raises HatchTorchError where it has none."""
        return find_installer(self.environment, self.uv)

    def collect_inputs(
        self, config: Config, request: BuildRequest, lock: Lock | None = None
    ) -> ResolutionInputs:
        """Return the inputs of a decision for this environment."""
        return collect_environment_inputs(config, self.environ, self.environment, request, lock)

    def decide(self, config: Config, installer: Installer, constraints: Command = ()) -> Decision:
        """Return the decision for this environment; raises what `resolution.decide` raises."""
        pins = installer.can_pin_versions
        request = BuildRequest(allows_version_pins=pins, constraints=constraints)
        return decide(self.collect_inputs(config, request))


@dataclass(frozen=True, slots=True)
class InstallPlan:
    """What an install runs."""

    command: Command
    """Empty where everything is installed."""
    notes: tuple[str, ...] = ()
    """The decision's warnings."""


def find_uv(environ: Mapping[str, str]) -> str | None:
    """Return the path of uv, searched on PATH; None where it is not there.

    Relative folders are skipped: a program in the current folder belongs to the project.
    """
    folders = filter(os.path.isabs, environ.get("PATH", "").split(os.pathsep))
    return shutil.which("uv", path=os.pathsep.join(folders))


def find_installer(environment: Environment, uv: str | None) -> Installer:
    """Return pip where the environment has it, else uv; raises HatchTorchError without either."""
    python = str(environment.python)
    if environment.has_pip:
        return Installer("pip", (python, "-m", "pip", "install"))
    if uv:
        return Installer("uv", (uv, "pip", "install", "--python", python))
    raise HatchTorchError(
        f"{environment.path} has no pip, and uv is not on PATH",
        hint=f"install uv, or run `{python} -m ensurepip`",
    )


def plan_install(
    context: InstallContext, arguments: Sequence[str], files: Sequence[str] = ()
) -> InstallPlan:
    """Return what installs requirements and requirements files; without any, the project itself.

    The exact wheels of the torch family come first. An installed package of the family is pinned,
    so that it does not change without a reason. Raises ConfigurationError for a missing file, and
    what a decision raises.
    """
    if not arguments and not files:
        return InstallPlan(plan_repair(context))
    options = [*read_requirements_files(files, context.environ)]
    texts = [*arguments, *(option.value for option in options if option.name == POSITIONAL)]
    requirements = [*filter(None, map(_parse_requirement, texts))]
    packages = read_installed_packages(context.environment.site_packages)
    versions = {package.name: package.version for package in packages}
    # The project's tables decide, but only for what is asked for here.
    config = load_config(context.project)._replace(
        dependencies=tuple(requirements),
        optional_dependencies={},
        family=tuple(name for name in FAMILY if name in versions),
    )
    constraints = tuple(option.value for option in options if option.name == CONSTRAINT)
    installer = context.installer
    decision = context.decide(config, installer, constraints)
    if len(requirements) == len(texts):  # paths and URLs are the installer's to compare
        markers = context.collect_inputs(config, BuildRequest()).target.environment
        if _is_satisfied(requirements, decision, versions, markers):
            return InstallPlan(())
    named = {canonicalize_name(requirement.name) for requirement in requirements}
    return InstallPlan(
        installer.install(
            (*_list_pins(decision), *arguments, *(word for file in files for word in ("-r", file)))
        ),
        () if named.isdisjoint(FAMILY) else decision.warnings,
    )


def plan_repair(context: InstallContext) -> Command:
    """Return the command line that makes an environment match its project's decision.

    * A project with a `uv.lock` is synced with the backend's extra.
    * A project whose build runs our hook is installed again: the hook decides.
    * For any other the wheels of the torch family are installed, and the project where it is
      missing.

    Raises HatchTorchError without an installer, and NoAnswerError where nothing fits.
    """
    config = load_config(context.project)
    packages = read_installed_packages(context.environment.site_packages)
    installed = find_project(config, packages)
    if has_uv_lock(context.project) and context.uv:
        return _sync(config, context, context.uv)
    installer = context.installer
    if config.build_system.is_invoked:
        return installer.install(_reinstall(context.project, installed))
    required = [one for one in config.dependencies if canonicalize_name(one.name) in FAMILY]
    family = [Requirement(package.name) for package in packages if package.name in FAMILY]
    config = config._replace(dependencies=tuple(required or family))
    decision = context.decide(config, installer)
    pins = _list_pins(decision)
    if not pins:
        reason = "; ".join(decision.warnings) or f"{decision.decided_by} leaves torch unchanged"
        hint = "set TORCH_VARIANT (for example cpu or cu128) and run again"
        raise NoAnswerError(reason, hint=hint)
    is_missing = config.name and config.build_system.build_backend.import_path and not installed
    return installer.install((*pins, *(_reinstall(context.project, None) if is_missing else ())))


def _is_satisfied(
    requirements: Iterable[Requirement],
    decision: Decision,
    versions: Mapping[str, str],
    markers: Mapping[str, str],
) -> bool:
    """Return whether an installer would do nothing, as far as is known without running it."""
    return all(versions.get(pin.name) == str(pin.version) for pin in decision.pins) and all(
        _is_installed(requirement, versions)
        for requirement in requirements
        if marker_applies(requirement.marker, markers)
    )


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


def read_requirements_files(files: Iterable[str], environ: Mapping[str, str]) -> Iterator[Option]:
    """Yield the options of requirements files and of the files that they name.

    Raises ConfigurationError for a missing file.
    """
    for file in files:
        path = Path(file).absolute()
        if not path.is_file():
            raise ConfigurationError([f"-r {file}: no such file"])
        yield from expand_files([Option(REQUIREMENT, str(path))], path.parent, environ)


def _list_pins(decision: Decision) -> Command:
    """Return what a decision injects for every install, as an installer's arguments."""
    return tuple(one.requirement for one in decision.injected if one.extra is None)


def _sync(config: Config, context: InstallContext, uv: str) -> Command:
    lock = read_current_lock(context.project, config)
    backend = decide(context.collect_inputs(config, BuildRequest(), lock)).backend
    extra = config.find_extra(backend) if backend else None
    arguments = ("--extra", extra.name) if extra else ()
    default = context.project / ".venv"
    is_default = context.environment.path.resolve() == default.resolve()
    return (uv, "sync", *arguments, *(() if is_default else ("--active",)))


def _reinstall(project: Path, installed: InstalledPackage | None) -> Command:
    """Return the arguments that install a project as before: its extras, editable or copied."""
    extras = ",".join(sorted(read_recorded_extras(installed)))
    path = str(project.resolve()) + (f"[{extras}]" if extras else "")
    is_copy = installed is not None and "dir_info" in installed.origin and not installed.editable
    return (path,) if is_copy else ("-e", path)
