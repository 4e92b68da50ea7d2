"""The projects of fixtures/projects, each installed as its users install it."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.end_to_end.conftest import Sandbox

PROJECTS = Path(__file__).parents[3] / "fixtures" / "projects"


@pytest.fixture
def checkout(sandbox: Sandbox) -> Callable[[str], Sandbox]:
    """Return what makes the sandbox of a project: a checkout of it, and a new environment."""

    def check_out(name: str) -> Sandbox:
        one = replace(sandbox, name=name)
        shutil.copytree(PROJECTS / name, one.project)
        return one

    return check_out
