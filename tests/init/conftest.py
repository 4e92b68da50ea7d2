"""Projects as people write them, and what `init` makes of them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from hatch_torch.init.hatch_tables import Files
from hatch_torch.init.plan import SetUp, Wanted, read_backends, set_up

if TYPE_CHECKING:
    from collections.abc import Callable

    Written = Callable[..., SetUp]

HERE = Path(__file__).parent


@pytest.fixture
def project() -> Callable[[str], str]:
    """Return a function that reads a project of projects/."""
    return lambda name: (HERE / "projects" / f"{name}.toml").read_text(encoding="utf-8")


@pytest.fixture
def written() -> Written:
    """Return a function that sets a text up."""

    def make(
        text: str,
        backends: str = "",
        *,
        smallest: bool = False,
        hatch: str | None = None,
        gitignore: str | None = None,
    ) -> SetUp:
        wanted = Wanted(smallest, read_backends(backends) if backends else ())
        return set_up(Files(text, hatch, gitignore), wanted)

    return make
