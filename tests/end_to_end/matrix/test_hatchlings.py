"""What the build hook does to hatchling's lists is not documented: every hatchling is tried."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.end_to_end.conftest import Sandbox
    from tests.end_to_end.matrix.conftest import Tool

pytestmark = [pytest.mark.end_to_end, pytest.mark.matrix]

ON_CUDA = {"torch": "2.14.1+cu126", "torchvision": "0.29.2+cu126"}
VERSIONS = ("==1.12.0", "==1.18.0", "==1.21.0", "==1.24.2", "==1.27.0", "==1.29.0", "")


@pytest.mark.parametrize("version", VERSIONS)
def test_addition_in_front(sandbox: Sandbox, wheels: Tool, version: str) -> None:
    """The exact wheels stand before the project's own lines, and nothing else is fetched."""
    sandbox.write("full", ('"hatchling>=1.27"', f'"hatchling{version}"'))
    cuda, carried = sandbox.on("rtx-4090"), wheels(f"hatchling{version}", "editables")
    cuda.pip("install", f"hatchling{version}", "editables", "--no-index", "--find-links", carried)
    cuda.pip("install", "hatch-torch")

    cuda.pip("install", "--no-build-isolation", "-e", ".[sound]")

    assert cuda.exact() == {**ON_CUDA, "torchaudio": "2.11.0+cu126"}
    assert cuda.fetched() == cuda.present()
    assert [line.split(" @ ")[0] for line in cuda.requirements()[:2]] == ["torch", "torchvision"]
