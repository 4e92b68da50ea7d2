"""Projects that `init` rejects, and the errors."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from hatch_torch.errors import ConfigurationError
from hatch_torch.init.plan import parse_backends

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.init.conftest import Plan

HATCHLING = '[build-system]\nrequires = ["hatchling"]\nbuild-backend = "hatchling.build"\n'
PROJECT = '[project]\nname = "my-app"\nversion = "1"\ndependencies = ["torch"]\n'


@pytest.fixture
def plan_error(plan: Plan) -> Callable[..., str]:
    """Return a function that plans `init`, which must fail, and returns the error."""

    def fail(text: str, backends: str = "") -> str:
        with pytest.raises(ConfigurationError) as caught:
            plan(text, backends)
        return str(caught.value)

    return fail


@pytest.mark.parametrize(
    ("backend", "name"),
    [
        ("poetry.core.masonry.api", "Poetry"),
        ("flit_core.buildapi", "Flit"),
        ("uv_build", "uv"),
        ("mesonpy", "meson-python"),
        ("maturin", "Maturin"),
        ("my_own", "an unknown build backend"),
    ],
)
def test_unsupported_build_backends(
    plan_error: Callable[..., str], backend: str, name: str
) -> None:
    """The error names the build backend and what works without a hook."""
    error = plan_error(f'[build-system]\nrequires = []\nbuild-backend = "{backend}"\n{PROJECT}')
    assert f"{name} ({backend!r}) does not let plugins add requirements" in error
    assert "`hatch-torch install`" in error
    assert "`hatch-torch export`" in error


def test_no_project_table(plan_error: Callable[..., str]) -> None:
    """Hatch needs the table `[project]`."""
    assert plan_error(HATCHLING).startswith("project: not found")


def test_invalid_toml(plan_error: Callable[..., str], plan: Plan) -> None:
    """The error names the file that is not valid TOML."""
    assert plan_error("[project\n").startswith("pyproject.toml: ")
    with pytest.raises(ConfigurationError, match=r"^hatch\.toml: "):
        plan(HATCHLING + PROJECT, hatch="a b")


@pytest.mark.parametrize(
    ("more", "expected"),
    [
        ("optional-dependencies = []", "project.optional-dependencies: expected"),
        ('optional-dependencies = { dev = "x" }', "project.optional-dependencies.dev: expected"),
        ('dynamic = "version"', "project.dynamic: expected an array, got 'version'"),
        ("[tool.uv]\nindex = 1", "tool.uv.index: expected an array of tables, got 1 (integer)"),
        ("[tool.uv]\nindex = [1]", "tool.uv.index: expected"),
        ("[tool.uv]\nconflicts = [1]", "tool.uv.conflicts: expected"),
        ("[tool.uv]\nconflicts = 1", "tool.uv.conflicts: expected"),
        ("[tool.uv]\nsources = 1", "tool.uv.sources: expected"),
        ("[tool.uv]\nsources.torch = 1", "tool.uv.sources.torch: expected"),
        ("[tool.poetry]\nsource = 1", "tool.poetry.source: expected"),
        ('[tool.torch-variant]\nbackends = "cpu"', "tool.torch-variant.backends: unknown key"),
    ],
)
def test_invalid_tables(plan_error: Callable[..., str], more: str, expected: str) -> None:
    """An invalid table is reported with its path, before anything is edited."""
    assert expected in plan_error(f"{HATCHLING}{PROJECT}{more}\n", "cpu")


def test_project_is_not_a_table(plan_error: Callable[..., str]) -> None:
    """A `project` that is not a table is an error like any other."""
    assert plan_error("project = 1\n" + HATCHLING).startswith("project: expected a table, got 1")


def test_fields_set_by_another_hook(plan_error: Callable[..., str]) -> None:
    """Two metadata hooks cannot set one field: ours would empty what the other one reads."""
    error = plan_error(
        HATCHLING + '[project]\nname = "my-app"\nversion = "1"\ndynamic = ["dependencies"]\n'
        '[tool.hatch.metadata.hooks.requirements_txt]\nfiles = ["requirements.txt"]\n'
    )
    assert "another hook (requirements_txt) sets dependencies" in error


@pytest.mark.parametrize("text", ["", " , "])
def test_no_backends(text: str) -> None:
    """An empty list is a usage error."""
    with pytest.raises(ConfigurationError, match="--backends: expected"):
        parse_backends(text)


def test_unknown_backends() -> None:
    """Every unknown name is reported."""
    with pytest.raises(ConfigurationError) as caught:
        parse_backends("cu12, cpu, gpu")
    assert [error.splitlines()[0] for error in caught.value.faults] == [
        "--backends: expected cpu or a backend such as cu128 or rocm6.4, got 'cu12'",
        "--backends: expected cpu or a backend such as cu128 or rocm6.4, got 'gpu'",
    ]


def test_spellings_of_backends() -> None:
    """Every spelling is accepted, duplicates are dropped, unpublished ROCm is replaced."""
    assert [backend.name for backend in parse_backends("CU124,rocm7.0,rocm70, rocm65,cpu")] == [
        "cu124",
        "rocm7.0",
        "rocm6.4",
        "cpu",
    ]
