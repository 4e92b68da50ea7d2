"""The stamp for uv's cache."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from hatch_torch.frontend.uv_cache import PROCESS, STAMP, has_uv_lock, names_stamp, write_stamp

if TYPE_CHECKING:
    from collections.abc import Callable

LINUX = pytest.mark.skipif(not PROCESS.is_dir(), reason="this system has no /proc/self")
LOOK = "import os, sys; print(*(os.stat(sys.argv[1]).st_ctime_ns for _ in range(2)))"


def read_ctimes(stamp: Path) -> list[str]:
    """Return the stamp's ctime, read twice by a new process."""
    command = [sys.executable, "-c", LOOK, str(stamp)]
    return subprocess.run(command, capture_output=True, check=True, text=True).stdout.split()


@pytest.fixture
def ignored(project: Path) -> Path:
    """Return a project whose stamp git ignores, as `init` writes it."""
    (project / ".gitignore").write_text(f"*.pyc\n/{STAMP}\n", encoding="utf-8")
    return project


@LINUX
def test_every_process_finds_it_newer(ignored: Path) -> None:
    """The ctime stays the same for one process, and is newer for the next without a write."""
    write_stamp(ignored)
    (first, again), (second, _) = read_ctimes(ignored / STAMP), read_ctimes(ignored / STAMP)

    assert first == again
    assert int(first) < int(second)


@LINUX
def test_link_is_made_once(ignored: Path) -> None:
    """A correct link is left unchanged; a regular file becomes a link."""
    (ignored / STAMP).write_text("of another system\n", encoding="ascii")
    write_stamp(ignored)
    made = (ignored / STAMP).lstat()
    write_stamp(ignored)

    assert (ignored / STAMP).readlink() == PROCESS / "stat"
    assert (ignored / STAMP).lstat().st_ctime_ns == made.st_ctime_ns


@pytest.mark.parametrize(
    ("above", "own", "git", "link"),
    [
        (None, None, "", False),
        (None, "*.pyc\n", "", False),
        (STAMP, None, "", True),
        (STAMP, None, "repository/project", False),
        (STAMP, None, "repository", True),
        (b"\xff", STAMP, "", True),
    ],
)
def test_only_where_git_ignores_it(
    tmp_path: Path, above: str | bytes | None, own: str | None, git: str, *, link: bool
) -> None:
    """An sdist of the files in git never has the link, which installers refuse to unpack."""
    project = tmp_path / "repository" / "project"
    (tmp_path / git / ".git").mkdir(parents=True)
    project.mkdir(parents=True, exist_ok=True)
    for folder, text in ((project.parent, above), (project, own)):
        if text is not None:
            encoded = text if isinstance(text, bytes) else text.encode()
            (folder / ".gitignore").write_bytes(encoded)

    write_stamp(project)

    assert (project / STAMP).is_symlink() == (link and PROCESS.is_dir())
    assert (project / STAMP).is_file()


def test_changes(project: Path) -> None:
    """Each write changes the contents."""
    write_stamp(project)
    first = (project / STAMP).read_text()
    write_stamp(project)

    assert first != (project / STAMP).read_text()


def missing_folder(folder: Path) -> Path:
    """Return a folder that does not exist, as on macOS."""
    return folder / "no-proc"


def same_ctime_for_all(folder: Path) -> Path:
    """Return a folder whose files all have the same ctime, as in some sandboxes."""
    (folder / "stat").touch()
    (folder / "statm").hardlink_to(folder / "stat")
    return folder


@pytest.mark.parametrize("place", [missing_folder, same_ctime_for_all])
def test_file_without_proc(ignored: Path, tmp_path: Path, place: Callable[[Path], Path]) -> None:
    """Without files of its own per process, the stamp is a file that each write changes."""
    process = place(tmp_path)
    write_stamp(ignored, process)
    first = (ignored / STAMP).read_text()
    write_stamp(ignored, process)

    assert not (ignored / STAMP).is_symlink()
    assert first != (ignored / STAMP).read_text()


def test_no_links(ignored: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """On a file system without symlinks, such as exFAT, the stamp is a regular file."""

    def refuse(*_: object) -> None:
        raise PermissionError

    monkeypatch.setattr(Path, "symlink_to", refuse)
    write_stamp(ignored)
    first = (ignored / STAMP).read_text()
    write_stamp(ignored)

    assert first != (ignored / STAMP).read_text()


def test_no_other_file_is_written(ignored: Path, tmp_path: Path) -> None:
    """A link to another file, or to one of another system, is replaced and not followed."""
    (other := tmp_path / "other").write_text("mine", encoding="ascii")
    for target in (other, PROCESS / "stat"):
        (ignored / STAMP).unlink(missing_ok=True)
        (ignored / STAMP).symlink_to(target)
        write_stamp(ignored, missing_folder(tmp_path))

        assert (ignored / STAMP).is_file()
        assert not (ignored / STAMP).is_symlink()
    assert other.read_text(encoding="ascii") == "mine"


def test_read_only_folder(project: Path) -> None:
    """A folder that can't be written to is left unchanged."""
    write_stamp(project / "missing")

    assert not (project / "missing").exists()


@pytest.mark.parametrize(
    ("keys", "expected"),
    [
        ([{"file": "pyproject.toml"}, {"file": STAMP}], True),
        ([f"./{STAMP}"], True),
        ([{"file": "pyproject.toml"}, {"git": {"commit": True}}, 1], False),
        ("stamp", False),
    ],
)
def test_names_stamp(*, keys: object, expected: bool) -> None:
    """A key names the stamp as a table or as a string."""
    assert expected == names_stamp({"tool": {"uv": {"cache-keys": keys}}})


@pytest.mark.parametrize("pyproject", [{}, {"tool": {}}, {"tool": 1}])
def test_no_keys(pyproject: dict[str, Any]) -> None:
    """A project without cache keys does not name the stamp."""
    assert not names_stamp(pyproject)


def test_has_uv_lock(project: Path) -> None:
    """A checkout has a uv.lock if the file exists."""
    assert not has_uv_lock(project)
    (project / "uv.lock").touch()
    assert has_uv_lock(project)
