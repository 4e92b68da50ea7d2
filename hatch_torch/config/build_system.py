"""The project's build backend, how it calls this plugin, and what is wrong with that wiring.

Each build backend has one integration (`catalog/data/build_backends.toml`): Hatch calls the hooks
that its tables name, setuptools and PDM look for `[tool.torch-variant]`, scikit-build-core calls a
provider that `[[tool.dynamic-metadata]]` names.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from packaging.markers import InvalidMarker, Marker
from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name

from hatch_torch.catalog import load_table
from hatch_torch.catalog.specifiers import marker_applies
from hatch_torch.config.validation import (
    TABLE,
    check_boolean,
    check_names,
    check_strings,
    get_table,
    toml_path,
    validate_table,
)
from hatch_torch.frontend.uv_cache import names_stamp

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping

    from hatch_torch.config.validation import Validator

    Integration = Literal["hooks", "table", "provider", "none"]


DISTRIBUTION = "hatch-torch"
"""The name that `build-system.requires` has to contain."""
SETUPTOOLS_BACKEND = "hatch_torch.setuptools_build_meta"
"""setuptools' build backend with torch in the build environment."""
PROVIDER = "torch-variant"
"""The name of this plugin in `[[tool.dynamic-metadata]]`."""
HOOK = "torch-variant"
METADATA_HOOK = f"tool.hatch.metadata.hooks.{HOOK}"
BUILD_HOOK = f"tool.hatch.build.hooks.{HOOK}"
FIELDS = ("dependencies", "optional-dependencies")
"""The fields of `[project]` that this plugin can fill."""
_DEPENDENCIES, _EXTRAS = FIELDS


class BuildBackend(NamedTuple):
    """A build backend, as `[build-system]` names it: a row of `build_backends.toml`."""

    name: str = "Hatch"
    """For messages; empty for a build backend that is not in the table."""
    integration: Integration = "hooks"
    import_path: str = ""
    """The value of `build-backend`; empty where there is none."""
    requires_hatch_torch: bool = False
    """Whether `build-system.requires` names this plugin."""

    @classmethod
    def from_pyproject(cls, pyproject: Mapping[str, Any]) -> BuildBackend:
        """Return the build backend of a project.

        One that is not in the table is taken for a wrapper of another (an in-tree backend).
        """
        system = get_table(pyproject, "build-system")
        import_path = str(system.get("build-backend", ""))
        matches = [
            (len(prefix), row["name"], row["integration"])
            for row in load_table("build_backends")
            for prefix in row["backends"]
            if import_path == prefix
            or (prefix and import_path.startswith((f"{prefix}.", f"{prefix}:")))
        ]
        unknown: tuple[int, str, Integration] = (0, "", "table")
        _, name, integration = max(matches, default=unknown)
        requires = system.get("requires")
        required = isinstance(requires, list) and any(map(is_hatch_torch, requires))
        return cls(name, integration, import_path, requires_hatch_torch=required)

    @property
    def supports_build_requires(self) -> bool:
        """Whether `tool.torch-variant.build-requires` brings torch into its build environment."""
        return self.integration == "provider" or self.import_path == SETUPTOOLS_BACKEND


def is_hatch_torch(requirement: object) -> bool:
    """Return whether a requirement is this plugin."""
    try:
        return canonicalize_name(Requirement(str(requirement)).name) == DISTRIBUTION
    except InvalidRequirement:
        return False


class BuildSystem(NamedTuple):
    """A project's build backend, its tables for this plugin, and the fields that are dynamic."""

    metadata_hook: Mapping[str, Any] | None = None
    build_hook: Mapping[str, Any] | None = None
    build_hook_path: str = BUILD_HOOK
    """The TOML path of the build hook: for every target, or for wheels alone."""
    build_backend: BuildBackend = BuildBackend()
    provider: Mapping[str, Any] | None = None
    """This plugin's entry of `[[tool.dynamic-metadata]]`."""
    table: bool = False
    """Whether there is `[tool.torch-variant]`, which opts in where no hook is named."""
    standard: bool = True
    """Whether there is `[project]`; without it a setup.cfg or setup.py has the metadata."""
    dynamic: frozenset[str] = frozenset()
    """The FIELDS in `project.dynamic`."""
    setuptools_dynamic: frozenset[str] = frozenset()
    """The FIELDS that `[tool.setuptools.dynamic]` sets."""
    static: frozenset[str] = frozenset()
    """The keys of `[project]`."""
    static_extras: frozenset[str] = frozenset()
    """The normalized names of the extras in `[project.optional-dependencies]`."""
    direct_references: bool = False
    """Whether `tool.hatch.metadata.allow-direct-references` is true."""
    uv_sources: Mapping[str, Any] = MappingProxyType({})
    names_stamp: bool = False
    """Whether `tool.uv.cache-keys` names the stamp."""

    @classmethod
    def from_pyproject(cls, pyproject: Mapping[str, Any], hatch: Mapping[str, Any]) -> BuildSystem:
        """Read a pyproject.toml, and Hatch's own configuration (`tool.hatch`, or hatch.toml).

        A table of another tool that has the wrong type counts as absent: that tool reports it.
        """
        project = get_table(pyproject, "project")
        path, build_hook = _find_build_hook(hatch)
        extras = get_table(project, "optional-dependencies")
        return cls(
            metadata_hook=get_table(hatch, "metadata", "hooks").get(HOOK),
            build_hook=build_hook,
            build_hook_path=path,
            build_backend=BuildBackend.from_pyproject(pyproject),
            provider=_find_provider(pyproject),
            table="torch-variant" in get_table(pyproject, "tool"),
            standard="project" in pyproject,
            dynamic=_select_fields(project.get("dynamic")),
            setuptools_dynamic=_select_fields(
                [*get_table(pyproject, "tool", "setuptools", "dynamic")]
            ),
            static=frozenset(project),
            static_extras=frozenset(map(canonicalize_name, extras)),
            direct_references=get_table(hatch, "metadata").get("allow-direct-references") is True,
            uv_sources=get_table(pyproject, "tool", "uv", "sources"),
            names_stamp=names_stamp(pyproject),
        )

    @property
    def has_hatch_hook(self) -> bool:
        """Whether the project names one of this plugin's Hatch hooks."""
        return self.metadata_hook is not None or self.build_hook is not None

    @property
    def is_invoked(self) -> bool:
        """Whether a build calls this plugin at all."""
        match self.build_backend.integration:
            case "table":
                invoked = self.table and self.build_backend.requires_hatch_torch
            case "provider":
                invoked = self.provider is not None
            case _:
                invoked = False
        return self.has_hatch_hook or invoked

    @property
    def injects(self) -> bool:
        """Whether every install of the project, editable or not, can get injected requirements."""
        return self.build_hook is not None if self.has_hatch_hook else self.is_invoked

    @property
    def fills_fields(self) -> frozenset[str]:
        """The FIELDS that this plugin fills in a build."""
        if self.has_hatch_hook:
            return self.dynamic if self.metadata_hook is not None else frozenset()
        if not self.is_invoked:
            return frozenset()
        return self.dynamic - self.setuptools_dynamic if self.standard else frozenset(FIELDS)

    def declares_extra(self, extra: str) -> bool:
        """Return whether the project's metadata has this extra of a backend."""
        return _EXTRAS in self.fills_fields or canonicalize_name(extra) in self.static_extras

    @property
    def metadata_hook_only(self) -> bool:
        """Whether the metadata hook has to inject the requirements, for lack of a build hook."""
        return self.build_hook is None and self.metadata_hook is not None

    @property
    def uv_asks_backend(self) -> bool:
        """Whether uv has to ask the build backend for the dependencies."""
        return bool(self.dynamic) or not self.standard

    def uv_routed(
        self, requested_extras: Collection[str], environment: Mapping[str, str]
    ) -> frozenset[str]:
        """Return the packages that `[tool.uv.sources]` routes in an install with these extras.

        `environment` holds the values of PEP 508 markers.
        """
        extras = {*map(canonicalize_name, requested_extras)}
        return frozenset(
            canonicalize_name(name)
            for name, sources in self.uv_sources.items()
            for source in (sources if isinstance(sources, list) else [sources])
            if is_source_used(get_table(source), extras, environment)
        )


def _select_fields(names: object) -> frozenset[str]:
    return frozenset(field for field in FIELDS if isinstance(names, list) and field in names)


def _find_provider(pyproject: Mapping[str, Any]) -> Mapping[str, Any] | None:
    entries = get_table(pyproject, "tool").get("dynamic-metadata")
    tables = map(get_table, entries if isinstance(entries, list) else ())
    return next((table for table in tables if table.get("provider") == PROVIDER), None)


def is_source_used(
    source: Mapping[str, Any], extras: Collection[str], environment: Mapping[str, str]
) -> bool:
    """Return whether an entry of `[tool.uv.sources]` applies to an install with these extras."""
    # A source with a `group` is for a dependency group, not for the project's own requirements.
    if not source or "group" in source:
        return False
    extra, marker = source.get("extra"), source.get("marker")
    if extra is not None and canonicalize_name(str(extra)) not in extras:
        return False
    try:
        return marker_applies(Marker(str(marker)) if marker is not None else None, environment)
    except InvalidMarker:
        return False


def _find_build_hook(hatch: Mapping[str, Any]) -> tuple[str, Mapping[str, Any] | None]:
    """Return the TOML path of the build hook, and its table; the one for wheels wins."""
    wheel_hooks = get_table(hatch, "build", "targets", "wheel", "hooks")
    if HOOK in wheel_hooks:
        return f"tool.hatch.build.targets.wheel.hooks.{HOOK}", wheel_hooks[HOOK]
    return BUILD_HOOK, get_table(hatch, "build", "hooks").get(HOOK)


_BUILD_HOOK_KEYS: Mapping[str, Validator] = {
    "build-requires": check_names,
    # Hatch's own options of every build hook.
    "dependencies": check_strings,
    "enable-by-default": check_boolean,
    "require-runtime-dependencies": check_boolean,
    "require-runtime-features": check_strings,
}


def validate_build_system(build_system: BuildSystem, table: Mapping[str, Any]) -> Iterator[str]:
    """Yield the faults of the wiring: tables that nothing reads, fields that two places set.

    `table` is `[tool.torch-variant]`.
    """
    if build_system.build_hook is not None:
        yield from validate_table(
            build_system.build_hook, _BUILD_HOOK_KEYS, build_system.build_hook_path
        )
    if build_system.metadata_hook is not None:
        yield from validate_table(build_system.metadata_hook, {}, METADATA_HOOK)
    if build_system.has_hatch_hook:
        yield from _check_hatch_fields(build_system, table)
    elif build_system.table or build_system.provider is not None:
        if build_system.is_invoked:
            yield from _check_other_fields(build_system, table)
        else:
            yield from _check_not_invoked(build_system.build_backend)
    yield from _check_set_twice(build_system, table)
    if build_system.metadata_hook_only:
        yield from _check_metadata_hook_only(build_system)
    if "build-requires" in table:
        yield from _check_build_requires(build_system)


def _check_not_invoked(backend: BuildBackend) -> Iterator[str]:
    # With integration "none" only the commands work, so that there is nothing to add.
    fault = f"{TABLE}: nothing reads this table\nhint: add "
    match backend.integration:
        case "hooks":
            yield f"{fault}[{BUILD_HOOK}], or run `hatch-torch init`"
        case "provider":
            yield f'{fault}these lines:\n    [[tool.dynamic-metadata]]\n    provider = "{PROVIDER}"'
        case "table" if not backend.import_path:
            yield (
                f"{fault}these lines, or run `hatch-torch init`:\n    [build-system]\n"
                f'    requires = ["setuptools>=69", "{DISTRIBUTION}"]\n'
                '    build-backend = "setuptools.build_meta"'
            )
        case "table":
            yield f'{fault}"{DISTRIBUTION}" to build-system.requires'


def _check_other_fields(build_system: BuildSystem, table: Mapping[str, Any]) -> Iterator[str]:
    """Yield the fields and extras that no build would have, without Hatch's hooks."""
    if build_system.provider is not None:
        settings = {key: item for key, item in build_system.provider.items() if key != "provider"}
        yield from validate_table(settings, {}, "tool.dynamic-metadata")
        yield from _check_provider_fields(build_system)
    for field in FIELDS:
        if field in table and field in build_system.setuptools_dynamic:
            yield f"{TABLE}.{field}: tool.setuptools.dynamic.{field} is set too; keep one of them"
        elif field in table and field not in {*build_system.fills_fields, *build_system.static}:
            yield f'{TABLE}.{field}: nothing reads it\nhint: add "{field}" to project.dynamic'
    for name in get_table(table, "extras"):
        if not build_system.declares_extra(name):
            yield (
                f"{toml_path(f'{TABLE}.extras', name)}: nothing declares this extra\n"
                f'hint: add "{_EXTRAS}" to project.dynamic'
            )


def _check_provider_fields(build_system: BuildSystem) -> Iterator[str]:
    name = build_system.build_backend.name or "the build backend"
    for field in FIELDS:
        is_needed = field == _DEPENDENCIES or field in build_system.static
        if is_needed and field not in build_system.dynamic:
            yield (
                f'project.dynamic: expected "{field}" in it: {name} lets a provider add only to '
                "dynamic fields"
            )


def _check_build_requires(build_system: BuildSystem) -> Iterator[str]:
    fault = f"{TABLE}.build-requires: nothing reads it"
    backend = build_system.build_backend
    if build_system.has_hatch_hook or backend.integration == "hooks":
        yield f"{fault}\nhint: with Hatch it belongs in [{BUILD_HOOK}]"
    elif backend.supports_build_requires:
        return
    elif backend.name == "setuptools":
        yield f'{fault}\nhint: set build-system.build-backend = "{SETUPTOOLS_BACKEND}"'
    else:
        name = backend.name or "this build backend"
        yield f"{fault}; {name} lets no plugin add build requirements"


def _check_hatch_fields(build_system: BuildSystem, table: Mapping[str, Any]) -> Iterator[str]:
    """Yield the fields and extras that Hatch's metadata hook does not reach."""
    has_hook = build_system.metadata_hook is not None
    if has_hook and not build_system.dynamic:
        yield (
            f"{METADATA_HOOK}: Hatch calls this hook only for dynamic fields\n"
            f'hint: add "{_EXTRAS}" to project.dynamic, or remove the hook'
        )
    for field in FIELDS:
        is_filled = has_hook and field in build_system.dynamic
        if field in table and not is_filled and field not in build_system.static:
            yield (
                f"{TABLE}.{field}: nothing reads it\n"
                f'hint: add "{field}" to project.dynamic and the table [{METADATA_HOOK}]'
            )
    for name in get_table(table, "extras"):
        if not build_system.declares_extra(name):
            yield (
                f"{toml_path(f'{TABLE}.extras', name)}: nothing declares this extra\n"
                f'hint: add "{_EXTRAS}" to project.dynamic and the table [{METADATA_HOOK}]'
            )


def _check_set_twice(build_system: BuildSystem, table: Mapping[str, Any]) -> Iterator[str]:
    for field in FIELDS:
        if field in build_system.static and field in table:
            yield (
                f"{TABLE}.{field}: project.{field} is set too; keep one of them "
                f'(this one is read if "{field}" is in project.dynamic)'
            )


def _check_metadata_hook_only(build_system: BuildSystem) -> Iterator[str]:
    """Yield what the metadata hook lacks to inject the requirements itself."""
    if _DEPENDENCIES in build_system.dynamic and not build_system.direct_references:
        yield (
            f"{METADATA_HOOK}: without [{BUILD_HOOK}] this hook adds URLs, which Hatch has to "
            "allow\nhint: add these lines:\n    [tool.hatch.metadata]\n"
            "    allow-direct-references = true"
        )
    elif build_system.dynamic and _DEPENDENCIES not in build_system.dynamic:
        yield (
            f"{METADATA_HOOK}: this hook can't add to static dependencies\n"
            f"hint: add the table [{BUILD_HOOK}]"
        )
