"""Backends that a project named by other tables, and the forms that it may have already."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from hatch_torch.init.toml_edit import values

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.init.conftest import Written

HATCHLING = '[build-system]\nrequires = ["hatchling", "Hatch_Torch>=0.1"]\n'
HATCHLING += 'build-backend = "hatchling.build"\n'
PROJECT = HATCHLING + '[project]\nname = "my-app"\nversion = "1"\ndependencies = ["torch"]\n'
METADATA = "[tool.hatch.metadata.hooks.torch-variant]\n"
BUILD = "[tool.hatch.build.hooks.torch-variant]\n"


def test_extras_of_backends(written: Written, project: Callable[[str], str]) -> None:
    """An extra that is named like a backend becomes one, with its lines as they were written."""
    made = written(project("by_hand")).files.pyproject
    assert (
        "[tool.torch-variant.extras.cu126]\n"
        "# Pascal needs it.\n"
        "dependencies = [\n"
        '    "torch>=2.6,<2.13",  # old drivers\n'
        '    "torchvision",\n'
        "]\n"
    ) in made
    assert "[tool.torch-variant.extras.mps]\n\n" in made
    assert '[tool.torch-variant.optional-dependencies]\ndev = ["pytest"]\n\n[tool.uv]\n' in made


def test_indexes_of_uv(written: Written, project: Callable[[str], str]) -> None:
    """PyTorch's indexes keep their names; each is a backend, and serves only what names it."""
    tables = values(written(project("by_hand")).files.pyproject)["tool"]
    assert tables["torch-variant"]["extras"]["cu130"] == {"channel": "nightly"}
    assert [(one["name"], one["explicit"]) for one in tables["uv"]["index"]] == [
        ("torch-cuda", True),
        ("torch-cpu", True),
        ("torch-nightly", True),
    ]


def test_sources_of_uv(written: Written, project: Callable[[str], str]) -> None:
    """Sources that lead to PyTorch go by extra; a group's, and other ones, stay."""
    tables = values(written(project("by_hand")).files.pyproject)["tool"]["uv"]
    by_extra = [
        {"index": "torch-cuda", "extra": "cu126"},
        {"index": "torch-cpu", "extra": "cpu"},
    ]
    assert tables["sources"] == {
        "torch": [{"index": "torch-cpu", "group": "ci"}, *by_extra],
        "torchvision": by_extra,
        "torchaudio": {"path": "../audio"},
    }


def test_conflicts_of_uv(written: Written, project: Callable[[str], str]) -> None:
    """A conflict of some of the backends becomes that of all; another one stays."""
    assert values(written(project("by_hand")).files.pyproject)["tool"]["uv"]["conflicts"] == [
        [{"group": "a"}, {"group": "b"}],
        [{"extra": "cu126"}, {"extra": "cpu"}, {"extra": "mps"}, {"extra": "cu130"}],
    ]


def test_sources_of_poetry(written: Written, project: Callable[[str], str]) -> None:
    """Poetry's source of PyTorch's index goes, with what is said about it; others stay."""
    made = written(project("poetry_as_manager")).files.pyproject
    tables = values(made)["tool"]
    assert tables["poetry"]["dependencies"] == {
        "torch": {"version": "^2.4"},
        "numpy": {"version": "*", "source": "corp"},
        "scipy": "*",
    }
    assert [one["name"] for one in tables["poetry"]["source"]] == ["corp"]
    assert tables["torch-variant"]["extras"] == {"cu124": {}}
    assert "# CUDA 12.4" not in made


def test_own_extra_by_the_same_name(written: Written) -> None:
    """An ordinary extra beside our own one adds to it, as the hooks read it."""
    text = PROJECT + '[project.optional-dependencies]\ncpu = ["numpy"]\n'
    text += "[tool.torch-variant.extras.cpu]\n"
    made = values(written(text).files.pyproject)["tool"]["torch-variant"]
    assert made == {"optional-dependencies": {"cpu": ["numpy"]}, "extras": {"cpu": {}}}


def test_both_tables_of_extras(written: Written) -> None:
    """Where ours is there, the project's go into it."""
    text = (
        f'{PROJECT}dynamic = ["version"]\n[project.optional-dependencies]\n# d\ndev = ["a"]\n'
        f'[tool.torch-variant.optional-dependencies]\ndocs = ["b"]\n{BUILD}'
    ).replace('version = "1"\n', "")
    made = written(text).files.pyproject
    assert '[tool.torch-variant.optional-dependencies]\ndocs = ["b"]\n# d\ndev = ["a"]\n' in made
    assert 'dynamic = ["version", "optional-dependencies"]' in made


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
def test_forms_that_are_there(written: Written, text: str) -> None:
    """The full form and the one-table form are what they are."""
    assert written(text).files.pyproject == text


def test_backends_for_one_table(written: Written) -> None:
    """Backends that are asked for come to the one-table form too."""
    tables = values(written(ONE_TABLE, "cpu").files.pyproject)
    assert tables["project"]["dynamic"] == ["dependencies", "optional-dependencies"]
    assert tables["tool"]["torch-variant"]["extras"] == {"cpu": {}}
    assert "torch-variant" in tables["tool"]["hatch"]["build"]["hooks"]


def test_smallest(written: Written, project: Callable[[str], str]) -> None:
    """The smallest form is two lines, and leaves the extras alone."""
    text = project("by_hand")
    expected = text.replace('["hatchling"]', '["hatchling", "hatch-torch"]') + f"\n{BUILD}"
    assert written(text, smallest=True).files.pyproject == expected


def test_requirement_that_is_none(written: Written) -> None:
    """What is no requirement in the build system is not ours to judge."""
    text = PROJECT.replace("Hatch_Torch>=0.1", "not a requirement")
    assert '"not a requirement", "hatch-torch"]' in written(text).files.pyproject


def test_hook_for_wheels(written: Written) -> None:
    """A build hook that is named for wheels alone is one."""
    text = f"{PROJECT}[tool.hatch.build.targets.wheel.hooks.torch-variant]\n"
    assert written(text, smallest=True).files.pyproject == text


def test_hatch_toml(written: Written) -> None:
    """A table of hatch.toml stands in place of pyproject.toml's, so the hook goes there."""
    made = written(PROJECT, hatch="# hatch\n[build.hooks.vcs]\n").files
    assert made.hatch == "# hatch\n[build.hooks.vcs]\n[build.hooks.torch-variant]\n"
    assert METADATA in made.pyproject
    assert BUILD not in made.pyproject
