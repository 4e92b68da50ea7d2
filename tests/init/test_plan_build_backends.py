"""`init` in projects with other build backends than Hatch."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from hatch_torch._toml import loads
from hatch_torch.errors import ConfigurationError

if TYPE_CHECKING:
    from tests.init.conftest import Plan

PROJECT = """\
[project]
name = "my-app"
version = "1.0"
dependencies = ["torch>=2.3"]

[project.optional-dependencies]
dev = ["pytest"]
"""


def with_build_system(requirement: str, backend: str) -> str:
    """Return a project with this build backend."""
    head = f'[build-system]\nrequires = ["{requirement}"]\nbuild-backend = "{backend}"\n\n'
    return head + PROJECT


@pytest.mark.parametrize(
    ("requirement", "backend"), [("setuptools", "setuptools.build_meta"), ("pdm", "pdm.backend")]
)
def test_table_opts_in(plan: Plan, requirement: str, backend: str) -> None:
    """Setuptools and PDM have no hooks to name: the table opts in and holds the extras."""
    text = plan(with_build_system(requirement, backend), "cu128,cpu").files.pyproject
    assert f'requires = ["{requirement}", "hatch-torch"]' in text
    assert 'dynamic = ["optional-dependencies"]' in text
    assert "tool.hatch" not in text
    table = loads(text)["tool"]["torch-variant"]
    assert table == {
        "optional-dependencies": {"dev": ["pytest"]},
        "extras": {"cu128": {}, "cpu": {}},
    }
    assert ("setup.cfg" in text) == (requirement == "setuptools")
    assert plan(text, "cu128,cpu").files.pyproject == text


def test_smallest(plan: Plan) -> None:
    """The smallest form is an empty table."""
    text = plan(
        with_build_system("setuptools", "setuptools.build_meta"), smallest=True
    ).files.pyproject
    assert text.endswith("\n[tool.torch-variant]\n")
    assert "dynamic" not in text
    assert plan(text, smallest=True).files.pyproject == text


@pytest.mark.parametrize("smallest", [True, False])
def test_provider(plan: Plan, smallest: bool) -> None:  # noqa: FBT001 (a column)
    """A provider is added, and static fields are also dynamic, so that it may add to them."""
    result = plan(
        with_build_system("scikit-build-core", "scikit_build_core.build"), smallest=smallest
    )
    project = loads(result.files.pyproject)
    assert project["project"]["dynamic"] == ["dependencies", "optional-dependencies"]
    assert project["project"]["optional-dependencies"] == {"dev": ["pytest"]}
    assert project["tool"]["dynamic-metadata"] == [{"provider": "torch-variant"}]
    assert result.notes == ("[[tool.dynamic-metadata]] needs scikit-build-core 1.0 or later",)
    assert plan(result.files.pyproject, smallest=smallest).files == result.files


def test_no_build_system(plan: Plan) -> None:
    """Without a build backend installers use setuptools, so it is written down."""
    text = plan(PROJECT, smallest=True).files.pyproject
    assert loads(text)["build-system"] == {
        "requires": ["setuptools>=69", "hatch-torch"],
        "build-backend": "setuptools.build_meta",
    }


def test_setup_cfg(plan: Plan) -> None:
    """With setup.cfg alone there is no `[project]` to write into."""
    head, _, _ = with_build_system("setuptools", "setuptools.build_meta").partition("[project]")
    result = plan(head, "cpu")
    assert "project" not in loads(result.files.pyproject)
    assert loads(result.files.pyproject)["tool"]["torch-variant"] == {"extras": {"cpu": {}}}
    assert "setuptools reads the requirements from setup.cfg" in result.notes[-1]


def test_setup_cfg_of_pdm(plan: Plan) -> None:
    """Every other build backend needs `[project]`."""
    head, _, _ = with_build_system("pdm", "pdm.backend").partition("[project]")
    with pytest.raises(ConfigurationError, match="PDM needs the table"):
        plan(head)
