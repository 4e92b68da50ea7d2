"""The project's tables to a Config; every fault is told at once, with its full TOML path."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from hatch_torch.backend import Backend
from hatch_torch.errors import ConfigurationError
from hatch_torch.project.schema import KEYS, TABLE, faults_of, requirement_table, requirements
from hatch_torch.project.wiring import Wiring, wiring_faults
from hatch_torch.ranges import is_empty
from hatch_torch.releases import nearest_published

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

PYTORCH_INDEX = "https://download.pytorch.org/whl"


@dataclass(frozen=True, slots=True)
class BackendExtra:
    """A backend that the project supports, with requirements and an index of its own."""

    name: str
    """The extra's name as the project writes it: `rocm70`."""
    backend: Backend
    dependencies: tuple[Requirement, ...] = ()
    index_url: str | None = None
    channel: str | None = None
    notice: str | None = None
    """What a user should know of the name, where another backend stands for it."""


@dataclass(frozen=True, slots=True)
class Config:
    """What a project asks for: its requirements, and how torch is to be chosen for it."""

    name: str = ""
    dependencies: tuple[Requirement, ...] = ()
    optional_dependencies: Mapping[str, tuple[Requirement, ...]] = field(default_factory=dict)
    """The project's ordinary extras; backend extras are in `extras`."""
    backend: str = "auto"
    extras: tuple[BackendExtra, ...] = ()
    """The backends that the project supports; empty: every known backend."""
    family: tuple[str, ...] = ()
    channel: str = "stable"
    index_url: str = PYTORCH_INDEX
    hosts: tuple[str, ...] = ()
    environment_variable: str | None = None
    when_no_accelerator: str = "auto"
    when_unsupported: str = "cpu"
    existing: str = "auto"
    compatibility: bool = False
    require_hashes: bool = False
    build_requires: tuple[str, ...] = ()
    wiring: Wiring = field(default_factory=Wiring)

    def extra_of(self, backend: Backend) -> BackendExtra | None:
        """Return the project's extra for a backend, where it has one."""
        return next((extra for extra in self.extras if extra.backend == backend), None)


def load(pyproject: Mapping[str, Any], hatch: Mapping[str, Any]) -> Config:
    """Read a pyproject.toml and Hatch's own configuration (its `tool.hatch`, or hatch.toml).

    Raises ConfigurationError, which lists every fault.
    """
    wiring = Wiring.of(pyproject, hatch)
    table = pyproject.get("tool", {}).get("torch-variant", {})
    faults = [*faults_of(table, KEYS, TABLE), *_project_faults(pyproject.get("project", {}))]
    if isinstance(table, dict):
        faults += wiring_faults(wiring, table)
    if faults:
        raise ConfigurationError(faults)
    config = _config(pyproject.get("project", {}), table, wiring)
    if faults := [*_empty_intersections(config)]:
        raise ConfigurationError(faults)
    return config


def _project_faults(project: Mapping[str, Any]) -> Iterator[str]:
    yield from requirements(project.get("dependencies", []), "project.dependencies")
    lists = project.get("optional-dependencies", {})
    yield from requirement_table(lists, "project.optional-dependencies")


def _config(project: Mapping[str, Any], table: Mapping[str, Any], wiring: Wiring) -> Config:
    fields = {**table, **{key: project[key] for key in ("name",) if key in project}}
    lists = {**table.get("optional-dependencies", {}), **project.get("optional-dependencies", {})}
    extras = tuple(_extra(name, extra) for name, extra in table.get("extras", {}).items())
    backend_names = {extra.name for extra in extras}
    plain = {key: fields[key] for key in _PLAIN if key in fields}
    return Config(
        **{key.replace("-", "_"): value for key, value in plain.items()},
        dependencies=_parsed(project.get("dependencies", table.get("dependencies", ()))),
        optional_dependencies={
            name: _parsed(lines) for name, lines in lists.items() if name not in backend_names
        },
        extras=extras,
        family=tuple(canonicalize_name(name) for name in table.get("family", ())),
        hosts=tuple(table.get("hosts", ())),
        build_requires=tuple((wiring.build_hook or {}).get("build-requires", ())),
        wiring=wiring,
    )


_PLAIN = (
    "backend",
    "channel",
    "compatibility",
    "environment-variable",
    "existing",
    "index-url",
    "name",
    "require-hashes",
    "when-no-accelerator",
    "when-unsupported",
)


def _extra(name: str, extra: Mapping[str, Any]) -> BackendExtra:
    backend = Backend.parse(name)
    stand_in = None if "index-url" in extra else nearest_published(backend)
    return BackendExtra(
        name=name,
        backend=stand_in[0] if stand_in else backend,
        notice=stand_in[1] if stand_in else None,
        dependencies=_parsed(extra.get("dependencies", ())),
        index_url=extra.get("index-url"),
        channel=extra.get("channel"),
    )


def _parsed(lines: Iterable[str]) -> tuple[Requirement, ...]:
    return tuple(map(Requirement, lines))


def _empty_intersections(config: Config) -> Iterator[str]:
    for extra in config.extras:
        for own in extra.dependencies:
            for line in config.dependencies:
                same = canonicalize_name(own.name) == canonicalize_name(line.name)
                if same and is_empty(own.specifier & line.specifier):
                    yield (
                        f"{TABLE}.extras.{extra.name}.dependencies: {str(own)!r} and the project's "
                        f"{str(line)!r} leave no version; change one of them"
                    )
