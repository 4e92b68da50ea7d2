"""Backends that other tables name, and the forms that a project may have already."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from hatch_torch._toml import loads

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.init.conftest import Plan

HATCHLING = '[build-system]\nrequires = ["hatchling", "Hatch_Torch>=0.1"]\n'
HATCHLING += 'build-backend = "hatchling.build"\n'
PROJECT = HATCHLING + '[project]\nname = "my-app"\nversion = "1"\ndependencies = ["torch"]\n'
METADATA = "[tool.hatch.metadata.hooks.torch-variant]\n"
BUILD = "[tool.hatch.build.hooks.torch-variant]\n"


def test_extras_of_backends(plan: Plan, read_project: Callable[[str], str]) -> None:
    """An extra that is named like a backend becomes one, with its lines as they were written."""
    result = plan(read_project("by_hand")).files.pyproject
    assert (
        "[tool.torch-variant.extras.cu126]\n"
        "# Pascal needs it.\n"
        "dependencies = [\n"
        '    "torch>=2.6,<2.13",  # old drivers\n'
        '    "torchvision",\n'
        "]\n"
    ) in result
    assert "[tool.torch-variant.extras.mps]\n\n" in result
    assert '[tool.torch-variant.optional-dependencies]\ndev = ["pytest"]\n\n[tool.uv]\n' in result


def test_indexes_of_uv(plan: Plan, read_project: Callable[[str], str]) -> None:
    """PyTorch's indexes keep their names; each is a backend, and explicit."""
    tables = loads(plan(read_project("by_hand")).files.pyproject)["tool"]
    assert tables["torch-variant"]["extras"]["cu130"] == {"channel": "nightly"}
    assert [(index["name"], index["explicit"]) for index in tables["uv"]["index"]] == [
        ("torch-cuda", True),
        ("torch-cpu", True),
        ("torch-nightly", True),
    ]


def test_sources_of_uv(plan: Plan, read_project: Callable[[str], str]) -> None:
    """Sources that lead to PyTorch are split by extra; those of a group, and others, stay."""
    tables = loads(plan(read_project("by_hand")).files.pyproject)["tool"]["uv"]
    by_extra = [
        {"index": "torch-cuda", "extra": "cu126"},
        {"index": "torch-cpu", "extra": "cpu"},
    ]
    assert tables["sources"] == {
        "torch": [{"index": "torch-cpu", "group": "ci"}, *by_extra],
        "torchvision": by_extra,
        "torchaudio": {"path": "../audio"},
    }


def test_conflicts_of_uv(plan: Plan, read_project: Callable[[str], str]) -> None:
    """A conflict of some backends becomes that of all; others stay."""
    assert loads(plan(read_project("by_hand")).files.pyproject)["tool"]["uv"]["conflicts"] == [
        [{"group": "a"}, {"group": "b"}],
        [{"extra": "cu126"}, {"extra": "cpu"}, {"extra": "mps"}, {"extra": "cu130"}],
    ]


def test_sources_of_poetry(plan: Plan, read_project: Callable[[str], str]) -> None:
    """Poetry's source for PyTorch's index is removed with its comment; others stay."""
    result = plan(read_project("poetry_as_manager")).files.pyproject
    tables = loads(result)["tool"]
    assert tables["poetry"]["dependencies"] == {
        "torch": {"version": "^2.4"},
        "numpy": {"version": "*", "source": "corp"},
        "scipy": "*",
    }
    assert [source["name"] for source in tables["poetry"]["source"]] == ["corp"]
    assert tables["torch-variant"]["extras"] == {"cu124": {}}
    assert "# CUDA 12.4" not in result


def test_ordinary_extra_of_the_same_name(plan: Plan) -> None:
    """An ordinary extra named like a declared backend stays and adds to it."""
    text = PROJECT + '[project.optional-dependencies]\ncpu = ["numpy"]\n'
    text += "[tool.torch-variant.extras.cpu]\n"
    result = loads(plan(text).files.pyproject)["tool"]["torch-variant"]
    assert result == {"optional-dependencies": {"cpu": ["numpy"]}, "extras": {"cpu": {}}}


def test_both_tables_of_extras(plan: Plan) -> None:
    """The project's extras go into hatch-torch's table if that exists."""
    text = (
        f'{PROJECT}dynamic = ["version"]\n[project.optional-dependencies]\n# d\ndev = ["a"]\n'
        f'[tool.torch-variant.optional-dependencies]\ndocs = ["b"]\n{BUILD}'
    ).replace('version = "1"\n', "")
    result = plan(text).files.pyproject
    assert '[tool.torch-variant.optional-dependencies]\ndocs = ["b"]\n# d\ndev = ["a"]\n' in result
    assert 'dynamic = ["version", "optional-dependencies"]' in result


FULL = (
    f'{PROJECT}dynamic = ["optional-dependencies"]\n{METADATA}{BUILD}'
    '[tool.uv]\ncache-keys = [".torch-variant.stamp"]\n'
)
ONE_TABLE = (
    PROJECT.replace('dependencies = ["torch"]', 'dynamic = ["dependencies"]')
    + f"[tool.hatch.metadata]\nallow-direct-references = true\n{METADATA}"
    '[tool.torch-variant]\ndependencies = ["torch"]\n'
)


@pytest.mark.parametrize("text", [FULL, ONE_TABLE], ids=["full", "one table"])
def test_complete_forms(plan: Plan, text: str) -> None:
    """The full form and the one-table form stay as they are."""
    assert plan(text).files.pyproject == text


def test_backends_for_one_table(plan: Plan) -> None:
    """`--backends` turns the one-table form into the full form."""
    tables = loads(plan(ONE_TABLE, "cpu").files.pyproject)
    assert tables["project"]["dynamic"] == ["dependencies", "optional-dependencies"]
    assert tables["tool"]["torch-variant"]["extras"] == {"cpu": {}}
    assert "torch-variant" in tables["tool"]["hatch"]["build"]["hooks"]


def test_smallest(plan: Plan, read_project: Callable[[str], str]) -> None:
    """The smallest form is two lines, and the extras stay where they are."""
    text = read_project("by_hand")
    expected = text.replace('["hatchling"]', '["hatchling", "hatch-torch"]') + f"\n{BUILD}"
    assert plan(text, smallest=True).files.pyproject == expected


def test_invalid_build_requirement(plan: Plan) -> None:
    """An invalid build requirement is left to the build backend."""
    text = PROJECT.replace("Hatch_Torch>=0.1", "not a requirement")
    assert '"not a requirement", "hatch-torch"]' in plan(text).files.pyproject


def test_hook_for_wheels(plan: Plan) -> None:
    """A build hook for wheels only counts as the build hook."""
    text = f"{PROJECT}[tool.hatch.build.targets.wheel.hooks.torch-variant]\n"
    assert plan(text, smallest=True).files.pyproject == text


def test_hatch_toml(plan: Plan) -> None:
    """A table of hatch.toml replaces that of pyproject.toml, so the hook goes there."""
    result = plan(PROJECT, hatch="# hatch\n[build.hooks.vcs]\n").files
    assert result.hatch == "# hatch\n[build.hooks.vcs]\n[build.hooks.torch-variant]\n"
    assert METADATA in result.pyproject
    assert BUILD not in result.pyproject
