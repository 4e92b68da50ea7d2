"""`pip install -e .` without pip: the build hook as hatchling calls it, in this process."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from hatchling.builders.wheel import WheelBuilder
from hatchling.metadata.core import ProjectMetadata
from hatchling.plugin.manager import PluginManager

from hatch_torch.frontend.process_tree import Process
from hatch_torch.integrations.hatch import TorchVariantBuildHook

if TYPE_CHECKING:
    import pytest

    from tests.end_to_end.conftest import Sandbox
    from tests.end_to_end.faults.conftest import BrokenIndex

_SMALL_CHANGE = 20.0
"""Seconds for all but the network, on a machine that does other things too."""


class Built(NamedTuple):
    """What a build gives an installer."""

    requirements: list[str]
    record: Any


def at(sandbox: Sandbox, index: BrokenIndex) -> Sandbox:
    """Return the sandbox with this index as PyTorch's."""
    return sandbox.on(TORCH_VARIANT_INDEX_URL=index.url, TORCH_VARIANT_TIMEOUT=index.seconds)


def build(sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> Built:
    """Build the project, in time; an error that a user would read raises SystemExit."""
    for name, value in sandbox.environ.items():
        monkeypatch.setenv(name, value)
    root, limit = str(sandbox.project), float(sandbox.environ.get("TORCH_VARIANT_TIMEOUT", "15"))
    called = staticmethod(lambda: (Process(1, ("pip", "install", "-e", "."), root, {}),))
    manager = PluginManager()
    metadata = ProjectMetadata(root, manager)
    config = WheelBuilder(root, plugin_manager=manager, metadata=metadata).config
    kind = type("Hook", (TorchVariantBuildHook,), {"get_ancestors": called})
    hook = kind(root, {}, config, metadata, str(sandbox.folder / "dist"), "wheel")
    data: dict[str, Any] = {"extra_metadata": {}}
    start = time.monotonic()
    try:
        hook.initialize("editable", data)
    finally:
        assert time.monotonic() - start < limit + _SMALL_CHANGE
    (path,) = data["extra_metadata"]
    record = json.loads(Path(path).read_text(encoding="utf-8"))
    hook.finalize("editable", data, "")
    return Built([*metadata.core.dependencies], record)
