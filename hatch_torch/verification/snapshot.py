"""The state of an environment as JSON: what `hatch-torch status --json` prints.

What changed on a machine since the project's torch was chosen for it.

What an environment, its project and its machine are like now: what `status` judges.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from packaging.utils import canonicalize_name

from hatch_torch.catalog import target as targets
from hatch_torch.config.backend_request import DETECTION, Wish, read_wish, with_contained
from hatch_torch.config.config import Config
from hatch_torch.config.pyproject import read_project
from hatch_torch.config.requirements import family_lines, fixed_backend, ranges
from hatch_torch.environment.packages import needs, packages
from hatch_torch.frontend.request import Request
from hatch_torch.hardware.model import Hardware
from hatch_torch.lock.lockfile import read_lock, staleness
from hatch_torch.resolution import strategies as courses
from hatch_torch.resolution.inputs import assemble

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from pathlib import Path

    from packaging.specifiers import SpecifierSet

    from hatch_torch.catalog.target import Target
    from hatch_torch.config.requirements import Line
    from hatch_torch.environment.packages import Installed, Need, Package
    from hatch_torch.environment.prefix import Prefix
    from hatch_torch.hardware.model import Accelerator, Nvidia
    from hatch_torch.lock.model import Lock
    from hatch_torch.resolution.model import Case


def changes(now: Situation) -> tuple[str, ...]:
    """Return what is another than at the install: drivers, ROCm, devices; each as a sentence.

    Only what was looked at then is compared: a backend that is asked for by name needs no probe.
    """
    then = hardware_then(now)
    return () if then is None else tuple(_changes(now, then))


def is_same_machine(now: Situation) -> bool:
    """Say whether the record was made on a machine that has the same devices and drivers."""
    then = hardware_then(now)
    return then is not None and _compared(then) == _compared(now.hardware)


def hardware_then(now: Situation) -> Hardware | None:
    """Return the machine that the record was made on; None where no record tells it."""
    record = now.project.record if now.project else None
    try:
        return Hardware.from_json(json.dumps((record or {})["hardware"]))
    except (KeyError, TypeError, ValueError):
        return None


def _changes(now: Situation, then: Hardware) -> Iterator[str]:
    here = now.hardware
    if then.nvidia and here.nvidia and then.nvidia != here.nvidia:
        yield f"NVIDIA's driver changed from {_driver(then.nvidia)} to {_driver(here.nvidia)}"
    if then.rocm and here.rocm and then.rocm != here.rocm:
        yield f"ROCm changed from {then.rocm.version} to {here.rocm.version}"
    record = (now.project.record if now.project else None) or {}
    vendors = {one.vendor for one in then.accelerators}
    if record.get("decided_by") == DETECTION:
        vendors |= {one.vendor for one in here.accelerators}
    before, after = (_of(vendors, one.accelerators) for one in (then, here))
    if sorted(before) != sorted(after):
        yield f"the accelerators changed from {_listed(before)} to {_listed(after)}"


def _driver(nvidia: Nvidia) -> str:
    return f"{nvidia.driver or 'unknown'} (CUDA {nvidia.cuda or 'unknown'})"


def _of(vendors: Iterable[str], accelerators: Iterable[Accelerator]) -> list[str]:
    return [one.name for one in accelerators if one.vendor in vendors]


def _listed(names: list[str]) -> str:
    return ", ".join(names) or "none"


def _compared(hardware: Hardware) -> tuple[object, ...]:
    seen = [(one.vendor, one.name, one.architecture) for one in hardware.accelerators]
    return sorted(map(str, seen)), hardware.nvidia, hardware.rocm


@dataclass(frozen=True, slots=True)
class Situation:
    """Everything that is compared, as values."""

    config: Config
    target: Target
    hardware: Hardware
    installed: tuple[Installed, ...]
    """The members of the family that are there."""
    project: Package | None = None
    """The project as it is installed, with its record."""
    wish: Wish = field(default_factory=lambda: Wish("auto"))
    wants: Mapping[str, SpecifierSet] | None = None
    """The versions of the family that the project asks for; None where it asks for no torch."""
    stale: str | None = None
    """Why the project's lock no longer is for it."""
    unlocked: tuple[str, ...] = ()
    """Which members of the family are not what the project's lock holds."""
    needs: tuple[Need, ...] = ()
    """What the other packages need of the family."""
    versions: Mapping[str, str] | None = None
    """Every package that is installed, with its version."""

    def member(self, name: str) -> Installed | None:
        """Return a member of the family, where it is installed."""
        return next((one for one in self.installed if one.name == name), None)


def case_of(
    config: Config,
    environ: Mapping[str, str],
    prefix: Prefix,
    request: Request,
    lock: Lock | None = None,
) -> Case:
    """Put together what a decision for an environment is made from; `lock`: the checkout's.

    Raises ConfigurationError where a variable is wrong.
    """
    here = targets.here()
    release = prefix.release
    there = here.with_python(release) if release and release != here.python.rstrip("t") else here
    asked = request._replace(environment=prefix.folders)
    return assemble(config, environ, request=asked, target=there, lock=lock)


def config_of(project: Path) -> Config:
    """Return the configuration of the project in a folder; an empty one where there is none.

    Raises ConfigurationError for one that is wrong.
    """
    return read_project(project) if (project / "pyproject.toml").is_file() else Config()


def survey(project: Path, environ: Mapping[str, str], prefix: Prefix) -> Situation:
    """Look at everything: the project in a folder, the environment and the machine.

    Raises ConfigurationError where the project's tables or a variable are wrong, and NoAnswerError
    where the wish can't be met on this platform.
    """
    config = config_of(project)
    every = packages(prefix.folders)
    own = next((one for one in every if one.name == canonicalize_name(config.name)), None)
    extras = recorded_extras(own)
    case = case_of(config, environ, prefix, Request(extras=extras))
    lines = _lines(case)
    lock = read_lock(project)
    stale = staleness(lock, config) if lock else None
    installed = case.find_installed(case.family)
    return Situation(
        config=config,
        target=case.target,
        hardware=case.probe(None).presumed(),
        installed=installed,
        project=own,
        stale=stale,
        unlocked=_unlocked(case, prefix, lock, installed) if lock and not stale else (),
        wish=courses.settle(_wish(case, lines), case.target),
        wants=_wants(case, lines),
        needs=tuple(
            needs((one for one in every if one is not own), case.family, case.target.environment)
        ),
        versions={one.name: one.version for one in every},
    )


def recorded_extras(own: Package | None) -> frozenset[str]:
    """Return the extras that a recorded install asked for."""
    extras = (own.record or {}).get("extras") if own else None
    return frozenset(map(str, extras)) if isinstance(extras, list) else frozenset()


def _unlocked(
    case: Case, prefix: Prefix, lock: Lock, installed: tuple[Installed, ...]
) -> tuple[str, ...]:
    locked = case_of(case.config, case.environ, prefix, Request(extras=case.extras), lock)
    held = {one.name for one in locked.find_installed(case.family)}
    return tuple(one.name for one in installed if one.name not in held)


def _lines(case: Case) -> tuple[Line, ...]:
    names = with_contained(case.config, case.extras)
    return tuple(
        line
        for line in family_lines(case.config, case.target.environment)
        if line.extra is None or canonicalize_name(line.extra) in names
    )


def _wish(case: Case, lines: tuple[Line, ...]) -> Wish:
    fixed = fixed_backend(line for line in lines if line.extra is None)
    if fixed:
        return Wish(fixed[0], f"the requirement {fixed[1]}")
    return read_wish(case.config, case.extras, case.environ)


def _wants(case: Case, lines: tuple[Line, ...]) -> dict[str, SpecifierSet] | None:
    if not lines and not case.config.family:
        return None
    return ranges(lines, case.target.environment, None, case.config.family)
