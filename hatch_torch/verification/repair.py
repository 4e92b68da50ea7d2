"""What installs into an environment: its own pip, or uv from outside; and its command lines.

The command that installs requirements, with the decision applied to those of the family.

The command that makes an environment right again.
"""

from __future__ import annotations

import os
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name

from hatch_torch.catalog.releases import FAMILY
from hatch_torch.catalog.specifiers import holds
from hatch_torch.environment.packages import packages
from hatch_torch.errors import ConfigurationError, HatchTorchError, NoAnswerError
from hatch_torch.frontend.installers import WORD, Option
from hatch_torch.frontend.request import Request
from hatch_torch.frontend.requirements_txt import CONSTRAINT, REQUIREMENT, expand
from hatch_torch.frontend.uv_cache import has_uv_lock
from hatch_torch.lock.lockfile import current_lock
from hatch_torch.resolution.decide import decide
from hatch_torch.verification.snapshot import case_of, config_of, recorded_extras

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from hatch_torch.config.config import Config
    from hatch_torch.environment.packages import Package
    from hatch_torch.environment.prefix import Prefix
    from hatch_torch.lock.model import Lock
    from hatch_torch.resolution.model import Decision


Command = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Installer:
    """pip or uv, for one environment."""

    name: str
    words: Command
    """The command, up to what is to be installed."""

    @property
    def takes_versions(self) -> bool:
        """Whether `==` what is installed fetches nothing; uv is given the URL it came from."""
        return self.name == "pip"

    def install(self, arguments: Iterable[str]) -> Command:
        """Return the command that installs these requirements."""
        return (*self.words, *arguments)


def find_uv(environ: Mapping[str, str]) -> str | None:
    """Return where uv is, by PATH; what lies in the current folder is a project's, and no uv."""
    folders = filter(os.path.isabs, environ.get("PATH", "").split(os.pathsep))
    return shutil.which("uv", path=os.pathsep.join(folders))


def installer_of(prefix: Prefix, uv: str | None) -> Installer:
    """Return pip where the environment has it, else uv; raises HatchTorchError where neither is."""
    python = str(prefix.python)
    if prefix.has_pip:
        return Installer("pip", (python, "-m", "pip", "install"))
    if uv:
        return Installer("uv", (uv, "pip", "install", "--python", python))
    raise HatchTorchError(
        f"{prefix.path} has no pip, and uv is not on PATH; "
        f"install uv, or run: {python} -m ensurepip"
    )


@dataclass(frozen=True, slots=True)
class Plan:
    """What is to be run for an install."""

    command: Command
    """Nothing, where all is there."""
    notes: tuple[str, ...] = ()
    """What the decision has to tell."""


def installing(place: Place, words: Sequence[str], files: Sequence[str] = ()) -> Plan:
    """Return what installs requirements and requirements files.

    The exact wheels of the family stand first; what is installed of it is held by its version,
    so that nothing of it moves without a reason. Without anything asked for, the project in the
    folder is installed. Raises ConfigurationError for a file that is not there, and what a
    decision raises.
    """
    if not words and not files:
        return Plan(mending(place))
    lines = [*lines_of(files, place.environ)]
    texts = [*words, *(one.value for one in lines if one.name == WORD)]
    asked = [one for one in map(_requirement, texts) if one]
    there = {one.name: one.version for one in packages(place.prefix.folders)}
    installer = place.installer
    limits = tuple(one.value for one in lines if one.name == CONSTRAINT)
    decision = place.decided(
        _config(place, asked, there), by_version=installer.takes_versions, constraints=limits
    )
    if len(asked) == len(texts) and _is_all_there(asked, decision, there, place):
        return Plan(())
    options = [part for file in files for part in ("-r", file)]
    notes = decision.warnings if any(canonicalize_name(one.name) in FAMILY for one in asked) else ()
    return Plan(installer.install((*wheels(decision), *words, *options)), notes)


def _config(place: Place, asked: Iterable[Requirement], there: Mapping[str, str]) -> Config:
    """Return what decides for requirements: the project's tables, without its own requirements."""
    return config_of(place.project)._replace(
        dependencies=tuple(asked),
        optional_dependencies={},
        family=tuple(name for name in FAMILY if name in there),
    )


def _is_all_there(
    asked: Iterable[Requirement], decision: Decision, there: Mapping[str, str], place: Place
) -> bool:
    """Say whether an installer would do nothing, as far as can be told without asking it."""
    here = case_of(config_of(place.project), place.environ, place.prefix, Request()).target
    pinned = all(there.get(pin.name) == str(pin.version) for pin in decision.pins)
    return pinned and all(
        _is_there(one, there) for one in asked if holds(one.marker, here.environment)
    )


def _is_there(one: Requirement, there: Mapping[str, str]) -> bool:
    version = there.get(canonicalize_name(one.name))
    plain = not one.extras and not one.url
    return version is not None and plain and one.specifier.contains(version, prereleases=True)


def _requirement(text: str) -> Requirement | None:
    """Read a requirement; a path or a URL is the installer's to read."""
    try:
        return Requirement(text)
    except InvalidRequirement:
        return None


def lines_of(files: Iterable[str], environ: Mapping[str, str]) -> Iterator[Option]:
    """Yield what requirements files say, and the files that they name.

    Raises ConfigurationError for a file that is not there.
    """
    for file in files:
        path = Path(file).absolute()
        if not path.is_file():
            raise ConfigurationError([f"-r {file}: there is no such file"])
        yield from expand([Option(REQUIREMENT, str(path))], path.parent, environ)


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
