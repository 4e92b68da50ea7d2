"""The commands that `hatch-torch install` and `sync` run: pip or uv, with the decision applied."""

from __future__ import annotations

import os
import shutil
from dataclasses import dataclass
from typing import TYPE_CHECKING

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from hatch_torch.catalog.releases import FAMILY
from hatch_torch.environment.packages import read_installed_packages
from hatch_torch.errors import HatchTorchError, NoAnswerError
from hatch_torch.frontend.process_tree import Process
from hatch_torch.frontend.request import BuildRequest, read_build_request
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
    from collections.abc import Iterable, Mapping
    from pathlib import Path

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
        self,
        config: Config,
        request: BuildRequest,
        lock: Lock | None = None,
        *,
        backend: str | None = None,
    ) -> ResolutionInputs:
        """Return the inputs of a decision for this environment.

        `backend` is the value of `--backend`.
        """
        inputs = collect_environment_inputs(config, self.environ, self.environment, request, lock)
        return inputs._replace(backend_option=("--backend", backend) if backend else None)

    def read_request(self, command: Command) -> BuildRequest:
        """Return the request of an installer's command line, as the hook would read it."""
        process = Process(0, command, str(self.project.resolve()), self.environ)
        request = read_build_request(self.project, [process], self.environ, editable=True)
        return request._replace(site_packages=self.environment.site_packages)


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


def plan_repair(context: InstallContext, backend: str | None = None) -> Command:
    """Return the command line that makes an environment match its project's decision.

    * A project with a `uv.lock` is synced with the backend's extra.
    * A project whose build runs our hook is installed again: the hook decides.
    * For any other the wheels of the torch family are installed, and the project where it is
      missing.

    `backend` is that of `--backend`. Raises HatchTorchError without an installer, and
    NoAnswerError where nothing fits.
    """
    config = load_config(context.project)
    packages = read_installed_packages(context.environment.site_packages)
    installed = find_project(config, packages)
    if has_uv_lock(context.project) and context.uv:
        return _sync(config, context, context.uv, backend)
    installer = context.installer
    if config.build_system.is_invoked:
        return installer.install(_reinstall(context.project, installed))
    required = [one for one in config.dependencies if canonicalize_name(one.name) in FAMILY]
    family = [Requirement(package.name) for package in packages if package.name in FAMILY]
    config = config._replace(dependencies=tuple(required or family))
    request = context.read_request(installer.install(()))
    decision = decide(context.collect_inputs(config, request, backend=backend))
    pins = list_pins(decision)
    if not pins:
        reason = "; ".join(decision.warnings) or f"{decision.decided_by} leaves torch unchanged"
        hint = "set TORCH_VARIANT (for example cpu or cu128) and run again"
        raise NoAnswerError(reason, hint=hint)
    is_missing = config.name and config.build_system.build_backend.import_path and not installed
    return installer.install((*pins, *(_reinstall(context.project, None) if is_missing else ())))


def list_pins(decision: Decision) -> Command:
    """Return what a decision injects for every install, as an installer's arguments."""
    return tuple(one.requirement for one in decision.injected if one.extra is None)


def _sync(config: Config, context: InstallContext, uv: str, backend_option: str | None) -> Command:
    lock = read_current_lock(context.project, config)
    inputs = context.collect_inputs(config, BuildRequest(), lock, backend=backend_option)
    backend = decide(inputs).backend
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
