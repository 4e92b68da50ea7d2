"""Writing the output of `hatch-torch export`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from hatch_torch.cli.export import write_output
from hatch_torch.errors import ConfigurationError

if TYPE_CHECKING:
    from pathlib import Path

MARK = "# ours:"


def test_stdout(capsysbinary: pytest.CaptureFixture[bytes]) -> None:
    """Bytes are written unchanged."""
    write_output(b"\xe9\r\n", None, mark=MARK)
    assert capsysbinary.readouterr().out == b"\xe9\r\n"


def test_keeps_mode_and_link(tmp_path: Path) -> None:
    """The file behind a link is replaced, with its mode; no temporary file is left."""
    real, link = tmp_path / "real", tmp_path / "link"
    real.write_bytes(b"first\n# ours: old\n")
    real.chmod(0o640)
    link.symlink_to(real)

    write_output(b"# ours: new\n", link, mark=MARK)

    assert real.read_bytes() == b"# ours: new\n"
    assert real.stat().st_mode & 0o777 == 0o640
    assert sorted(tmp_path.iterdir()) == [link, real]


def test_unchanged_file(tmp_path: Path) -> None:
    """A file with the same content is not touched, whoever wrote it."""
    path = tmp_path / "file"
    path.write_bytes(b"text")
    before = path.stat()
    write_output(b"text", path, mark=MARK)
    assert path.stat() == before


def test_keeps_files_of_others(tmp_path: Path) -> None:
    """The mark has to begin a line; `force` overwrites a file without it."""
    path = tmp_path / "file"
    path.write_bytes(b"not # ours: at all")
    with pytest.raises(ConfigurationError, match="not written by hatch-torch"):
        write_output(b"text", path, mark=MARK)
    write_output(b"text", path, mark=MARK, force=True)
    assert path.read_bytes() == b"text"


def test_missing_folder(tmp_path: Path) -> None:
    """A file that can't be written is a usage error, and leaves nothing behind."""
    with pytest.raises(ConfigurationError, match="No such file"):
        write_output(b"text", tmp_path / "nowhere" / "file", mark=MARK)
    assert not [*tmp_path.iterdir()]
