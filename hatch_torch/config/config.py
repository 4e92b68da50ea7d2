"""What the project's tables ask for, as a `Config`; reading them reports every fault at once."""

from __future__ import annotations

from itertools import product
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, NamedTuple

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from hatch_torch.catalog.backend import Backend
from hatch_torch.catalog.releases import FAMILY, nearest_published
from hatch_torch.config.build_system import BuildSystem, validate_build_system
from hatch_torch.config.validation import (
    KEYS,
    TABLE,
    check_requirement_table,
    check_requirements,
    get_table,
    is_backend,
    toml_path,
    valid_requirements,
    validate_table,
)
from hatch_torch.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping


PYTORCH_INDEX = "https://download.pytorch.org/whl"
_EXTRAS = f"{TABLE}.extras"
# The keys of the table that go into the Config as they are.
_PLAIN_KEYS = (
    "backend",
    "channel",
    "compatibility",
    "environment-variable",
    "existing",
    "index-url",
    "require-hashes",
    "scope",
    "when-no-accelerator",
    "when-unsupported",
)


class BackendExtra(NamedTuple):
    """A backend that the project supports, with requirements and an index of its own."""

    name: str
    """The extra's name as the project spells it: `rocm70`."""
    backend: Backend
    dependencies: tuple[Requirement, ...] = ()
    index_url: str | None = None
    channel: str | None = None
    notices: tuple[str, ...] = ()
    """Notes for the user, if another backend replaces the one that the name means."""


class CompanionIndex(NamedTuple):
    """Where the wheels of a package are that is compiled for one release of torch."""

    url: str
    """A page of links, a folder of an index, or a wheel; with placeholders."""
    hosts: tuple[str, ...] = ()
    """Further hosts that its page may link to."""


class Config(NamedTuple):
    """A project's requirements, and how torch is to be chosen for it."""

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
    """The base URL of an index, if the table names one."""
    hosts: tuple[str, ...] = ()
    environment_variable: str | None = None
    when_no_accelerator: str = "auto"
    when_unsupported: str = "cpu"
    existing: str = "auto"
    companions: Mapping[str, CompanionIndex] = MappingProxyType({})
    """By the normalized name of the package."""
    compatibility: bool = False
    require_hashes: bool = False
    scope: str = "tree"
    build_requires: tuple[str, ...] = ()
    build_system: BuildSystem = BuildSystem()

    def find_extra(self, backend: Backend) -> BackendExtra | None:
        """Return the project's extra for a backend, if it has one.

        A Mac's wheel is in the CPU's folder, so that the CPU's extra covers it.
        """
        found = [extra for extra in self.extras if extra.backend.folder == backend.folder]
        return next((extra for extra in found if extra.backend == backend), next(iter(found), None))


def load_config(
    pyproject: Mapping[str, Any],
    hatch: Mapping[str, Any],
    metadata_overrides: Mapping[str, Any] | None = None,
) -> Config:
    """Read a pyproject.toml and Hatch's own configuration (its `tool.hatch`, or hatch.toml).

    `metadata_overrides` are the fields of `[project]` that are in other files. The types of
    Hatch's tables and of `[project]` are Hatch's to check, except for the requirements, which are
    read here too. Raises ConfigurationError with every fault.
    """
    build_system = BuildSystem.from_pyproject(pyproject, hatch)
    project = {**(metadata_overrides or {}), **get_table(pyproject, "project")}
    value = get_table(pyproject, "tool").get("torch-variant", {})
    table = get_table(value)
    dependencies = project.get("dependencies", table.get("dependencies"))
    faults = [
        *validate_table(value, KEYS, TABLE),
        *_check_project(project),
        *validate_build_system(build_system, table),
        *validate_extras(table.get("extras"), dependencies),
        *_check_companions(get_table(table, "companions")),
    ]
    if faults:
        raise ConfigurationError(faults)
    return _build_config(project, table, build_system)


def _check_companions(companions: Mapping[str, Any]) -> Iterator[str]:
    if companions:
        from hatch_torch.config.companions import find_faults  # noqa: PLC0415 (few have any)

        yield from find_faults(companions, f"{TABLE}.companions")


def _check_project(project: Mapping[str, Any]) -> Iterator[str]:
    yield from check_requirements(project.get("dependencies", []), "project.dependencies")
    extras = project.get("optional-dependencies", {})
    yield from check_requirement_table(extras, "project.optional-dependencies")


def _build_config(
    project: Mapping[str, Any], table: Mapping[str, Any], build_system: BuildSystem
) -> Config:
    name = project.get("name")
    lists = {**table.get("optional-dependencies", {}), **project.get("optional-dependencies", {})}
    by_name = {canonicalize_name(key): value for key, value in lists.items()}
    extras = tuple(
        _build_extra(key, extra, by_name.get(canonicalize_name(key), ()))
        for key, extra in table.get("extras", {}).items()
    )
    backend_extras = {canonicalize_name(extra.name) for extra in extras}
    plain = {key: table[key] for key in _PLAIN_KEYS if key in table}
    return Config(
        **{key.replace("-", "_"): value for key, value in plain.items()},
        name=name if isinstance(name, str) else "",
        dependencies=_parse_all(project.get("dependencies", table.get("dependencies", ()))),
        optional_dependencies={
            key: _parse_all(value)
            for key, value in lists.items()
            if canonicalize_name(key) not in backend_extras
        },
        extras=extras,
        companions={
            canonicalize_name(key): CompanionIndex(value["url"], tuple(value.get("hosts", ())))
            for key, value in table.get("companions", {}).items()
        },
        family=tuple(map(canonicalize_name, table.get("family", ()))),
        hosts=tuple(table.get("hosts", ())),
        build_requires=tuple((build_system.build_hook or table).get("build-requires", ())),
        build_system=build_system,
    )


def _build_extra(name: str, extra: Mapping[str, Any], declared: Iterable[str]) -> BackendExtra:
    """Return a backend's extra, with what `optional-dependencies` has under its name."""
    backend, *notices = backend_for_extra(name, extra)
    return BackendExtra(
        name=name,
        backend=backend,
        notices=tuple(notices),
        dependencies=_parse_all((*declared, *extra.get("dependencies", ()))),
        index_url=extra.get("index-url"),
        channel=extra.get("channel"),
    )


def _parse_all(requirements: Iterable[str]) -> tuple[Requirement, ...]:
    return tuple(map(Requirement, requirements))


def backend_for_extra(name: str, extra: Mapping[str, Any]) -> tuple[Backend] | tuple[Backend, str]:
    """Return the backend that an extra's name means, with a notice if another one replaces it.

    Raises ValueError for a name that is no backend's.
    """
    backend = Backend.parse(name)
    replacement = None if "index-url" in extra else nearest_published(backend)
    return replacement or (backend,)


def validate_extras(extras: object, dependencies: object) -> Iterator[str]:
    """Yield two extras for one backend, and requirements that exclude the project's own.

    Takes unchecked values, and skips what `validate_table` reports.
    """
    tables = {name: get_table(extra) for name, extra in get_table(extras).items()}
    backends = {name: extra for name, extra in tables.items() if is_backend(name)}
    yield from _find_duplicates(backends)
    project_requirements = valid_requirements(dependencies)
    for name, extra in backends.items():
        path = f"{toml_path(_EXTRAS, name)}.dependencies"
        extra_requirements = valid_requirements(extra.get("dependencies"))
        for ours, theirs in product(extra_requirements, project_requirements):
            if _exclude_each_other(ours, theirs):
                yield (
                    f"{path}: no version satisfies {str(ours)!r} and the project's {str(theirs)!r}"
                )


def _find_duplicates(extras: Mapping[str, Mapping[str, Any]]) -> Iterator[str]:
    names: dict[Backend, str] = {}
    for name, extra in extras.items():
        backend, *_ = backend_for_extra(name, extra)
        first = names.setdefault(backend, name)
        if first != name:
            yield (
                f"{toml_path(_EXTRAS, name)}: {toml_path(_EXTRAS, first)} means {backend} too; "
                "keep one of them"
            )


def _exclude_each_other(ours: Requirement, theirs: Requirement) -> bool:
    """Return whether no version satisfies both wherever the extra's requirement applies.

    A requirement of the project with another marker may not apply there.
    """
    is_same = canonicalize_name(ours.name) == canonicalize_name(theirs.name)
    apply_together = theirs.marker is None or theirs.marker == ours.marker
    if not (is_same and apply_together):
        return False
    return (ours.specifier & theirs.specifier).is_unsatisfiable()


def declared_extras(config: Config) -> dict[str, tuple[Requirement, ...]]:
    """Return every extra with its requirements: the ordinary ones, then the backends'.

    A backend's extra repeats the project's requirements on the torch family, so that
    `[tool.uv.sources]` can route them by extra.
    """
    family = _family_requirements(config)
    backends = {
        extra.name: tuple(dict.fromkeys((*family, *extra.dependencies))) for extra in config.extras
    }
    return {**config.optional_dependencies, **backends}


def _family_requirements(config: Config) -> tuple[Requirement, ...]:
    """Return the project's requirements on the family, or those of the extras if it has none."""
    names = {*FAMILY, *config.family}
    optional = (item for extra in config.optional_dependencies.values() for item in extra)
    return _select(names, config.dependencies) or _select(names, optional)


def _select(names: set[str], requirements: Iterable[Requirement]) -> tuple[Requirement, ...]:
    return tuple(
        dict.fromkeys(item for item in requirements if canonicalize_name(item.name) in names)
    )
