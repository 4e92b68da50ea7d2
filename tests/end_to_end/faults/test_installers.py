"""Faults of an index through real installers; most of them with `pytest -m matrix`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.end_to_end.faults.building import at

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager

    from tests.end_to_end.conftest import Sandbox
    from tests.end_to_end.faults.conftest import BrokenIndex

    ServeBrokenIndex = Callable[[str], AbstractContextManager[BrokenIndex]]

pytestmark = pytest.mark.end_to_end


def test_error(sandbox: Sandbox, serve_broken_index: ServeBrokenIndex, broken: str) -> None:
    """`pip install -e .` ends with a sentence, and installs nothing."""
    with serve_broken_index(broken) as index:
        output = at(sandbox.on("mi300x"), index).refusal("pip")

    assert index.told in output
    assert sandbox.versions() == {}


@pytest.mark.parametrize("tool", ["pip", "uv"])
def test_harmless(
    sandbox: Sandbox, serve_broken_index: ServeBrokenIndex, harmless: str, tool: str
) -> None:
    """Where an index is right in what matters, its wheels are installed, triton too."""
    with serve_broken_index(harmless) as index:
        at(sandbox.on("mi300x"), index).install(tool)

    assert sandbox.versions() == {"torch": "2.10.0+rocm7.0", "torchvision": "0.25.0+rocm7.0"}
    assert any("triton" in name and "rocm" in name for name in sandbox.present())


def test_fallback(sandbox: Sandbox, serve_broken_index: ServeBrokenIndex) -> None:
    """`uv pip install -e .` takes the plain wheel where that runs, and says why in the record."""
    with serve_broken_index("a byte a second") as index:
        at(sandbox.on("rtx-4090"), index).install("uv")

    assert sandbox.versions() == {"torch": "2.10.0", "torchvision": "0.25.0"}
    assert index.told in sandbox.record()["warnings"][0]
