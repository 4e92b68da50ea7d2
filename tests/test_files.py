"""Files written whole or not at all."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from hatch_torch._files import write_atomically

if TYPE_CHECKING:
    from pathlib import Path


def test_keeps_the_mode(tmp_path: Path) -> None:
    """An old file is replaced, and keeps its mode."""
    path = tmp_path / "a.txt"
    path.write_bytes(b"old")
    path.chmod(0o600)
    write_atomically(path, b"new")
    assert (path.read_bytes(), path.stat().st_mode & 0o777) == (b"new", 0o600)


def test_leaves_nothing_behind(tmp_path: Path) -> None:
    """If the file cannot be replaced, no temporary file is left."""
    (tmp_path / "a").mkdir()
    with pytest.raises(OSError, match="a"):
        write_atomically(tmp_path / "a", b"new")
    assert [path.name for path in tmp_path.iterdir()] == ["a"]
