"""Projects as people write them, and a function that plans `init` for one."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from hatch_torch.init.hatch_tables import ProjectFiles
from hatch_torch.init.plan import InitOptions, InitPlan, parse_backends, plan_init

if TYPE_CHECKING:
    from collections.abc import Callable

    Plan = Callable[..., InitPlan]

HERE = Path(__file__).parent


@pytest.fixture
def read_project() -> Callable[[str], str]:
    """Return a function that reads a project from projects/."""
    return lambda name: (HERE / "projects" / f"{name}.toml").read_text(encoding="utf-8")


@pytest.fixture
def plan() -> Plan:
    """Return a function that plans `init` for the text of a pyproject.toml."""

    def make(
        text: str,
        backends: str = "",
        *,
        smallest: bool = False,
        hatch: str | None = None,
        gitignore: str | None = None,
    ) -> InitPlan:
        options = InitOptions(smallest, parse_backends(backends) if backends else ())
        return plan_init(ProjectFiles(text, hatch, gitignore), options)

    return make
