"""The commands give the same result with every build backend."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.cli.conftest import Environment, Run

PROJECTS = Path(__file__).parents[1] / "end_to_end" / "projects"


EVERY = pytest.mark.parametrize(
    "form", ["full", "setuptools", "setup-cfg", "pdm", "scikit-build-core"]
)


def write(folder: Path, form: str) -> None:
    """Copy a project from PROJECTS."""
    files = [(PROJECTS / f"{form}.toml", "pyproject.toml")]
    for source, name in [*files, *((path, path.stem) for path in (PROJECTS / form).glob("*.in"))]:
        (folder / name).write_text(source.read_text(encoding="utf-8"), encoding="utf-8")


@EVERY
def test_lock_and_explain(run: Run, tmp_path: Path, form: str) -> None:
    """`lock` locks the project's backends, and `explain` uses the lock."""
    write(tmp_path, form)

    assert run("lock", "--python", "3.11", "--platform", "linux_x86_64")[0] == 0
    assert run("lock", "--check")[0] == 0
    code, output = run("explain", "--json", "--hardware", "ada.json", "--python", "3.11")

    explained = json.loads(output)
    assert (code, explained["backend"]) == (0, "cu126")
    assert [wheel["version"] for wheel in explained["wheels"]] == ["2.14.1+cu126", "0.29.2+cu126"]
    assert any("torch-variant.lock" in warning for warning in explained["warnings"])


@EVERY
def test_status_and_sync(run: Run, environment: Environment, tmp_path: Path, form: str) -> None:
    """`status` reports the missing project, and `sync` installs it."""
    write(tmp_path, form)
    code, output = run("status")
    assert code == 1
    assert "my-app is not installed" in output
    expected = f"{environment.path}/bin/python -m pip install -e {tmp_path}\n"
    assert run("sync", "--dry-run") == (0, expected)
