"""Files written whole or not at all."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from hatch_torch._files import replace_file, write_atomically

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


def test_waits_for_a_reader(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file that another process holds open is replaced later, or the error is raised."""
    new, path = tmp_path / "new", tmp_path / "a"
    new.write_bytes(b"new")
    refusals = [PermissionError("in use")] * 2

    def replace(self: Path, target: Path) -> None:
        if refusals:
            raise refusals.pop()
        self.rename(target)

    monkeypatch.setattr("pathlib.Path.replace", replace)
    with pytest.raises(PermissionError):
        replace_file(new, path, ())
    replace_file(new, path, (0, 0))
    assert path.read_bytes() == b"new"
