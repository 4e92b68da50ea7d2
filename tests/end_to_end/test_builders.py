"""Every build backend: what is decided, and where it goes, is the same whoever builds."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.end_to_end.conftest import World

pytestmark = pytest.mark.end_to_end

ON_CUDA = {"torch": "2.14.1+cu126", "torchvision": "0.29.2+cu126"}


@pytest.mark.parametrize("tool", ["pip", "uv"])
@pytest.mark.parametrize("form", ["setuptools", "pdm", "scikit-build-core"])
def test_install(world: World, tool: str, form: str) -> None:
    """An editable install gets this machine's wheels."""
    world.write(form)

    world.on("rtx-4090").install(tool)

    assert world.exact() == ON_CUDA
    assert world.present() == world.fetched()
