"""How a project is wired to its build backend: what calls us, which fields are left to us."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Any, NamedTuple

from packaging.markers import InvalidMarker, Marker
from packaging.utils import canonicalize_name

from hatch_torch.frontend.stamp import names_stamp
from hatch_torch.markers import holds
from hatch_torch.project.builder import PROVIDER, Builder
from hatch_torch.project.kinds import table_at

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

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
        """Whether the metadata hook alone has to make the additions (contract.md, section 2)."""
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
