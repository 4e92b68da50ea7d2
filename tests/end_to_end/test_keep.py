"""Keep what is right: nothing moves without a reason, and what is wrong is swapped."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from packaging.version import Version

from hatch_torch.demo.server import serve

if TYPE_CHECKING:
    from collections.abc import Iterator

    from conftest import World

pytestmark = pytest.mark.end_to_end

OLD = {"torch": "2.13.0+cu126", "torchvision": "0.28.0+cu126"}
NEW = {"torch": "2.14.1+cu126", "torchvision": "0.29.2+cu126"}
ON_CPU = {"torch": "2.14.1+cpu", "torchvision": "0.29.2+cpu"}


@pytest.fixture
def earlier(world: World) -> Iterator[World]:
    """Make a world with torch 2.13 on an RTX 4090, before the releases that come later."""
    with serve(newest=Version("2.13.0")) as index:
        yield world.on("rtx-4090").over(index)


@pytest.mark.parametrize("tool", ["pip", "uv"])
def test_a_newer_release_moves_nothing(earlier: World, tool: str) -> None:
    """Again, unchanged, fetches no wheel, though a newer torch has come out; -U takes it."""
    earlier.install(tool)
    assert OLD == earlier.exact()
    earlier.index.newest = None
    earlier.index.forget()

    earlier.on(TORCH_VARIANT_CACHE_DIR=str(earlier.folder / "new")).install(tool)

    assert OLD == earlier.versions()
    assert set() == earlier.fetched()

    earlier.on(TORCH_VARIANT_CACHE_DIR=str(earlier.folder / "newer")).install(tool, "-U")

    assert NEW == earlier.exact()
    assert earlier.present() >= earlier.fetched()
