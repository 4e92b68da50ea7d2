"""How a project is wired to Hatch: which hooks it names, which of its fields are dynamic."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from packaging.utils import canonicalize_name

from hatch_torch.frontend.stamp import names_stamp
from hatch_torch.project.schema import TABLE, boolean, faults_of, strings

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping

    from hatch_torch.project.schema import Kind

HOOK = "torch-variant"
METADATA_HOOK = f"tool.hatch.metadata.hooks.{HOOK}"
BUILD_HOOK = f"tool.hatch.build.hooks.{HOOK}"
FIELDS = ("dependencies", "optional-dependencies")

_BUILD_HOOK_KEYS: Mapping[str, Kind] = {
    "build-requires": strings,
    # Hatch's own options of every build hook.
    "dependencies": strings,
    "enable-by-default": boolean,
    "require-runtime-dependencies": boolean,
    "require-runtime-features": strings,
}


@dataclass(frozen=True, slots=True)
class Wiring:
    """Which hooks a project names, and what its `[project]` table leaves to them."""

    metadata_hook: Mapping[str, Any] | None = None
    build_hook: Mapping[str, Any] | None = None
    dynamic: frozenset[str] = frozenset()
    static: frozenset[str] = frozenset()
    static_extras: frozenset[str] = frozenset()
    direct_references: bool = False
    uv_sources: Mapping[str, Any] = field(default_factory=dict)
    names_stamp: bool = False
    """Whether `[tool.uv] cache-keys` names the stamp."""

    @classmethod
    def of(cls, pyproject: Mapping[str, Any], hatch: Mapping[str, Any]) -> Wiring:
        """Read it from a pyproject.toml and Hatch's own configuration."""
        project = pyproject.get("project", {})
        metadata = hatch.get("metadata", {})
        return cls(
            metadata_hook=metadata.get("hooks", {}).get(HOOK),
            build_hook=_build_hook(hatch.get("build", {})),
            dynamic=frozenset(project.get("dynamic", ())),
            static=frozenset(project),
            static_extras=frozenset(project.get("optional-dependencies", ())),
            direct_references=metadata.get("allow-direct-references") is True,
            uv_sources=pyproject.get("tool", {}).get("uv", {}).get("sources", {}),
            names_stamp=names_stamp(pyproject),
        )

    @property
    def declares_extras(self) -> bool:
        """Whether the metadata hook is asked for the optional dependencies."""
        return self.metadata_hook is not None and "optional-dependencies" in self.dynamic

    @property
    def one_table(self) -> bool:
        """Whether the metadata hook alone has to make the additions (contract.md, section 2)."""
        return self.build_hook is None and self.metadata_hook is not None

    @property
    def asked_by_uv(self) -> bool:
        """Whether uv asks the build backend for the dependencies rather than read them itself."""
        return not self.dynamic.isdisjoint(FIELDS)

    def routed(self, asked_extras: Collection[str]) -> frozenset[str]:
        """Return the packages that `[tool.uv.sources]` routes in an install with these extras."""
        return frozenset(
            canonicalize_name(name)
            for name, sources in self.uv_sources.items()
            for source in (sources if isinstance(sources, list) else [sources])
            if source.get("extra") in {None, *asked_extras} and "group" not in source
        )


def _build_hook(build: Mapping[str, Any]) -> Mapping[str, Any] | None:
    for_wheels = build.get("targets", {}).get("wheel", {}).get("hooks", {})
    found: Mapping[str, Any] | None = {**build.get("hooks", {}), **for_wheels}.get(HOOK)
    return found


def wiring_faults(wiring: Wiring, table: Mapping[str, Any]) -> Iterator[str]:
    """Find the fields that two places set, the tables that nothing reads, and what is missing."""
    yield from faults_of(wiring.build_hook or {}, _BUILD_HOOK_KEYS, BUILD_HOOK)
    yield from faults_of(wiring.metadata_hook or {}, {}, METADATA_HOOK)
    if wiring.metadata_hook is None and wiring.build_hook is None:
        yield (
            f"{TABLE}: nothing reads this table; add [{BUILD_HOOK}], or see the README's full form"
        )
        return
    yield from _unread(wiring, table)
    yield from _twice(wiring, table)
    if wiring.one_table and not wiring.direct_references and "dependencies" in table:
        yield (
            f"[{METADATA_HOOK}] makes the additions itself, since there is no [{BUILD_HOOK}]; "
            "that needs these lines:\n    [tool.hatch.metadata]\n    allow-direct-references = true"
        )


def _unread(wiring: Wiring, table: Mapping[str, Any]) -> Iterator[str]:
    if wiring.metadata_hook is not None and wiring.dynamic.isdisjoint(FIELDS):
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
    extras = table.get("extras", {})
    for name in extras if isinstance(extras, dict) and not wiring.declares_extras else ():
        if name not in wiring.static_extras:
            yield (
                f"{TABLE}.extras.{name}: nothing declares this extra; add the table "
                f'[{METADATA_HOOK}] and "optional-dependencies" to project.dynamic'
            )


def _twice(wiring: Wiring, table: Mapping[str, Any]) -> Iterator[str]:
    for name in FIELDS:
        if name in wiring.static and name in table:
            yield (
                f"{TABLE}.{name}: found in project.{name} too; keep one of them "
                f'(the table is read where "{name}" is in project.dynamic)'
            )
