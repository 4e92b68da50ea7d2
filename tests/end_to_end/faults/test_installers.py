"""Faults of an index through real installers; most of them with `pytest -m matrix`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.end_to_end.faults.building import at

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager

    from tests.end_to_end.conftest import World
    from tests.end_to_end.faults.conftest import Broken

    IndexOf = Callable[[str], AbstractContextManager[Broken]]

pytestmark = pytest.mark.end_to_end


def test_error(world: World, index_of: IndexOf, broken: str) -> None:
    """`pip install -e .` ends with a sentence, and installs nothing."""
    with index_of(broken) as index:
        told = at(world.on("mi300x"), index).refusal("pip")

    assert index.told in told
    assert world.versions() == {}


@pytest.mark.parametrize("tool", ["pip", "uv"])
def test_harmless(world: World, index_of: IndexOf, harmless: str, tool: str) -> None:
    """Where an index is right in what matters, its wheels are installed, triton too."""
    with index_of(harmless) as index:
        at(world.on("mi300x"), index).install(tool)

    assert world.versions() == {"torch": "2.10.0+rocm7.0", "torchvision": "0.25.0+rocm7.0"}
    assert any("triton" in name and "rocm" in name for name in world.present())


def test_fallback(world: World, index_of: IndexOf) -> None:
    """`uv pip install -e .` takes the plain wheel where that runs, and says why in the record."""
    with index_of("a byte a second") as index:
        at(world.on("rtx-4090"), index).install("uv")

    assert world.versions() == {"torch": "2.10.0", "torchvision": "0.25.0"}
    assert index.told in world.record()["warnings"][0]
