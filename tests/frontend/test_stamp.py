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


def looked(stamp: Path) -> list[str]:
    """Return the times that a new process reads off a stamp, at two looks."""
    command = [sys.executable, "-c", LOOK, str(stamp)]
    return subprocess.run(command, capture_output=True, check=True, text=True).stdout.split()


@pytest.fixture
def ignored(project: Path) -> Path:
    """Return a project whose stamp git ignores, as `init` leaves it."""
    (project / ".gitignore").write_text(f"*.pyc\n/{STAMP}\n", encoding="utf-8")
    return project


@LINUX
def test_every_process_finds_it_newer(ignored: Path) -> None:
    """What one process sees stays as it is; the next one sees a newer stamp, without a write."""
    write_stamp(ignored)
    (first, again), (second, _) = looked(ignored / STAMP), looked(ignored / STAMP)

    assert first == again
    assert int(first) < int(second)


@LINUX
def test_it_is_made_once(ignored: Path) -> None:
    """A stamp that is right is left alone; one that was written becomes a link."""
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
    """Who packs what git has gets no link that leads out, which nobody would unpack."""
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
    """Each writing leaves other words."""
    write_stamp(project)
    first = (project / STAMP).read_text()
    write_stamp(project)

    assert first != (project / STAMP).read_text()


def nowhere(folder: Path) -> Path:
    """Return a place that is not there, as on macOS."""
    return folder / "no-proc"


def as_old_as_the_system(folder: Path) -> Path:
    """Return a place whose files all have one time, as a sandbox may show them."""
    (folder / "stat").touch()
    (folder / "statm").hardlink_to(folder / "stat")
    return folder


@pytest.mark.parametrize("place", [nowhere, as_old_as_the_system])
def test_it_is_written(ignored: Path, tmp_path: Path, place: Callable[[Path], Path]) -> None:
    """Where the system does not tell processes apart each writing leaves other words."""
    process = place(tmp_path)
    write_stamp(ignored, process)
    first = (ignored / STAMP).read_text()
    write_stamp(ignored, process)

    assert not (ignored / STAMP).is_symlink()
    assert first != (ignored / STAMP).read_text()


def test_no_links(ignored: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """On a file system without links, as exFAT, the stamp is written: it never goes missing."""

    def refuse(*_: object) -> None:
        raise PermissionError

    monkeypatch.setattr(Path, "symlink_to", refuse)
    write_stamp(ignored)
    first = (ignored / STAMP).read_text()
    write_stamp(ignored)

    assert first != (ignored / STAMP).read_text()


def test_no_other_file_is_written(ignored: Path, tmp_path: Path) -> None:
    """A stamp that leads elsewhere, or to a place of another system, gives way to a file."""
    (other := tmp_path / "other").write_text("mine", encoding="ascii")
    for target in (other, PROCESS / "stat"):
        (ignored / STAMP).unlink(missing_ok=True)
        (ignored / STAMP).symlink_to(target)
        write_stamp(ignored, nowhere(tmp_path))

        assert (ignored / STAMP).is_file()
        assert not (ignored / STAMP).is_symlink()
    assert other.read_text(encoding="ascii") == "mine"


def test_forbidden(project: Path) -> None:
    """A place that cannot be written is left alone."""
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
    """A key names the stamp as a table or as plain text."""
    assert expected == names_stamp({"tool": {"uv": {"cache-keys": keys}}})


@pytest.mark.parametrize("pyproject", [{}, {"tool": {}}, {"tool": 1}])
def test_no_keys(pyproject: dict[str, Any]) -> None:
    """Without keys there is no stamp in them."""
    assert not names_stamp(pyproject)


def test_has_uv_lock(project: Path) -> None:
    """A checkout has a lock of uv's if the file is there."""
    assert not has_uv_lock(project)
    (project / "uv.lock").touch()
    assert has_uv_lock(project)
