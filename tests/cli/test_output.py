"""Where a text goes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from hatch_torch.cli.render import put
from hatch_torch.errors import ConfigurationError

if TYPE_CHECKING:
    from pathlib import Path

MARK = "# ours:"


def test_stdout(capsysbinary: pytest.CaptureFixture[bytes]) -> None:
    """Bytes come out as they are."""
    put(b"\xe9\r\n", None, mark=MARK)
    assert capsysbinary.readouterr().out == b"\xe9\r\n"


def test_a_file_keeps_its_mode_and_its_link(tmp_path: Path) -> None:
    """A file is replaced whole, where it is; nothing else is left in its folder."""
    real, link = tmp_path / "real", tmp_path / "link"
    real.write_bytes(b"first\n# ours: old\n")
    real.chmod(0o640)
    link.symlink_to(real)

    put(b"# ours: new\n", link, mark=MARK)

    assert real.read_bytes() == b"# ours: new\n"
    assert real.stat().st_mode & 0o777 == 0o640
    assert sorted(tmp_path.iterdir()) == [link, real]


def test_the_same_again_writes_nothing(tmp_path: Path) -> None:
    """A file that says the same already is left alone, whoever wrote it."""
    path = tmp_path / "file"
    path.write_bytes(b"text")
    before = path.stat()
    put(b"text", path, mark=MARK)
    assert path.stat() == before


def test_others_are_safe(tmp_path: Path) -> None:
    """A mark has to begin a line; `force` overwrites what has none."""
    path = tmp_path / "file"
    path.write_bytes(b"not # ours: at all")
    with pytest.raises(ConfigurationError, match="did not write it"):
        put(b"text", path, mark=MARK)
    put(b"text", path, mark=MARK, force=True)
    assert path.read_bytes() == b"text"


def test_a_folder_that_is_not_there(tmp_path: Path) -> None:
    """What can't be written is bad usage, and leaves nothing behind."""
    with pytest.raises(ConfigurationError, match="No such file"):
        put(b"text", tmp_path / "nowhere" / "file", mark=MARK)
    assert not [*tmp_path.iterdir()]
