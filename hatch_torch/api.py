"""The door for programs: the questions of the command line, as functions.

Everything here is offered by the package itself: `hatch_torch.detect()`. Each function may raise
a `HatchTorchError`, whose text is for a user: `ConfigurationError` for what is wrong in a table, a
variable or an argument, `NoAnswerError` where no wheel fits or no index answers.
"""

from __future__ import annotations

import os
import shlex
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from packaging.requirements import InvalidRequirement, Requirement
from packaging.version import InvalidVersion, Version

from hatch_torch.catalog.backend import Backend
from hatch_torch.catalog.releases import TORCH
from hatch_torch.config.config import PYTORCH_INDEX, Config
from hatch_torch.config.validation import CHANNELS
from hatch_torch.environment.prefix import Prefix, active
from hatch_torch.errors import ConfigurationError
from hatch_torch.frontend.request import Request
from hatch_torch.lock.lockfile import current_lock
from hatch_torch.resolution.decide import decide as decide_case
from hatch_torch.resolution.injection import bounds
from hatch_torch.resolution.inputs import assemble
from hatch_torch.verification import checks as drift
from hatch_torch.verification.snapshot import case_of, changes, config_of, survey

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from hatch_torch.environment.packages import Installed
    from hatch_torch.hardware.model import Hardware
    from hatch_torch.resolution.model import Decision
    from hatch_torch.verification.checks import Finding


@dataclass(frozen=True, slots=True)
class Status:
    """What `hatch-torch status` says of an environment."""

    torch: Installed | None
    """The torch that is there: `version`, `backend`, `builder` and more."""
    hardware: Hardware
    findings: tuple[Finding, ...]
    """What differs from what it should be, each with the line that mends it."""
    notes: tuple[str, ...]
    changed: tuple[str, ...] = ()
    """What is another on this machine since the install: ``ROCm changed from 5.7.1 to 7.0.0``."""

    @property
    def ok(self) -> bool:
        """Whether everything is as it should be."""
        return not self.findings


def detect(environ: Mapping[str, str] = os.environ) -> Hardware:
    """Return what this machine has: `accelerators`, `nvidia`, `rocm`, `sources`. Never raises.

    `TORCH_VARIANT_HARDWARE` in `environ` stands in for the machine, as everywhere; a bad profile
    raises ConfigurationError.
    """
    return assemble(Config(), environ).probe(None)


def decide(
    project: str | Path | None = None,
    *,
    requirements: Iterable[str] = (),
    backend: str | None = None,
    hardware: Hardware | None = None,
    environ: Mapping[str, str] = os.environ,
) -> Decision:
    """Return the decision for a project's folder, or for requirements: `backend`, `pins`.

    `backend` asks for one (``cu124``), a family (``cuda``) or ``auto``; `hardware` is another
    machine's. What is installed in the active environment, and right, is kept; for another
    machine nothing is. A project's lock decides, else the index is asked.
    """
    config = config_of(Path(project)) if project is not None else Config()
    more = tuple(map(_requirement, requirements))
    lock = current_lock(Path(project), config) if project is not None and not more else None
    config = config._replace(dependencies=(*config.dependencies, *more))
    prefix = active(environ) if hardware is None else Prefix(Path(), Path(), ())
    case = case_of(config, environ, prefix, Request(pinnable=True), lock)
    if hardware is not None:
        case = case._replace(probe=lambda _vendors: hardware)
    return decide_case(case._replace(asked=("backend", backend) if backend else None))


def status(project: str | Path = ".", environ: Mapping[str, str] = os.environ) -> Status:
    """Return whether the torch of the active environment is still right for a project's folder."""
    now = survey(Path(project), environ, active(environ))
    found = drift.findings(now)
    return Status(now.member(TORCH), now.hardware, found, drift.notes(now), changes(now))


def compatible_versions(torch: str) -> dict[str, str]:
    """Return the ranges of Hugging Face's libraries that go with a torch (``2.10.0+rocm7.0``).

    By the names `transformers`, `diffusers`, `accelerate` and `huggingface_hub`; empty for a torch
    that is older than the table.
    """
    try:
        version = Version(torch)
    except InvalidVersion:
        raise ConfigurationError([f"torch {torch!r}: expected a version, 2.10.0, say"]) from None
    return {name.replace("-", "_"): one for name, one in bounds(version).items()}


def index_url(backend: str, *, channel: str = "stable", root: str = PYTORCH_INDEX) -> str:
    """Return the URL of a backend's index; `channel` is ``stable``, ``test`` or ``nightly``.

    `backend` in any spelling: ``rocm7.0`` and ``rocm70`` are the same.
    """
    if channel not in CHANNELS:
        raise ConfigurationError([f"channel {channel!r}: expected one of {', '.join(CHANNELS)}"])
    parts = (root.rstrip("/"), *((channel,) if channel != "stable" else ()))
    return "/".join((*parts, _backend(backend).folder))


def install_command(
    *packages: str,
    backend: str | None = None,
    channel: str = "stable",
    environ: Mapping[str, str] = os.environ,
) -> str:
    """Return the pip command for packages of the family, as pytorch.org's selector gives it.

    Without a backend this machine's is taken, for which the index is asked; without packages it
    is `torch`. The index stands alone, never beside another one, from which pip could take a wheel
    of the same name.
    """
    names = packages or (TORCH,)
    chosen = backend or _chosen(names, environ)
    before = () if channel == "stable" else ("--pre",)
    after = ("--index-url", index_url(chosen, channel=channel)) if chosen else ()
    return shlex.join(("pip", "install", *before, *names, *after))


def _chosen(names: Iterable[str], environ: Mapping[str, str]) -> str | None:
    backend = decide(requirements=names, environ=environ).backend
    return backend.name if backend else None


def _backend(text: str) -> Backend:
    try:
        return Backend.parse(text)
    except ValueError as error:
        raise ConfigurationError(
            [f"backend: {error}; expected cpu, cu128 or rocm7.0, say"]
        ) from None


def _requirement(text: str) -> Requirement:
    try:
        return Requirement(text)
    except InvalidRequirement as error:
        raise ConfigurationError([f"requirement {text!r}: {str(error).splitlines()[0]}"]) from None
