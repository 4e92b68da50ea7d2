"""The project's tables to a Config; every fault is told at once, with its full TOML path."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Any, NamedTuple

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from hatch_torch.errors import ConfigurationError
from hatch_torch.project.backends import conflicts, meant
from hatch_torch.project.kinds import faults_of, requirement_table, requirements, table_at
from hatch_torch.project.schema import KEYS, TABLE
from hatch_torch.project.unread import wiring_faults
from hatch_torch.project.wiring import Wiring

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from hatch_torch.backend import Backend

PYTORCH_INDEX = "https://download.pytorch.org/whl"


class BackendExtra(NamedTuple):
    """A backend that the project supports, with requirements and an index of its own."""

    name: str
    """The extra's name as the project writes it: `rocm70`."""
    backend: Backend
    dependencies: tuple[Requirement, ...] = ()
    index_url: str | None = None
    channel: str | None = None
    notices: tuple[str, ...] = ()
    """What a user should know of the name, where another backend stands for it."""


class Config(NamedTuple):
    """What a project asks for: its requirements, and how torch is to be chosen for it."""

    name: str = ""
    dependencies: tuple[Requirement, ...] = ()
    optional_dependencies: Mapping[str, tuple[Requirement, ...]] = MappingProxyType({})
    """The project's ordinary extras; backend extras are in `extras`."""
    backend: str = "auto"
    extras: tuple[BackendExtra, ...] = ()
    """The backends that the project supports; empty: every known backend."""
    family: tuple[str, ...] = ()
    channel: str = "stable"
    index_url: str | None = None
    """Root of an index, where the table names one."""
    hosts: tuple[str, ...] = ()
    environment_variable: str | None = None
    when_no_accelerator: str = "auto"
    when_unsupported: str = "cpu"
    existing: str = "auto"
    compatibility: bool = False
    require_hashes: bool = False
    build_requires: tuple[str, ...] = ()
    wiring: Wiring = Wiring()

    def extra_of(self, backend: Backend) -> BackendExtra | None:
        """Return the project's extra for a backend, where it has one.

        A Mac's plain wheel lies in the CPU's folder, so that the CPU's extra stands for it too.
        """
        found = [extra for extra in self.extras if extra.backend.folder == backend.folder]
        return next((extra for extra in found if extra.backend == backend), next(iter(found), None))


def load(
    pyproject: Mapping[str, Any],
    hatch: Mapping[str, Any],
    stated: Mapping[str, Any] | None = None,
) -> Config:
    """Read a pyproject.toml and Hatch's own configuration (its `tool.hatch`, or hatch.toml).

    `stated`: what `[project]` leaves to other files, by the names that it has there. The shape of
    Hatch's own tables and of `[project]` is left to Hatch, but for the requirements, which are
    read here too. Raises ConfigurationError, which lists every fault.
    """
    wiring = Wiring.of(pyproject, hatch)
    project = {**(stated or {}), **table_at(pyproject, "project")}
    value = table_at(pyproject, "tool").get("torch-variant", {})
    table = table_at(value)
    dependencies = project.get("dependencies", table.get("dependencies"))
    faults = [
        *faults_of(value, KEYS, TABLE),
        *_project_faults(project),
        *wiring_faults(wiring, table),
        *conflicts(table.get("extras"), dependencies),
    ]
    if faults:
        raise ConfigurationError(faults)
    return _config(project, table, wiring)


def _project_faults(project: Mapping[str, Any]) -> Iterator[str]:
    yield from requirements(project.get("dependencies", []), "project.dependencies")
    lists = project.get("optional-dependencies", {})
    yield from requirement_table(lists, "project.optional-dependencies")


def _config(project: Mapping[str, Any], table: Mapping[str, Any], wiring: Wiring) -> Config:
    name = project.get("name")
    lists = {**table.get("optional-dependencies", {}), **project.get("optional-dependencies", {})}
    by_name = {canonicalize_name(key): value for key, value in lists.items()}
    extras = tuple(
        _extra(key, extra, by_name.get(canonicalize_name(key), ()))
        for key, extra in table.get("extras", {}).items()
    )
    of_backends = {canonicalize_name(extra.name) for extra in extras}
    plain = {key: table[key] for key in _PLAIN if key in table}
    return Config(
        **{key.replace("-", "_"): value for key, value in plain.items()},
        name=name if isinstance(name, str) else "",
        dependencies=_parsed(project.get("dependencies", table.get("dependencies", ()))),
        optional_dependencies={
            key: _parsed(value)
            for key, value in lists.items()
            if canonicalize_name(key) not in of_backends
        },
        extras=extras,
        family=tuple(map(canonicalize_name, table.get("family", ()))),
        hosts=tuple(table.get("hosts", ())),
        build_requires=tuple((wiring.build_hook or table).get("build-requires", ())),
        wiring=wiring,
    )


_PLAIN = (
    "backend",
    "channel",
    "compatibility",
    "environment-variable",
    "existing",
    "index-url",
    "require-hashes",
    "when-no-accelerator",
    "when-unsupported",
)


def _extra(name: str, extra: Mapping[str, Any], declared: Iterable[str]) -> BackendExtra:
    """Read a backend's extra, with what `optional-dependencies` has under its name."""
    backend, *notices = meant(name, extra)
    return BackendExtra(
        name=name,
        backend=backend,
        notices=tuple(notices),
        dependencies=_parsed((*declared, *extra.get("dependencies", ()))),
        index_url=extra.get("index-url"),
        channel=extra.get("channel"),
    )


def _parsed(lines: Iterable[str]) -> tuple[Requirement, ...]:
    return tuple(map(Requirement, lines))
