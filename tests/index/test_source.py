"""SourceOptions: the sources of a project's wheels."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hatch_torch.catalog.target import running_interpreter
from hatch_torch.config.config import Config
from hatch_torch.config.env import Settings
from hatch_torch.index.source import SourceOptions

if TYPE_CHECKING:
    from pathlib import Path


def test_doubts_about_the_index_are_notes(tmp_path: Path) -> None:
    """A mirror's path that looks like a token is in the index's notes, for the record."""
    environ = {"PIP_CONFIG_FILE": "/dev/null", "TORCH_VARIANT_CACHE_DIR": str(tmp_path)}
    settings = Settings(index_url="https://x.org/a8Xk29dLq0PzT5vB/whl")
    (note,) = SourceOptions(Config(), settings, environ, running_interpreter()).open_index().notes
    assert "looks like a token" in note
