"""Projects that `init` does not touch, and what it says instead."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from hatch_torch.errors import ConfigurationError
from hatch_torch.init.plan import read_backends

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.init.conftest import Written

HATCHLING = '[build-system]\nrequires = ["hatchling"]\nbuild-backend = "hatchling.build"\n'
PROJECT = '[project]\nname = "my-app"\nversion = "1"\ndependencies = ["torch"]\n'


@pytest.fixture
def refused(written: Written) -> Callable[..., str]:
    """Return a function that sets a text up, which must fail, and returns what it said."""

    def fail(text: str, backends: str = "") -> str:
        with pytest.raises(ConfigurationError) as caught:
            written(text, backends)
        return str(caught.value)

    return fail


@pytest.mark.parametrize(
    ("backend", "builder"),
    [
        ("poetry.core.masonry.api", "Poetry"),
        ("flit_core.buildapi", "Flit"),
        ("uv_build", "uv"),
        ("mesonpy", "meson-python"),
        ("maturin", "Maturin"),
        ("my_own", "another backend"),
    ],
)
def test_other_builders(refused: Callable[..., str], backend: str, builder: str) -> None:
    """Who builds it is named, and what works without a hook."""
    told = refused(f'[build-system]\nrequires = []\nbuild-backend = "{backend}"\n{PROJECT}')
    assert f"found {backend!r}, so that {builder} builds it" in told
    assert "`hatch-torch install`" in told
    assert "`hatch-torch export`" in told


def test_no_project(refused: Callable[..., str]) -> None:
    """Hatch needs the table of the standard."""
    assert refused(HATCHLING).startswith("project: not found")


def test_broken_toml(refused: Callable[..., str], written: Written) -> None:
    """A text that is no TOML is told with its place, and so is a hatch.toml."""
    assert refused("[project\n").startswith("pyproject.toml: ")
    with pytest.raises(ConfigurationError, match=r"^hatch\.toml: "):
        written(HATCHLING + PROJECT, hatch="a b")


@pytest.mark.parametrize(
    ("more", "fault"),
    [
        ("optional-dependencies = []", "project.optional-dependencies: found"),
        ('optional-dependencies = { dev = "x" }', "project.optional-dependencies.dev: found"),
        ('dynamic = "version"', "project.dynamic: found 'version'; allowed is an array"),
        ("[tool.uv]\nindex = 1", "tool.uv.index: found 1 (integer); allowed is an array of"),
        ("[tool.uv]\nindex = [1]", "tool.uv.index: found"),
        ("[tool.uv]\nconflicts = [1]", "tool.uv.conflicts: found"),
        ("[tool.uv]\nconflicts = 1", "tool.uv.conflicts: found"),
        ("[tool.uv]\nsources = 1", "tool.uv.sources: found"),
        ("[tool.uv]\nsources.torch = 1", "tool.uv.sources.torch: found"),
        ("[tool.poetry]\nsource = 1", "tool.poetry.source: found"),
        ('[tool.torch-variant]\nbackends = "cpu"', "tool.torch-variant.backends: unknown key"),
    ],
)
def test_faults_of_tables(refused: Callable[..., str], more: str, fault: str) -> None:
    """What is wrong in the tables is told by its path, before anything is edited."""
    assert fault in refused(f"{HATCHLING}{PROJECT}{more}\n", "cpu")


def test_project_that_is_no_table(refused: Callable[..., str]) -> None:
    """Even then it is a sentence."""
    assert refused("project = 1\n" + HATCHLING).startswith("project: found 1")


def test_fields_of_another_hook(refused: Callable[..., str]) -> None:
    """Two metadata hooks cannot set one field: ours would empty what the other one reads."""
    told = refused(
        HATCHLING + '[project]\nname = "my-app"\nversion = "1"\ndynamic = ["dependencies"]\n'
        '[tool.hatch.metadata.hooks.requirements_txt]\nfiles = ["requirements.txt"]\n'
    )
    assert "another hook (requirements_txt) sets dependencies" in told


@pytest.mark.parametrize("text", ["", " , "])
def test_no_backends(text: str) -> None:
    """An empty list is bad usage."""
    with pytest.raises(ConfigurationError, match="--backends: found"):
        read_backends(text)


def test_bad_backends() -> None:
    """Each name that is no backend's is told, with what would be."""
    with pytest.raises(ConfigurationError) as caught:
        read_backends("cu12, cpu, gpu")
    assert [fault.split(";")[0] for fault in caught.value.faults] == [
        "--backends: found 'cu12'",
        "--backends: found 'gpu'",
    ]


def test_spellings_of_backends() -> None:
    """Every spelling is read, each backend once; one that never was is what stands for it."""
    assert [one.name for one in read_backends("CU124,rocm7.0,rocm70, rocm65,cpu")] == [
        "cu124",
        "rocm7.0",
        "rocm6.4",
        "cpu",
    ]
