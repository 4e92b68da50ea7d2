"""A hook run, from the project's folder to the record."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

import pytest

from hatch_torch.frontend.process_tree import Process
from hatch_torch.hook import list_build_requirements, run_hook

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from tests.resolution.conftest import DecisionBench

PROJECT = """
[project]
name = "my-app"
version = "1"
dependencies = ["torch<2.7"]
[tool.hatch.build.hooks.torch-variant]
build-requires = {}
"""


@pytest.fixture
def environ(bench: DecisionBench, tmp_path: Path) -> dict[str, str]:
    """Return the environment of a run with an MI300."""
    return {
        "TORCH_VARIANT_CACHE_DIR": str(tmp_path / "cache"),
        "TORCH_VARIANT_HARDWARE": '{"accelerators": [{"vendor": "amd", "architecture": "gfx942"}]}',
        "TORCH_VARIANT_INDEX_URL": bench.server.torch_index,
    }


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """Return a checkout whose build needs torch."""
    (tmp_path / "pyproject.toml").write_text(PROJECT.format('["Torch"]'), encoding="utf-8")
    return tmp_path


def _below(project: Path, *command: str) -> Callable[[], Sequence[Process]]:
    return lambda: (Process(1, command, str(project)),)


INSTALL = ("pip", "install", "-e", ".")
BUILD = ("python", "-m", "build")


def test_install(project: Path, environ: dict[str, str]) -> None:
    """An install leads to a decision and a record."""
    done = run_hook(project, environ, editable=True, get_ancestors=_below(project, *INSTALL))
    assert done.record
    assert done.record["backend"] == "rocm6.2.4"
    assert (done.record["frontend"], done.record["purpose"]) == ("pip", "install")


def test_portable(project: Path, environ: dict[str, str]) -> None:
    """A portable build has no decision and no record."""
    done = run_hook(project, environ, editable=False, get_ancestors=_below(project, *BUILD))
    assert (done.decision, done.record) == (None, None)


def test_stamp(project: Path, environ: dict[str, str]) -> None:
    """Every run under uv writes the stamp that is part of uv's cache key."""
    run_hook(project, environ, editable=True, get_ancestors=_below(project, "uv", "lock"))
    assert (project / ".torch-variant.stamp").exists()


def test_debug_log(
    project: Path, environ: dict[str, str], caplog: pytest.LogCaptureFixture
) -> None:
    """The debug log has every step."""
    with caplog.at_level(logging.DEBUG, "hatch_torch"):
        run_hook(
            project, environ, editable=True, get_ancestors=_below(project, *INSTALL[:3], ".[dev]")
        )
    steps = caplog.messages
    assert steps[0] == "installer pip: pip install"
    assert "extras dev" in steps
    assert "backend rocm6.2.4, decided by detection" in steps


def test_build_requirements(project: Path, environ: dict[str, str]) -> None:
    """The build environment gets the same wheels as the install, with companions."""
    found = list_build_requirements(project, environ, get_ancestors=_below(project, *INSTALL))
    assert [one.partition(" @ ")[0] for one in found] == ["torch", "pytorch-triton-rocm"]


def test_build_requirements_of_a_portable_build(project: Path, environ: dict[str, str]) -> None:
    """In a portable build they are the project's own requirements."""
    found = list_build_requirements(project, environ, get_ancestors=_below(project, *BUILD))
    assert found == ["torch<2.7"]


def test_no_build_requirements(project: Path, environ: dict[str, str]) -> None:
    """A project without `build-requires` needs nothing of the family."""
    (project / "pyproject.toml").write_text(PROJECT.format("[]"), encoding="utf-8")
    assert list_build_requirements(project, environ) == []
