"""How a project is wired to Hatch: which hooks it names, which of its fields are dynamic."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Any, NamedTuple

from packaging.markers import InvalidMarker, Marker
from packaging.utils import canonicalize_name

from hatch_torch.frontend.stamp import names_stamp
from hatch_torch.markers import holds
from hatch_torch.project.kinds import boolean, faults_of, names, strings, table_at, under
from hatch_torch.project.schema import TABLE

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping

    from hatch_torch.project.kinds import Kind

HOOK = "torch-variant"
METADATA_HOOK = f"tool.hatch.metadata.hooks.{HOOK}"
BUILD_HOOK = f"tool.hatch.build.hooks.{HOOK}"
FIELDS = ("dependencies", "optional-dependencies")

_BUILD_HOOK_KEYS: Mapping[str, Kind] = {
    "build-requires": names,
    # Hatch's own options of every build hook.
    "dependencies": strings,
    "enable-by-default": boolean,
    "require-runtime-dependencies": boolean,
    "require-runtime-features": strings,
}


class Wiring(NamedTuple):
    """Which hooks a project names, and what its `[project]` table leaves to them."""

    metadata_hook: Mapping[str, Any] | None = None
    build_hook: Mapping[str, Any] | None = None
    build_hook_path: str = BUILD_HOOK
    """Where the build hook's table is: for every target, or for wheels alone."""
    dynamic: frozenset[str] = frozenset()
    """Those of FIELDS that the project leaves to the hooks."""
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
        dynamic = project.get("dynamic")
        left = dynamic if isinstance(dynamic, list) else []
        path, build_hook = _build_hook(hatch)
        return cls(
            metadata_hook=table_at(hatch, "metadata", "hooks").get(HOOK),
            build_hook=build_hook,
            build_hook_path=path,
            dynamic=frozenset(one for one in FIELDS if one in left),
            static=frozenset(project),
            static_extras=frozenset(
                map(canonicalize_name, table_at(project, "optional-dependencies"))
            ),
            direct_references=table_at(hatch, "metadata").get("allow-direct-references") is True,
            uv_sources=table_at(pyproject, "tool", "uv", "sources"),
            names_stamp=names_stamp(pyproject),
        )

    @property
    def declares_extras(self) -> bool:
        """Whether the metadata hook is asked for the optional dependencies."""
        return self.metadata_hook is not None and "optional-dependencies" in self.dynamic

    def declares(self, extra: str) -> bool:
        """Answer whether the project has an extra of a backend: the hook's or one of its own."""
        return self.declares_extras or canonicalize_name(extra) in self.static_extras

    @property
    def one_table(self) -> bool:
        """Whether the metadata hook alone has to make the additions (contract.md, section 2)."""
        return self.build_hook is None and self.metadata_hook is not None

    @property
    def asked_by_uv(self) -> bool:
        """Whether uv asks the build backend for the dependencies rather than read them itself."""
        return bool(self.dynamic)

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


def wiring_faults(wiring: Wiring, table: Mapping[str, Any]) -> Iterator[str]:
    """Find the fields that two places set, the tables that nothing reads, and what is missing."""
    if wiring.build_hook is not None:
        yield from faults_of(wiring.build_hook, _BUILD_HOOK_KEYS, wiring.build_hook_path)
    if wiring.metadata_hook is not None:
        yield from faults_of(wiring.metadata_hook, {}, METADATA_HOOK)
    if wiring.metadata_hook is not None or wiring.build_hook is not None:
        yield from _unread(wiring, table)
    elif table:
        yield (
            f"{TABLE}: nothing reads this table; add [{BUILD_HOOK}], or see the README's full form"
        )
    yield from _twice(wiring, table)
    if wiring.one_table:
        yield from _missing(wiring)


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
