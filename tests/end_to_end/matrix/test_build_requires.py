"""`build-requires`: an extension is compiled against the very torch that it will run with."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from packaging.version import Version

from hatch_torch.demo.server import serve

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.end_to_end.conftest import Sandbox

pytestmark = [pytest.mark.end_to_end, pytest.mark.matrix]

TOOLS = pytest.mark.parametrize("tool", ["pip", "uv"])
HOOK = "[tool.hatch.build.hooks.torch-variant]"
REQUIRES = f'{HOOK}\nbuild-requires = ["torch"]\n[tool.hatch.build.hooks.custom]'
COMPILER = """
from pathlib import Path
from hatchling.builders.hooks.plugin.interface import BuildHookInterface

class Compiler(BuildHookInterface):
    def initialize(self, version, build_data):
        import torch
        Path(self.root, "built-with.txt").write_text(torch.__version__)
"""


@pytest.fixture
def earlier(sandbox: Sandbox) -> Iterator[Sandbox]:
    """Make a project that compiles, before the releases of torch that come later."""
    with serve(newest=Version("2.13.0")) as index:
        sandbox.write("full", (HOOK, REQUIRES))
        sandbox.add("hatch_build.py", COMPILER)
        yield sandbox.on("rtx-4090").over(index)


def built_with(sandbox: Sandbox) -> str:
    """Return which torch the last build compiled against, which must be the one installed."""
    version = (sandbox.project / "built-with.txt").read_text(encoding="utf-8")
    assert version == sandbox.versions()["torch"]
    return version


@TOOLS
@pytest.mark.parametrize("way", [("-e", "."), (".",)], ids=" ".join)
def test_the_same_wheel(earlier: Sandbox, tool: str, way: tuple[str, ...]) -> None:
    """The build environment gets the wheel that is installed."""
    command = earlier.uv if tool == "uv" else earlier.pip

    command(*(("pip",) if tool == "uv" else ()), "install", *way)

    assert built_with(earlier) == "2.13.0+cu126"


@TOOLS
def test_again(earlier: Sandbox, tool: str) -> None:
    """A second install moves nothing, and builds with what is there, though a newer one is out."""
    earlier.install(tool)
    earlier.index.newest = None
    later = earlier.on(TORCH_VARIANT_CACHE_DIR=str(earlier.folder / "new"))

    later.install(tool)

    assert built_with(earlier) == "2.13.0+cu126"
    assert earlier.versions()["torchvision"] == "0.28.0+cu126"


def test_another_backend(earlier: Sandbox) -> None:
    """The extra that chooses the backend chooses for the build, too."""
    earlier.install("pip", what=".[rocm64]")

    assert built_with(earlier) == "2.9.1+rocm6.4"


def test_without_isolation(earlier: Sandbox) -> None:
    """Without isolation the environment itself is what the build sees: pip checks nothing."""
    earlier.install("pip")
    earlier.pip("install", "hatchling", "hatch-torch", "editables")

    earlier.install("pip", "--no-build-isolation")

    assert built_with(earlier) == "2.13.0+cu126"


def test_portable(earlier: Sandbox) -> None:
    """A portable build gets what the project wrote, from the default index."""
    earlier.pip("wheel", ".", "--no-deps", "-w", earlier.folder / "out")

    # So says torch of the wheel on PyPI, whose own version is 2.13.0.
    text = (earlier.project / "built-with.txt").read_text(encoding="utf-8")
    assert text == "2.13.0+cu130"
