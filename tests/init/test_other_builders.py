"""Projects that Hatch does not build: `init` writes what their build backend reads."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from hatch_torch.errors import ConfigurationError
from hatch_torch.init.toml_edit import values

if TYPE_CHECKING:
    from tests.init.conftest import Written

PROJECT = """\
[project]
name = "my-app"
version = "1.0"
dependencies = ["torch>=2.3"]

[project.optional-dependencies]
dev = ["pytest"]
"""


def system(requirement: str, backend: str) -> str:
    """Return a project that a build backend builds."""
    head = f'[build-system]\nrequires = ["{requirement}"]\nbuild-backend = "{backend}"\n\n'
    return head + PROJECT


@pytest.mark.parametrize(
    ("requirement", "backend"), [("setuptools", "setuptools.build_meta"), ("pdm", "pdm.backend")]
)
def test_the_table_alone(written: Written, requirement: str, backend: str) -> None:
    """Setuptools and PDM have no hooks to name: our table opts in, and has the extras."""
    text = written(system(requirement, backend), "cu128,cpu").files.pyproject
    assert f'requires = ["{requirement}", "hatch-torch"]' in text
    assert 'dynamic = ["optional-dependencies"]' in text
    assert "tool.hatch" not in text
    table = values(text)["tool"]["torch-variant"]
    assert table == {
        "optional-dependencies": {"dev": ["pytest"]},
        "extras": {"cu128": {}, "cpu": {}},
    }
    assert ("setup.cfg" in text) == (requirement == "setuptools")
    assert written(text, "cu128,cpu").files.pyproject == text


def test_smallest(written: Written) -> None:
    """The smallest form is an empty table."""
    text = written(system("setuptools", "setuptools.build_meta"), smallest=True).files.pyproject
    assert text.endswith("\n[tool.torch-variant]\n")
    assert "dynamic" not in text
    assert written(text, smallest=True).files.pyproject == text


@pytest.mark.parametrize("smallest", [True, False])
def test_provider(written: Written, smallest: bool) -> None:  # noqa: FBT001 (a column)
    """A provider is named, and what is static is dynamic too, so that it may be added to."""
    made = written(system("scikit-build-core", "scikit_build_core.build"), smallest=smallest)
    project = values(made.files.pyproject)
    assert project["project"]["dynamic"] == ["dependencies", "optional-dependencies"]
    assert project["project"]["optional-dependencies"] == {"dev": ["pytest"]}
    assert project["tool"]["dynamic-metadata"] == [{"provider": "torch-variant"}]
    assert made.notes == ("scikit-build-core reads [[tool.dynamic-metadata]] since 1.0",)
    assert written(made.files.pyproject, smallest=smallest).files == made.files


def test_no_build_system(written: Written) -> None:
    """Where nobody is named, installers take setuptools: it is written down, for it has to be."""
    text = written(PROJECT, smallest=True).files.pyproject
    assert values(text)["build-system"] == {
        "requires": ["setuptools>=69", "hatch-torch"],
        "build-backend": "setuptools.build_meta",
    }


def test_setup_cfg(written: Written) -> None:
    """Where setup.cfg says it all, there is no `[project]` to write into."""
    head, _, _ = system("setuptools", "setuptools.build_meta").partition("[project]")
    made = written(head, "cpu")
    assert "project" not in values(made.files.pyproject)
    assert values(made.files.pyproject)["tool"]["torch-variant"] == {"extras": {"cpu": {}}}
    assert "setuptools tells them" in made.notes[-1]


def test_setup_cfg_of_nobody_else(written: Written) -> None:
    """Any other build backend needs it."""
    head, _, _ = system("pdm", "pdm.backend").partition("[project]")
    with pytest.raises(ConfigurationError, match="PDM needs the table"):
        written(head)
