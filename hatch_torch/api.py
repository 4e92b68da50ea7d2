"""The Python API: what the command line answers, as functions.

All of it is available from the package itself: `hatch_torch.detect()`. Each function may raise a
`HatchTorchError`, whose text is for a user: `ConfigurationError` for a wrong table, variable or
argument, `NoAnswerError` where no wheel fits or the index does not answer.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from packaging.requirements import InvalidRequirement, Requirement
from packaging.version import InvalidVersion, Version

from hatch_torch.catalog.backend import Backend
from hatch_torch.catalog.releases import TORCH, known_backends, nearest_published
from hatch_torch.config.config import PYTORCH_INDEX, Config
from hatch_torch.config.validation import CHANNELS
from hatch_torch.environment.prefix import Environment, find_environment
from hatch_torch.errors import ConfigurationError
from hatch_torch.frontend.request import BuildRequest
from hatch_torch.frontend.shell import join_command
from hatch_torch.lock.lockfile import read_current_lock
from hatch_torch.resolution import decide as resolution
from hatch_torch.resolution.injection import get_library_bounds
from hatch_torch.resolution.inputs import collect_inputs
from hatch_torch.verification.checks import collect_findings, collect_notes
from hatch_torch.verification.snapshot import (
    collect_environment_inputs,
    describe_machine_changes,
    load_config,
    take_snapshot,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from hatch_torch.environment.packages import FamilyPackage
    from hatch_torch.hardware.model import Hardware
    from hatch_torch.resolution.model import Decision
    from hatch_torch.verification.checks import Finding


@dataclass(frozen=True, slots=True)
class Status:
    """What `hatch-torch status` reports about an environment."""

    torch: FamilyPackage | None
    """The installed torch: `version`, `backend`, `built_by` and more."""
    hardware: Hardware
    findings: tuple[Finding, ...]
    """What is wrong, each with its `reason` and `fix`."""
    notes: tuple[str, ...]
    changed: tuple[str, ...] = ()
    """What changed on this machine since the install: ``ROCm changed from 5.7.1 to 7.0.0``."""

    @property
    def ok(self) -> bool:
        """Whether nothing is wrong."""
        return not self.findings


def detect(environ: Mapping[str, str] = os.environ) -> Hardware:
    """Return what this machine has: `accelerators`, `nvidia`, `rocm`, `sources`.

    `TORCH_VARIANT_HARDWARE` in `environ` replaces the machine; an invalid profile there raises
    ConfigurationError. Detection itself never raises.
    """
    return collect_inputs(Config(), environ).probe(None)


def decide(
    project: str | Path | None = None,
    *,
    requirements: Iterable[str] = (),
    backend: str | None = None,
    hardware: Hardware | None = None,
    environ: Mapping[str, str] = os.environ,
) -> Decision:
    """Return the decision for a project's folder, or for requirements: `backend`, `pins`.

    `backend` requests a backend (``cu124``), an accelerator family (``cuda``) or ``auto``.
    `hardware` is that of another machine. A compatible torch of the active environment is kept,
    but not for another machine. A project's lock decides unless `requirements` are given.
    """
    folder = None if project is None else Path(project)
    added = tuple(map(_parse_requirement, requirements))
    config = Config() if folder is None else load_config(folder)
    lock = None if folder is None or added else read_current_lock(folder, config)
    config = config._replace(dependencies=(*config.dependencies, *added))
    if hardware is None:
        environment = find_environment(environ, folder, allow_tool=True)
    else:
        environment = Environment(Path(), Path(), ())
    request = BuildRequest(allows_version_pins=True)
    inputs = collect_environment_inputs(config, environ, environment, request, lock)
    if hardware is not None:
        inputs = inputs._replace(probe=lambda _vendors: hardware)
    option = ("backend", backend) if backend else None
    return resolution.decide(inputs._replace(backend_option=option))


def status(project: str | Path = ".", environ: Mapping[str, str] = os.environ) -> Status:
    """Return whether the torch of the active environment is right for the project in a folder."""
    folder = Path(project)
    environment = find_environment(environ, folder, allow_tool=True)
    snapshot = take_snapshot(folder, environ, environment)
    return Status(
        snapshot.find_package(TORCH),
        snapshot.hardware,
        collect_findings(snapshot),
        collect_notes(snapshot),
        describe_machine_changes(snapshot),
    )


def compatible_versions(torch: str) -> dict[str, str]:
    """Return the specifiers of the Hugging Face libraries that work with a torch (``2.10.0+cpu``).

    The keys are `transformers`, `diffusers`, `accelerate` and `huggingface_hub`; there are none
    for a torch that is older than the catalog's table.
    """
    try:
        version = Version(torch)
    except InvalidVersion:
        raise ConfigurationError(
            [f"torch: expected a version such as 2.10.0, got {torch!r}"]
        ) from None
    return {name.replace("-", "_"): text for name, text in get_library_bounds(version).items()}


def index_url(backend: str, *, channel: str = "stable", root: str = PYTORCH_INDEX) -> str:
    """Return the URL of a backend's index; `channel` is ``stable``, ``test`` or ``nightly``.

    `backend` may have any spelling: ``rocm7.0`` and ``rocm70`` are the same. For a ROCm that
    PyTorch never published (``rocm65``) it is the index of the newest older one.
    """
    if channel not in CHANNELS:
        raise ConfigurationError(
            [f"channel: expected one of {', '.join(CHANNELS)}, got {channel!r}"]
        )
    parts = (root.rstrip("/"), *((channel,) if channel != "stable" else ()))
    parsed = _parse_backend(backend)
    if root.rstrip("/") == PYTORCH_INDEX:
        parsed = _find_published(parsed)
    return "/".join((*parts, parsed.folder))


def install_command(
    *packages: str,
    backend: str | None = None,
    channel: str = "stable",
    environ: Mapping[str, str] = os.environ,
) -> str:
    """Return the pip command for packages of the torch family, as pytorch.org's selector shows it.

    The default backend is this machine's, for which the index is asked; the default package is
    `torch`. The index is the only one: from a second one pip could take a wheel of the same name.
    """
    names = packages or (TORCH,)
    if backend is None and (decided := decide(requirements=names, environ=environ).backend):
        backend = decided.name
    pre = () if channel == "stable" else ("--pre",)
    index = ("--index-url", index_url(backend, channel=channel)) if backend else ()
    return join_command(("pip", "install", *pre, *names, *index))


def _parse_backend(text: str) -> Backend:
    try:
        return Backend.parse(text)
    except ValueError:
        fault = f"backend: expected a backend such as cpu, cu128 or rocm7.0, got {text!r}"
        raise ConfigurationError([fault]) from None


def _find_published(backend: Backend) -> Backend:
    """Return the backend that PyTorch published for this one; one that is newer stays.

    Raises ConfigurationError for one that the index never had.
    """
    if nearest := nearest_published(backend):
        return nearest[0]
    known = [one for one in known_backends() if one.family == backend.family]
    if backend in known or backend.release > known[-1].release:
        return backend
    names = ", ".join(map(str, known))
    raise ConfigurationError([f"backend: expected one of {names}, got {backend}"])


def _parse_requirement(text: str) -> Requirement:
    try:
        return Requirement(text)
    except InvalidRequirement as error:
        reason = str(error).splitlines()[0]
        raise ConfigurationError([f"{text!r} is not a valid requirement: {reason}"]) from None
