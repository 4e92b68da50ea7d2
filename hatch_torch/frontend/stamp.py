"""The stamp that makes uv ask the build hook again, instead of answering from its cache."""

from __future__ import annotations

import contextlib
import os
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

STAMP = ".torch-variant.stamp"
"""Its file name; uv's key holds the time of the newest file that `cache-keys` names."""


def write_stamp(project: Path) -> None:
    """Write a stamp that differs from every earlier one; a folder that forbids it is left alone."""
    with contextlib.suppress(OSError):
        (project / STAMP).write_text(f"{os.urandom(8).hex()}\n", encoding="ascii")


def names_stamp(pyproject: Mapping[str, Any]) -> bool:
    """Tell whether `[tool.uv] cache-keys` names the stamp."""
    match pyproject:
        case {"tool": {"uv": {"cache-keys": list(keys)}}}:
            return any(_names(key) for key in keys)
    return False


def _names(key: object) -> bool:
    match key:
        case str(name) | {"file": str(name)}:
            return name.removeprefix("./") == STAMP
    return False


def has_uv_lock(project: Path) -> bool:
    """Tell whether a checkout has a `uv.lock`."""
    return (project / "uv.lock").is_file()
