"""A snapshot of an environment, its project and its machine: what `hatch-torch status` checks."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from packaging.utils import canonicalize_name

from hatch_torch.catalog import target as targets
from hatch_torch.config.backend_request import DETECTION, BackendRequest
from hatch_torch.config.config import Config
from hatch_torch.config.pyproject import read_project
from hatch_torch.config.requirements import merge_specifiers
from hatch_torch.environment.packages import find_requirements_on, read_installed_packages
from hatch_torch.frontend.request import BuildRequest
from hatch_torch.hardware.model import Hardware
from hatch_torch.lock.lockfile import read_lock, staleness
from hatch_torch.resolution.decide import collect_requirements, read_request, select_requested
from hatch_torch.resolution.inputs import collect_inputs

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from pathlib import Path
    from typing import Any

    from packaging.specifiers import SpecifierSet

    from hatch_torch.catalog.target import Target
    from hatch_torch.environment.packages import (
        FamilyPackage,
        InstalledPackage,
        InstalledRequirement,
    )
    from hatch_torch.environment.prefix import Environment
    from hatch_torch.hardware.model import Accelerator, Nvidia
    from hatch_torch.lock.model import Lock
    from hatch_torch.resolution.model import ResolutionInputs


@dataclass(frozen=True, slots=True)
class Snapshot:
    """An environment at one moment, with everything that the checks compare it with."""

    config: Config
    target: Target
    hardware: Hardware
    installed: tuple[FamilyPackage, ...]
    """The installed packages of the torch family."""
    project: InstalledPackage | None = None
    """The installed project, with its record; None where it is not installed."""
    request: BackendRequest = field(default_factory=lambda: BackendRequest("auto"))
    specifiers: Mapping[str, SpecifierSet] | None = None
    """The project's specifiers for the torch family; None where it does not require torch."""
    staleness: str | None = None
    """Why the project's lock is out of date, or None."""
    unlocked: tuple[str, ...] = ()
    """The names of installed family packages that the project's lock does not hold."""
    dependents: tuple[InstalledRequirement, ...] = ()
    """The requirements of other installed packages on the torch family."""
    versions: Mapping[str, str] | None = None
    """The version of every installed package, by name."""

    @property
    def record(self) -> Mapping[str, Any]:
        """The record of the project's install; empty where there is none."""
        return (self.project.record if self.project else None) or {}

    def find_package(self, name: str) -> FamilyPackage | None:
        """Return the installed package of the torch family with this name, or None."""
        return next((package for package in self.installed if package.name == name), None)


def take_snapshot(project: Path, environ: Mapping[str, str], environment: Environment) -> Snapshot:
    """Return a snapshot of the project in a folder, an environment and this machine.

    Raises ConfigurationError for a wrong table or variable, and NoAnswerError for a backend
    request that this platform cannot meet.
    """
    config = load_config(project)
    packages = read_installed_packages(environment.site_packages)
    own = find_project(config, packages)
    build_request = BuildRequest(extras=read_recorded_extras(own))
    inputs = collect_environment_inputs(config, environ, environment, build_request)
    # The functions that `decide` uses, so that status expects what an install would decide.
    requested = select_requested(inputs, collect_requirements(inputs))
    markers = inputs.target.environment
    lock = read_lock(project)
    stale = staleness(lock, config) if lock else None
    installed = inputs.find_installed(inputs.family)
    others = (package for package in packages if package is not own)
    return Snapshot(
        config=config,
        target=inputs.target,
        hardware=inputs.probe(None).infer_gpus(),
        installed=installed,
        project=own,
        request=read_request(inputs),
        specifiers=merge_specifiers(requested, markers, None, config.family)
        if requested or config.family
        else None,
        staleness=stale,
        unlocked=_find_unlocked(inputs, environment, lock, installed) if lock and not stale else (),
        dependents=tuple(find_requirements_on(others, inputs.family, markers)),
        versions={package.name: package.version for package in packages},
    )


def load_config(project: Path) -> Config:
    """Return the configuration of the project in a folder; the default one without a project.

    Raises ConfigurationError for an invalid one.
    """
    return read_project(project) if (project / "pyproject.toml").is_file() else Config()


def find_project(config: Config, packages: Iterable[InstalledPackage]) -> InstalledPackage | None:
    """Return the installed package that is the project itself, or None."""
    name = canonicalize_name(config.name)
    return next((package for package in packages if package.name == name), None)


def read_recorded_extras(project: InstalledPackage | None) -> frozenset[str]:
    """Return the extras that the recorded install of a project asked for."""
    extras = (project.record or {}).get("extras") if project else None
    return frozenset(map(str, extras)) if isinstance(extras, list) else frozenset()


def collect_environment_inputs(
    config: Config,
    environ: Mapping[str, str],
    environment: Environment,
    request: BuildRequest,
    lock: Lock | None = None,
) -> ResolutionInputs:
    """Return the inputs of a decision for an environment; `lock` is the project's, if it decides.

    Raises ConfigurationError for a wrong environment variable.
    """
    running = targets.running_interpreter()
    python = environment.python_version
    is_other = python is not None and python != running.python.rstrip("t")
    return collect_inputs(
        config,
        environ,
        request=request._replace(site_packages=environment.site_packages),
        target=running.with_python(python) if python and is_other else running,
        lock=lock,
    )


def _find_unlocked(
    inputs: ResolutionInputs,
    environment: Environment,
    lock: Lock,
    installed: tuple[FamilyPackage, ...],
) -> tuple[str, ...]:
    request = BuildRequest(extras=inputs.extras)
    locked = collect_environment_inputs(inputs.config, inputs.environ, environment, request, lock)
    names = {package.name for package in locked.find_installed(inputs.family)}
    return tuple(package.name for package in installed if package.name not in names)


def read_recorded_hardware(snapshot: Snapshot) -> Hardware | None:
    """Return the hardware that the install was decided for; None without a valid record."""
    try:
        return Hardware.from_json(json.dumps(snapshot.record["hardware"]))
    except (KeyError, TypeError, ValueError):
        return None


def is_same_machine(snapshot: Snapshot) -> bool:
    """Return whether the record was made on a machine with the same devices and drivers."""
    recorded = read_recorded_hardware(snapshot)
    return recorded is not None and _devices_and_drivers(recorded) == _devices_and_drivers(
        snapshot.hardware
    )


def describe_machine_changes(snapshot: Snapshot) -> tuple[str, ...]:
    """Return a sentence for each driver, ROCm or set of devices that changed since the install.

    Only what was probed then is compared: a backend that was named explicitly needs no probe.
    """
    recorded = read_recorded_hardware(snapshot)
    return () if recorded is None else tuple(_describe_changes(snapshot, recorded))


def _describe_changes(snapshot: Snapshot, recorded: Hardware) -> Iterator[str]:
    current = snapshot.hardware
    if recorded.nvidia and current.nvidia and recorded.nvidia != current.nvidia:
        before, after = _format_driver(recorded.nvidia), _format_driver(current.nvidia)
        yield f"the NVIDIA driver changed from {before} to {after}"
    if recorded.rocm and current.rocm and recorded.rocm != current.rocm:
        yield f"ROCm changed from {recorded.rocm.version} to {current.rocm.version}"
    vendors = {accelerator.vendor for accelerator in recorded.accelerators}
    if snapshot.record.get("decided_by") == DETECTION:
        vendors |= {accelerator.vendor for accelerator in current.accelerators}
    old, new = (_names_of(vendors, machine.accelerators) for machine in (recorded, current))
    if sorted(old) != sorted(new):
        before, after = (", ".join(names) or "none" for names in (old, new))
        yield f"the accelerators changed from {before} to {after}"


def _format_driver(nvidia: Nvidia) -> str:
    return f"{nvidia.driver or 'unknown'} (CUDA {nvidia.cuda or 'unknown'})"


def _names_of(vendors: Iterable[str], accelerators: Iterable[Accelerator]) -> list[str]:
    return [accelerator.name for accelerator in accelerators if accelerator.vendor in vendors]


def _devices_and_drivers(hardware: Hardware) -> tuple[object, ...]:
    devices = [(one.vendor, one.name, one.architecture) for one in hardware.accelerators]
    return sorted(map(str, devices)), hardware.nvidia, hardware.rocm
