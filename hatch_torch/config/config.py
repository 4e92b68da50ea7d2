"""The project's tables to a Config; every fault is told at once, with its full TOML path.

Which backends a project's extras mean, and which of them cannot be as they are written.

The portable metadata: what a project declares, the same on every machine.
"""

from __future__ import annotations

from itertools import product
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, NamedTuple

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from hatch_torch.catalog.backend import Backend
from hatch_torch.catalog.releases import FAMILY, nearest_published
from hatch_torch.catalog.specifiers import is_empty
from hatch_torch.config.build_system import Wiring, wiring_faults
from hatch_torch.config.validation import (
    KEYS,
    TABLE,
    faults_of,
    is_backend,
    readable,
    requirement_table,
    requirements,
    table_at,
    under,
)
from hatch_torch.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping


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


_EXTRAS = f"{TABLE}.extras"


def meant(name: str, extra: Mapping[str, Any]) -> tuple[Backend] | tuple[Backend, str]:
    """Return the backend that an extra's name means, with a notice where another stands for it.

    Raises ValueError where the name is no backend's.
    """
    backend = Backend.parse(name)
    stand_in = None if "index-url" in extra else nearest_published(backend)
    return stand_in or (backend,)


def conflicts(extras: object, dependencies: object) -> Iterator[str]:
    """Find two extras for one backend, and requirements that leave no version with the project's.

    Takes the tables as they are: what is no table or no requirement is told of elsewhere.
    """
    found = {name: table_at(extra) for name, extra in table_at(extras).items() if is_backend(name)}
    yield from _twice(found)
    for name, extra in found.items():
        path = f"{under(_EXTRAS, name)}.dependencies"
        for own, line in product(readable(extra.get("dependencies")), readable(dependencies)):
            if _exclude_each_other(own, line):
                yield (
                    f"{path}: {str(own)!r} and the project's {str(line)!r} leave no version; "
                    "change one of them"
                )


def _twice(extras: Mapping[str, Mapping[str, Any]]) -> Iterator[str]:
    names: dict[Backend, str] = {}
    for name, extra in extras.items():
        backend, *_ = meant(name, extra)
        first = names.setdefault(backend, name)
        if first != name:
            yield (
                f"{under(_EXTRAS, name)}: stands for {backend}, and so does "
                f"{under(_EXTRAS, first)}; keep one of them"
            )


def _exclude_each_other(own: Requirement, line: Requirement) -> bool:
    """Answer whether no version is left wherever the extra's requirement holds.

    A line of the project's under another marker may not hold there.
    """
    same = canonicalize_name(own.name) == canonicalize_name(line.name)
    together = line.marker is None or line.marker == own.marker
    return same and together and is_empty(own.specifier & line.specifier)


def declared_extras(config: Config) -> dict[str, tuple[Requirement, ...]]:
    """Return every extra with its requirements: the ordinary ones, then the backends'.

    From PyPI an extra cannot choose a wheel, so a backend's extra repeats the family's
    requirements: `[tool.uv.sources]` can then route them by extra.
    """
    repeated = _family_of(config)
    backends = {extra.name: _backend_extra(extra, repeated) for extra in config.extras}
    return {**config.optional_dependencies, **backends}


def _family_of(config: Config) -> tuple[Requirement, ...]:
    """Return the project's own lines on the family; where torch is optional, the extras' lines."""
    names = {*FAMILY, *config.family}
    optional = (one for lines in config.optional_dependencies.values() for one in lines)
    return _of(names, config.dependencies) or _of(names, optional)


def _of(names: set[str], requirements: Iterable[Requirement]) -> tuple[Requirement, ...]:
    return tuple(dict.fromkeys(one for one in requirements if canonicalize_name(one.name) in names))


def _backend_extra(extra: BackendExtra, repeated: Iterable[Requirement]) -> tuple[Requirement, ...]:
    return tuple(dict.fromkeys((*repeated, *extra.dependencies)))
