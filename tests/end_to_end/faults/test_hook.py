"""Every fault of an index through the hook: a clear error or the right fallback, in time."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import pytest
from hatchling.builders.wheel import WheelBuilder
from hatchling.metadata.core import ProjectMetadata
from hatchling.plugin.manager import PluginManager

from hatch_torch.doors.hatchling import TorchVariantBuildHook
from hatch_torch.hardware.processes import Process

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager

    from tests.end_to_end.conftest import World
    from tests.end_to_end.faults.conftest import Broken

    IndexOf = Callable[[str], AbstractContextManager[Broken]]

pytestmark = pytest.mark.end_to_end

SMALL_CHANGE = 8.0
"""Seconds for all but the network, on a machine that does other things too."""


def at(world: World, index: Broken) -> World:
    """Return the world with this index as PyTorch's."""
    return world.on(TORCH_VARIANT_INDEX_URL=index.url, TORCH_VARIANT_TIMEOUT=index.seconds)


def requirements(world: World, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Build as `pip install -e .` does, in this process; return the project's requirements."""
    for name, value in world.environ.items():
        monkeypatch.setenv(name, value)
    root = str(world.project)
    called = staticmethod(lambda: (Process(1, ("pip", "install", "-e", "."), root, {}),))
    kind = type("Hook", (TorchVariantBuildHook,), {"above": called})
    manager = PluginManager()
    metadata = ProjectMetadata(root, manager)
    builder = WheelBuilder(root, plugin_manager=manager, metadata=metadata)
    hook = kind(root, {}, builder.config, metadata, str(world.folder / "dist"), "wheel")
    data: dict[str, Any] = {"extra_metadata": {}}
    start = time.monotonic()
    try:
        hook.initialize("editable", data)
    finally:
        assert (
            time.monotonic() - start < float(world.environ["TORCH_VARIANT_TIMEOUT"]) + SMALL_CHANGE
        )
        hook.finalize("editable", data, "")
    return [*metadata.core.dependencies]


def test_error(
    world: World, index_of: IndexOf, broken: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where nothing stands in for the index, the error tells what came, and what to do."""
    with index_of(broken) as index, pytest.raises(SystemExit) as end:
        requirements(
            at(world.on("mi300x"), index),
            monkeypatch,
        )
    told = str(end.value)
    assert told.startswith("hatch-torch: ")
    assert index.told in told
    assert "TORCH_VARIANT=portable" in told
    assert told.replace("\n", " ").isprintable()


def test_fallback(
    world: World, index_of: IndexOf, down: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where the plain wheel runs, it stands in for an index that is broken."""
    with index_of(down) as index:
        lines = requirements(
            at(world.on("rtx-4090"), index),
            monkeypatch,
        )
    assert lines[:2] == ["torch==2.10.0", "torchvision==0.25.0"]


def test_harmless(
    world: World, index_of: IndexOf, harmless: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Some faults do no harm: what is wrong is passed over, and what is right is used."""
    with index_of(harmless) as index:
        lines = requirements(at(world.on("mi300x"), index), monkeypatch)
    added = ["torch", "triton-rocm", "torchvision"]
    assert [line.partition(" @ ")[0] for line in lines[:3]] == added
    assert not any("0" * 64 in line for line in lines)
