"""Faults of the wiring: what is missing, what nothing reads; and what uv's sources route."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from hatch_torch.config.build_system import BuildSystem

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tests.config.conftest import Faults, Read

_HATCH = '[build-system]\nbuild-backend = "hatchling.build"\n'
_METADATA = "tool.hatch.metadata.hooks.torch-variant"
_BUILD = "tool.hatch.build.hooks.torch-variant"
_PROJECT = '[project]\nname = "my-app"\n'
_LINUX = {"sys_platform": "linux", "python_version": "3.12"}


def test_no_hook(faults: Faults) -> None:
    """Nothing reads the table if no hook is named; its fields are not reported as well."""
    found = faults(_HATCH + _PROJECT + "[tool.torch-variant]\ndependencies = ['torch']\n")
    assert [
        (
            "tool.torch-variant: nothing reads this table\n"
            f"hint: add [{_BUILD}], or run `hatch-torch init`"
        )
    ] == found


def test_nothing_dynamic(faults: Faults) -> None:
    """Hatch never calls the metadata hook of a project without a dynamic field."""
    found = faults(f"{_PROJECT}dynamic = ['version']\n[{_METADATA}]\n[{_BUILD}]\n")
    assert [
        (
            f"{_METADATA}: Hatch calls this hook only for dynamic fields\n"
            'hint: add "optional-dependencies" to project.dynamic, or remove the hook'
        )
    ] == found


@pytest.mark.parametrize("field", ["dependencies", "optional-dependencies"])
def test_field_that_nothing_reads(faults: Faults, field: str) -> None:
    """Only the metadata hook reads a field of the table, and only if the field is dynamic."""
    value = "['torch']" if field == "dependencies" else "{ dev = ['pytest'] }"
    found = faults(f"{_PROJECT}[{_BUILD}]\n[tool.torch-variant]\n{field} = {value}\n")
    assert [
        (
            f"tool.torch-variant.{field}: nothing reads it\n"
            f'hint: add "{field}" to project.dynamic and the table [{_METADATA}]'
        )
    ] == found


@pytest.mark.parametrize("field", ["dependencies", "optional-dependencies"])
def test_field_in_two_places(faults: Faults, field: str) -> None:
    """A field is set in `[project]` or in the table, not in both."""
    value = "['torch']" if field == "dependencies" else "{ dev = ['pytest'] }"
    found = faults(
        f"{_PROJECT}{field} = {value}\n[{_BUILD}]\n[tool.torch-variant]\n{field} = {value}\n"
    )
    assert [
        (
            f"tool.torch-variant.{field}: project.{field} is set too; keep one of them "
            f'(this one is read if "{field}" is in project.dynamic)'
        )
    ] == found


def test_extra_that_nothing_declares(faults: Faults) -> None:
    """The metadata hook or the project itself has to declare a backend's extra."""
    found = faults(
        "[project]\noptional-dependencies = { CU126 = [] }\n"
        f"[{_BUILD}]\n[tool.torch-variant.extras]\ncu126 = {{}}\n'rocm7.1' = {{}}"
    )
    assert [
        (
            'tool.torch-variant.extras."rocm7.1": nothing declares this extra\n'
            f'hint: add "optional-dependencies" to project.dynamic and the table [{_METADATA}]'
        )
    ] == found


def test_direct_references_are_missing(faults: Faults) -> None:
    """A metadata hook that adds URLs needs Hatch's permission; the hint has the lines for it."""
    found = faults(f"{_PROJECT}dynamic = ['dependencies']\n[{_METADATA}]\n")
    assert [
        (
            f"{_METADATA}: without [{_BUILD}] this hook adds URLs, which Hatch has to allow\n"
            "hint: add these lines:\n    [tool.hatch.metadata]\n    allow-direct-references = true"
        )
    ] == found


def test_metadata_hook_alone_beside_static_dependencies(faults: Faults) -> None:
    """A metadata hook without a build hook can't add a wheel to static dependencies."""
    found = faults(
        f"{_PROJECT}dependencies = ['torch']\ndynamic = ['optional-dependencies']\n"
        f"[tool.hatch.metadata]\nallow-direct-references = true\n[{_METADATA}]\n"
    )
    assert [
        f"{_METADATA}: this hook can't add to static dependencies\nhint: add the table [{_BUILD}]"
    ] == found


@pytest.mark.parametrize("value", ["[]", "false", "'on'", "7"])
def test_hook_that_is_no_table(faults: Faults, value: str) -> None:
    """The table of a hook is a table."""
    dynamic = "dynamic = ['dependencies', 'optional-dependencies']"
    found = faults(
        f"{_PROJECT}{dynamic}\n[tool.hatch.build.hooks]\ntorch-variant = {value}\n"
        f"[tool.hatch.metadata.hooks]\ntorch-variant = {value}\n"
    )
    assert [fault.partition(":")[0] for fault in found] == [_BUILD, _METADATA]


def test_options_of_the_hooks(faults: Faults) -> None:
    """The build hook has few options, among them Hatch's own; the metadata hook has none."""
    found = faults(
        f"{_PROJECT}dynamic = ['optional-dependencies']\n[{_METADATA}]\nbackend = 'cpu'\n"
        "[tool.hatch.build.targets.wheel.hooks.torch-variant]\n"
        "enable-by-default = true\nbuild-requires = ['torch>=2']\nbackend = 'cpu'\n"
    )
    assert [
        (
            "tool.hatch.build.targets.wheel.hooks.torch-variant.build-requires[0]: "
            "expected a package name, got 'torch>=2'"
        ),
        (
            "tool.hatch.build.targets.wheel.hooks.torch-variant.backend: unknown key; expected "
            "one of build-requires, dependencies, enable-by-default, require-runtime-dependencies, "
            "require-runtime-features"
        ),
        f"{_METADATA}.backend: unknown key; this table has no keys",
    ] == found


def _routed(sources: Mapping[str, Any], *extras: str) -> set[str]:
    return {*BuildSystem(uv_sources=sources).uv_routed(extras, _LINUX)}


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ({"index": "pytorch"}, {"torch"}),
        ([{"index": "pytorch"}], {"torch"}),
        ({"index": "pytorch", "extra": "CU_124"}, {"torch"}),
        ({"index": "pytorch", "extra": "cpu"}, set()),
        ({"index": "pytorch", "group": "dev"}, set()),
        ({"index": "pytorch", "marker": "sys_platform == 'linux'"}, {"torch"}),
        ({"index": "pytorch", "marker": "sys_platform == 'darwin'"}, set()),
        ({"index": "pytorch", "marker": "sys_platform ~= 'linux'"}, set()),
        ({"index": "pytorch", "marker": "on Linux"}, set()),
        ([{"index": "a", "marker": "sys_platform == 'win32'"}, {"index": "b"}], {"torch"}),
        ({}, set()),
        ("pytorch", set()),
        ([7, ["x"]], set()),
        ({"index": "pytorch", "extra": ["cpu"]}, set()),
    ],
)
def test_routed(source: object, expected: set[str]) -> None:
    """Uv uses a source if its extra is requested and its marker applies."""
    assert expected == _routed({"Torch": source}, "cu-124")


def test_routed_by_the_table(read: Read) -> None:
    """The sources are those of `[tool.uv]`."""
    more = "[tool.uv.sources]\ntorch_vision = { index = 'pytorch' }"
    assert {"torch-vision"} == read(more, form="smallest").build_system.uv_routed([], _LINUX)
