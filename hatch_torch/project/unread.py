"""What is wrong with how a project is wired: what two places set, what nothing reads."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from hatch_torch.project.builder import BUILDING, DISTRIBUTION, PROVIDER
from hatch_torch.project.kinds import boolean, faults_of, names, strings, table_at, under
from hatch_torch.project.schema import TABLE
from hatch_torch.project.wiring import BUILD_HOOK, FIELDS, METADATA_HOOK

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from hatch_torch.project.kinds import Kind
    from hatch_torch.project.wiring import Wiring

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
