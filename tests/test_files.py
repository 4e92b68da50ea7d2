"""Files of others, read within bounds, and files written whole or not at all."""

from __future__ import annotations

import os
import socket
import time
from pathlib import Path

import pytest

from hatch_torch._files import read_bounded, replace_file, write_atomically
from hatch_torch.config.pyproject import read_toml
from hatch_torch.errors import ConfigurationError
from hatch_torch.frontend.installers import Option
from hatch_torch.frontend.requirements_txt import expand_files
from hatch_torch.hardware.machine import Machine
from hatch_torch.index.http_cache import Cache
from hatch_torch.lock.lockfile import read_lock
from hatch_torch.resolution.inputs import read_profile


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


class TestReadBounded:
    """Reading files that somebody else put there."""

    def test_content(self, tmp_path: Path) -> None:
        """A regular file is read, up to its limit."""
        (path := tmp_path / "file").write_bytes(b"12345")
        assert read_bounded(path) == read_bounded(path, 5) == b"12345"
        with pytest.raises(OSError, match="larger than 4 bytes"):
            read_bounded(path, 4)

    @pytest.mark.skipif(os.name != "posix", reason="Windows has no such files")
    @pytest.mark.parametrize("kind", ["pipe", "/dev/zero", "socket", "link to a pipe"])
    def test_not_regular(self, tmp_path: Path, kind: str) -> None:
        """A pipe that nobody writes to and a device without an end are refused at once."""
        path = Path(kind) if kind.startswith("/") else tmp_path / "pipe"
        if "pipe" in kind:
            os.mkfifo(path)
        if kind == "socket":
            with socket.socket(socket.AF_UNIX) as listening:
                listening.bind(str(path))
        if kind == "link to a pipe":
            (tmp_path / "link").symlink_to(path)
            path = tmp_path / "link"
        start = time.monotonic()
        with pytest.raises(OSError, match=r"not a regular file|No such device"):
            read_bounded(path)
        assert time.monotonic() - start < 1

    @pytest.mark.skipif(os.name != "posix", reason="Windows has no such files")
    def test_everywhere(self, tmp_path: Path) -> None:
        """Pipes in place of a project's, a machine's and an environment's files hang nothing."""
        names = ("pyproject.toml", "torch-variant.lock", "requirements.txt", "profile.json")
        for name in (*names, ".gitignore", "pyvenv.cfg", "x-1.dist-info"):
            os.mkfifo(tmp_path / name)
        with pytest.raises(ConfigurationError, match="not a regular file"):
            read_toml(tmp_path / "pyproject.toml")
        with pytest.raises(ConfigurationError, match="not a regular file"):
            read_lock(tmp_path)
        with pytest.raises(ConfigurationError, match="not a regular file"):
            read_profile(str(tmp_path / "profile.json"), "--hardware")
        option = Option("--requirement", "requirements.txt")
        assert [*expand_files((option,), tmp_path, {})] in ([], [option])
        assert Machine({}).read(str(tmp_path / "profile.json")) is None
        cache = Cache(tmp_path / "cache")
        (tmp_path / "cache").mkdir(mode=0o700)
        os.mkfifo(cache._path("key"))  # noqa: SLF001 (where an entry lies is the cache's own)
        assert cache.read("key") is None
