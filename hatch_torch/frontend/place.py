"""Where a source lies: in the user's own folder, or in a copy that an installer made."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

_PIP_COPY = r"pip-(req-build|install)-\w{8}"  # made by tempfile.mkdtemp
_UV_COPY = r"(archive|builds|built-wheels|git|sdists)-v\d+"


def is_in_place(project: Path) -> bool:
    """Tell whether a source is the user's own folder: no unpacked sdist, no installer's copy."""
    folders = (project, *project.parents)
    return not ((project / "PKG-INFO").exists() or any(map(_is_copy, folders)))


def _is_copy(folder: Path) -> bool:
    """Know pip's temporary folders by their names, and uv's cache by its tag as well."""
    if re.fullmatch(_UV_COPY, folder.name):
        return folder.with_name("CACHEDIR.TAG").exists()
    return re.fullmatch(_PIP_COPY, folder.name) is not None
