"""The command that makes an environment right again."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from hatch_torch.companions import FAMILY
from hatch_torch.deciding.decide import decide
from hatch_torch.environment.installer import Command, installer_of
from hatch_torch.environment.packages import packages
from hatch_torch.environment.situation import case_of, config_of, recorded_extras
from hatch_torch.errors import NoAnswerError
from hatch_torch.frontend import Request, has_uv_lock
from hatch_torch.lock.stale import current_lock

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from hatch_torch.deciding.decision import Decision
    from hatch_torch.environment.installer import Installer
    from hatch_torch.environment.packages import Package
    from hatch_torch.environment.prefix import Prefix
    from hatch_torch.lock.contents import Lock
    from hatch_torch.project.config import Config


@dataclass(frozen=True, slots=True)
class Place:
    """Where something is installed from and to, and by what."""

    project: Path
    prefix: Prefix
    environ: Mapping[str, str]
    uv: str | None = None
    """Where uv is."""

    @property
    def installer(self) -> Installer:
        """The environment's installer; raises HatchTorchError where it has none."""
        return installer_of(self.prefix, self.uv)

    def decided(
        self,
        config: Config,
        *,
        by_version: bool = False,
        constraints: Command = (),
        lock: Lock | None = None,
    ) -> Decision:
        """Decide for this environment, as `hatch_torch.decide` does and with its errors."""
        request = Request(pinnable=by_version, constraints=constraints)
        return decide(case_of(config, self.environ, self.prefix, request, lock))


def mending(place: Place) -> Command:
    """Return the command that makes an environment right again for its project.

    A project whose build calls us is installed again: that decides. One with a `uv.lock` is synced
    with the backend's extra. For any other, the family's wheels themselves are installed, and with
    them the project, where it is not there yet.
    Raises HatchTorchError where there is no installer, and NoAnswerError where nothing fits.
    """
    config = config_of(place.project)
    every = packages(place.prefix.folders)
    own = next((one for one in every if one.name == canonicalize_name(config.name)), None)
    if has_uv_lock(place.project) and place.uv:
        return _sync(config, place, place.uv)
    installer = place.installer
    if config.wiring.called:
        return installer.install(_again(place.project, own))
    there = [Requirement(one.name) for one in every if one.name in FAMILY]
    asked = [one for one in config.dependencies if canonicalize_name(one.name) in FAMILY]
    family = config._replace(dependencies=tuple(asked or there))
    decision = place.decided(family, by_version=installer.takes_versions)
    if not wheels(decision):
        why = "; ".join(decision.warnings) or f"{decision.decided_by} leaves torch as it is"
        raise NoAnswerError(f"{why}. Set TORCH_VARIANT to a backend to have one installed")
    lacking = config.name and config.wiring.builder.backend and own is None
    return installer.install((*wheels(decision), *(_again(place.project, None) if lacking else ())))


def wheels(decision: Decision) -> Command:
    """Return what a decision adds for everybody, as an installer's arguments."""
    return tuple(one.requirement for one in decision.additions if one.extra is None)


def _sync(config: Config, place: Place, uv: str) -> Command:
    backend = place.decided(config, lock=current_lock(place.project, config)).backend
    extra = config.extra_of(backend) if backend else None
    chosen = ("--extra", extra.name) if extra else ()
    elsewhere = place.prefix.path.resolve() != (place.project / ".venv").resolve()
    return (uv, "sync", *chosen, *(("--active",) if elsewhere else ()))


def _again(project: Path, own: Package | None) -> Command:
    """Return the arguments that install a project as it was, with the extras it was asked for."""
    extras = ",".join(sorted(recorded_extras(own)))
    place = str(project.resolve()) + (f"[{extras}]" if extras else "")
    copied = own is not None and "dir_info" in own.origin and not own.editable
    return (place,) if copied else ("-e", place)
