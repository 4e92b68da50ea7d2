"""The door for PDM's build backend, which looks at it in every build where we are installed.

A project that does not opt in pays for this module alone.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from typing import Any

    from pdm.backend.hooks import Context


def pdm_build_hook_enabled(context: Context) -> bool:
    """Take part where a project has our table; what has another shape is PDM's to tell."""
    tool = context.config.data.get("tool")
    return isinstance(tool, dict) and "torch-variant" in tool


def __getattr__(name: str) -> Any:  # noqa: ANN401 (the hook's functions)
    """Import the rest where PDM asks for it: after this project's hook was found enabled."""
    return getattr(import_module("hatch_torch.doors.pdm_build"), name)
