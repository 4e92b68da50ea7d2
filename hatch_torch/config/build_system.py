"""Who builds a project, and by what that lets a plugin add requirements.

How a project is wired to its build backend: what calls us, which fields are left to us.

What is wrong with how a project is wired: what two places set, what nothing reads.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from packaging.markers import InvalidMarker, Marker
from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name

from hatch_torch.catalog import rows
from hatch_torch.catalog.specifiers import holds
from hatch_torch.config.validation import TABLE, boolean, faults_of, names, strings, table_at, under
from hatch_torch.frontend.uv_cache import names_stamp

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping

    from hatch_torch.config.validation import Kind

    Door = Literal["hooks", "table", "provider", "none"]


DISTRIBUTION = "hatch-torch"
"""What a project's build has to require, to have us."""
BUILDING = "hatch_torch.setuptools_build_meta"
"""setuptools' build backend, with torch in the build environment."""
PROVIDER = "torch-variant"
"""Our name in `[[tool.dynamic-metadata]]`."""


class Builder(NamedTuple):
    """A build backend, as `[build-system]` names it: a row of `tables/builders.toml`."""

    name: str = "Hatch"
    """For people; empty where it is not in the table."""
    door: Door = "hooks"
    backend: str = ""
    """What is written; empty where nothing is."""
    requires_us: bool = False
    """Whether `build-system.requires` has this plugin."""

    @classmethod
    def of(cls, pyproject: Mapping[str, Any]) -> Builder:
        """Read it from a pyproject.toml; a backend that nobody knows may stand for any other."""
        system = table_at(pyproject, "build-system")
        backend = str(system.get("build-backend", ""))
        found = [
            (len(prefix), row["name"], row["door"])
            for row in rows("builders")
            for prefix in row["backends"]
            if backend == prefix or (prefix and backend.startswith((f"{prefix}.", f"{prefix}:")))
        ]
        unknown: tuple[int, str, Door] = (0, "", "table")
        _, name, door = max(found, default=unknown)
        requires = system.get("requires")
        lines = requires if isinstance(requires, list) else []
        return cls(name, door, backend, requires_us=any(map(names_us, lines)))

    @property
    def prepares(self) -> bool:
        """Whether torch can be had in its build environment by `build-requires` in our table."""
        return self.door == "provider" or self.backend == BUILDING


def names_us(line: object) -> bool:
    """Tell whether a requirement is this plugin."""
    try:
        return canonicalize_name(Requirement(str(line)).name) == DISTRIBUTION
    except InvalidRequirement:
        return False


HOOK = "torch-variant"
METADATA_HOOK = f"tool.hatch.metadata.hooks.{HOOK}"
BUILD_HOOK = f"tool.hatch.build.hooks.{HOOK}"
FIELDS = ("dependencies", "optional-dependencies")


class Wiring(NamedTuple):
    """Who builds a project, what it names of ours, and what `[project]` leaves to that."""

    metadata_hook: Mapping[str, Any] | None = None
    build_hook: Mapping[str, Any] | None = None
    build_hook_path: str = BUILD_HOOK
    """Where the build hook's table is: for every target, or for wheels alone."""
    builder: Builder = Builder()
    provider: Mapping[str, Any] | None = None
    """Our row of `[[tool.dynamic-metadata]]`."""
    table: bool = False
    """Whether there is `[tool.torch-variant]`, which opts in where no hook is named."""
    standard: bool = True
    """Whether there is `[project]`; a setup.cfg or setup.py may be in its place."""
    dynamic: frozenset[str] = frozenset()
    """Those of FIELDS that the project leaves to its build."""
    elsewhere: frozenset[str] = frozenset()
    """Those of FIELDS that `[tool.setuptools.dynamic]` sets."""
    static: frozenset[str] = frozenset()
    static_extras: frozenset[str] = frozenset()
    """The normalized names of the extras that `[project]` declares itself."""
    direct_references: bool = False
    uv_sources: Mapping[str, Any] = MappingProxyType({})
    names_stamp: bool = False
    """Whether `[tool.uv] cache-keys` names the stamp."""

    @classmethod
    def of(cls, pyproject: Mapping[str, Any], hatch: Mapping[str, Any]) -> Wiring:
        """Read it from a pyproject.toml and Hatch's own configuration.

        What has another shape than it should is Hatch's to tell, or uv's; here it is not there.
        """
        project = table_at(pyproject, "project")
        path, build_hook = _build_hook(hatch)
        return cls(
            metadata_hook=table_at(hatch, "metadata", "hooks").get(HOOK),
            build_hook=build_hook,
            build_hook_path=path,
            builder=Builder.of(pyproject),
            provider=_provider(pyproject),
            table="torch-variant" in table_at(pyproject, "tool"),
            standard="project" in pyproject,
            dynamic=_among(project.get("dynamic")),
            elsewhere=_among([*table_at(pyproject, "tool", "setuptools", "dynamic")]),
            static=frozenset(project),
            static_extras=frozenset(
                map(canonicalize_name, table_at(project, "optional-dependencies"))
            ),
            direct_references=table_at(hatch, "metadata").get("allow-direct-references") is True,
            uv_sources=table_at(pyproject, "tool", "uv", "sources"),
            names_stamp=names_stamp(pyproject),
        )

    @property
    def hooked(self) -> bool:
        """Whether the project names a hook of Hatch's that is ours."""
        return self.metadata_hook is not None or self.build_hook is not None

    @property
    def called(self) -> bool:
        """Whether a build calls us at all."""
        if self.builder.door == "table":
            return self.hooked or (self.table and self.builder.requires_us)
        return self.hooked or (self.builder.door == "provider" and self.provider is not None)

    @property
    def adds(self) -> bool:
        """Whether any install of the project, editable or not, comes to us."""
        return self.build_hook is not None if self.hooked else self.called

    @property
    def sets(self) -> frozenset[str]:
        """Those of FIELDS that we set in a build: Hatch's metadata hook, or another's door."""
        if self.hooked:
            return self.dynamic if self.metadata_hook is not None else frozenset()
        if not self.called:
            return frozenset()
        return self.dynamic - self.elsewhere if self.standard else frozenset(FIELDS)

    def declares(self, extra: str) -> bool:
        """Answer whether the project has an extra of a backend: ours or one of its own."""
        return FIELDS[1] in self.sets or canonicalize_name(extra) in self.static_extras

    @property
    def one_table(self) -> bool:
        """Whether the metadata hook alone has to make the additions."""
        return self.build_hook is None and self.metadata_hook is not None

    @property
    def asked_by_uv(self) -> bool:
        """Whether uv asks the build backend for the dependencies rather than read them itself."""
        return bool(self.dynamic) or not self.standard

    def routed(
        self, asked_extras: Collection[str], environment: Mapping[str, str]
    ) -> frozenset[str]:
        """Return the packages that `[tool.uv.sources]` routes in an install with these extras.

        `environment` are the values of the markers under which a source may stand.
        """
        extras = {*map(canonicalize_name, asked_extras)}
        return frozenset(
            canonicalize_name(name)
            for name, sources in self.uv_sources.items()
            for source in (sources if isinstance(sources, list) else [sources])
            if _applies(table_at(source), extras, environment)
        )


def _among(names: object) -> frozenset[str]:
    """Return those of FIELDS that are named."""
    return frozenset(one for one in FIELDS if isinstance(names, list) and one in names)


def _provider(pyproject: Mapping[str, Any]) -> Mapping[str, Any] | None:
    entries = table_at(pyproject, "tool").get("dynamic-metadata")
    every = map(table_at, entries if isinstance(entries, list) else ())
    return next((one for one in every if one.get("provider") == PROVIDER), None)


def _applies(
    source: Mapping[str, Any], extras: Collection[str], environment: Mapping[str, str]
) -> bool:
    """Answer whether uv takes a source; one of a group is not the project's own."""
    if not source or "group" in source:
        return False
    extra, marker = source.get("extra"), source.get("marker")
    if extra is not None and canonicalize_name(str(extra)) not in extras:
        return False
    try:
        return holds(Marker(str(marker)) if marker is not None else None, environment)
    except InvalidMarker:
        return False


def _build_hook(hatch: Mapping[str, Any]) -> tuple[str, Mapping[str, Any] | None]:
    """Return the path of the build hook's table, and the table; one for wheels counts more."""
    for_wheels = table_at(hatch, "build", "targets", "wheel", "hooks")
    if HOOK in for_wheels:
        return f"tool.hatch.build.targets.wheel.hooks.{HOOK}", for_wheels[HOOK]
    return BUILD_HOOK, table_at(hatch, "build", "hooks").get(HOOK)


_BUILD_HOOK_KEYS: Mapping[str, Kind] = {
    "build-requires": names,
    # Hatch's own options of every build hook.
    "dependencies": strings,
    "enable-by-default": boolean,
    "require-runtime-dependencies": boolean,
    "require-runtime-features": strings,
}


def wiring_faults(wiring: Wiring, table: Mapping[str, Any]) -> Iterator[str]:
    """Find the fields that two places set, the tables that nothing reads, and what is missing."""
    if wiring.build_hook is not None:
        yield from faults_of(wiring.build_hook, _BUILD_HOOK_KEYS, wiring.build_hook_path)
    if wiring.metadata_hook is not None:
        yield from faults_of(wiring.metadata_hook, {}, METADATA_HOOK)
    if wiring.hooked:
        yield from _unread(wiring, table)
    elif wiring.table or wiring.provider is not None:
        yield from _not_called(wiring) if not wiring.called else _unset(wiring, table)
    yield from _twice(wiring, table)
    if wiring.one_table:
        yield from _missing(wiring)
    if "build-requires" in table:
        yield from _unprepared(wiring)


def _not_called(wiring: Wiring) -> Iterator[str]:
    """Find what it takes to be called; what nobody can call is for the command line alone."""
    told = f"{TABLE}: nothing reads this table; add "
    match wiring.builder.door:
        case "hooks":
            yield f"{told}[{BUILD_HOOK}], or see the README's full form"
        case "provider":
            yield f'{told}these lines:\n    [[tool.dynamic-metadata]]\n    provider = "{PROVIDER}"'
        case "table" if not wiring.builder.backend:
            yield (
                f"{told}these lines, or others of the README:\n    [build-system]\n"
                f'    requires = ["setuptools>=69", "{DISTRIBUTION}"]\n'
                '    build-backend = "setuptools.build_meta"'
            )
        case "table":
            yield f'{told}"{DISTRIBUTION}" to build-system.requires'


def _unset(wiring: Wiring, table: Mapping[str, Any]) -> Iterator[str]:
    """Find the fields and extras that no build would have, where we are called without a hook."""
    if wiring.provider is not None:
        yield from faults_of(
            {key: one for key, one in wiring.provider.items() if key != "provider"},
            {},
            "tool.dynamic-metadata",
        )
        yield from _not_dynamic(wiring)
    for name in FIELDS:
        if name in table and name in wiring.elsewhere:
            yield f"{TABLE}.{name}: found in tool.setuptools.dynamic too; keep one of them"
        elif name in table and name not in {*wiring.sets, *wiring.static}:
            yield f'{TABLE}.{name}: nothing reads it; add "{name}" to project.dynamic'
    for name in table_at(table, "extras"):
        if not wiring.declares(name):
            yield (
                f"{under(f'{TABLE}.extras', name)}: nothing declares this extra; "
                f'add "{FIELDS[1]}" to project.dynamic'
            )


def _not_dynamic(wiring: Wiring) -> Iterator[str]:
    """Find the fields that a provider may not add to, though it has to."""
    for name in FIELDS:
        if name not in wiring.dynamic and (name == FIELDS[0] or name in wiring.static):
            yield (
                f'project.dynamic: "{name}" is missing; {wiring.builder.name or "the build"} '
                "lets us add to what is there only where it is dynamic too"
            )


def _unprepared(wiring: Wiring) -> Iterator[str]:
    """Say where `build-requires` belongs, or what it takes to be heard."""
    key = f"{TABLE}.build-requires"
    if wiring.hooked or wiring.builder.door == "hooks":
        yield f"{key}: nothing reads it; with Hatch it belongs in [{BUILD_HOOK}]"
    elif wiring.builder.name == "setuptools" and not wiring.builder.prepares:
        yield f'{key}: nothing reads it; add to [build-system]:\n    build-backend = "{BUILDING}"'
    elif not wiring.builder.prepares:
        name = wiring.builder.name or "this build backend"
        yield f"{key}: nothing reads it; {name} asks no plugin for its build environment"


def _unread(wiring: Wiring, table: Mapping[str, Any]) -> Iterator[str]:
    if wiring.metadata_hook is not None and not wiring.dynamic:
        yield (
            f"{METADATA_HOOK}: Hatch calls it for a dynamic field only; "
            'add "optional-dependencies" to project.dynamic, or remove the hook'
        )
    for name in FIELDS:
        called = wiring.metadata_hook is not None and name in wiring.dynamic
        if name in table and not called and name not in wiring.static:
            yield (
                f"{TABLE}.{name}: nothing reads it; "
                f'add "{name}" to project.dynamic and the table [{METADATA_HOOK}]'
            )
    for name in table_at(table, "extras"):
        if not wiring.declares(name):
            yield (
                f"{under(f'{TABLE}.extras', name)}: nothing declares this extra; add the table "
                f'[{METADATA_HOOK}] and "optional-dependencies" to project.dynamic'
            )


def _twice(wiring: Wiring, table: Mapping[str, Any]) -> Iterator[str]:
    for name in FIELDS:
        if name in wiring.static and name in table:
            yield (
                f"{TABLE}.{name}: found in project.{name} too; keep one of them "
                f'(the table is read where "{name}" is in project.dynamic)'
            )


def _missing(wiring: Wiring) -> Iterator[str]:
    """Find what the metadata hook lacks where it has to make the additions itself."""
    if "dependencies" in wiring.dynamic and not wiring.direct_references:
        yield (
            f"{METADATA_HOOK}: it makes the additions itself, since there is no [{BUILD_HOOK}]; "
            "that needs these lines:\n    [tool.hatch.metadata]\n    allow-direct-references = true"
        )
    elif wiring.dynamic and "dependencies" not in wiring.dynamic:
        yield (
            f"{METADATA_HOOK}: it cannot add to dependencies that are not dynamic; "
            f"add the table [{BUILD_HOOK}]"
        )
