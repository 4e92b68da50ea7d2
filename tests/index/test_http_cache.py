"""Cache: intact after every failure, and never an error."""

from __future__ import annotations

import os
import stat
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from hatch_torch.index.http_cache import Cache, CachedResponse, open_cache, untrusted_reason

DOCUMENT = CachedResponse("https://x.org/", 200, b"body", stored=1.0, max_age=2.0)
POSIX = pytest.mark.skipif(sys.platform == "win32", reason="Windows has other permissions")


def test_folder() -> None:
    """A variable names the folder, else the system's default is used."""
    assert open_cache({"TORCH_VARIANT_CACHE_DIR": "/x"}).folder == Path("/x")
    assert str(open_cache({}).folder).lower().endswith(("hatch-torch", "cache"))


def test_round_trip(tmp_path: Path) -> None:
    """A written response is read back; the folder is created."""
    cache = Cache(tmp_path / "a" / "b")
    cache.write("key", DOCUMENT)
    assert cache.read("key") == DOCUMENT
    assert cache.read("other") is None
    assert cache.notes == []


def test_no_cache() -> None:
    """Without a folder nothing is stored."""
    cache = Cache(None)
    cache.write("key", DOCUMENT)
    assert (cache.read("key"), cache.size(), len(cache.notes)) == (None, 0, 0)


@pytest.mark.parametrize("answer", [RuntimeError("no home"), "~/.cache/hatch-torch"])
def test_no_home(monkeypatch: pytest.MonkeyPatch, answer: str | Exception) -> None:
    """Without a home folder there is no cache, and no folder called "~"."""

    def folder(name: str, *, appauthor: bool) -> str:
        assert (name, appauthor) == ("hatch-torch", False)
        if isinstance(answer, Exception):
            raise answer
        return answer

    monkeypatch.setattr("platformdirs.user_cache_dir", folder)
    cache = open_cache({})

    assert [*cache.entries()] == []
    assert "TORCH_VARIANT_CACHE_DIR" in cache.notes[0]


def test_entry_that_another_process_removes(tmp_path: Path) -> None:
    """An entry that was just deleted counts zero bytes."""
    (tmp_path / "gone.torch-variant").symlink_to(tmp_path / "nowhere")
    assert Cache(tmp_path).size() == 0


@pytest.mark.parametrize("content", [b"", b"half\nwritten", b"\xff" * 100])
def test_damage(tmp_path: Path, content: bytes) -> None:
    """A damaged entry is deleted."""
    cache = Cache(tmp_path)
    cache.write("key", DOCUMENT)
    [entry] = cache.entries()
    entry.write_bytes(content)
    assert cache.read("key") is None
    assert [*cache.entries()] == []


def test_entry_of_another_version(tmp_path: Path) -> None:
    """An entry with unknown fields is deleted."""
    cache = Cache(tmp_path)
    cache.write("key", DOCUMENT)
    [entry] = cache.entries()
    content = entry.read_bytes().partition(b"\n")[2].replace(b'"etag"', b'"etog"')
    from hashlib import sha256  # noqa: PLC0415 - only this test forges

    entry.write_bytes(sha256(content).hexdigest().encode() + b"\n" + content)
    assert cache.read("key") is None


def test_huge_entry(tmp_path: Path) -> None:
    """An oversized entry is not read."""
    cache = Cache(tmp_path)
    cache.write("key", DOCUMENT)
    [entry] = cache.entries()
    os.truncate(entry, 65 * 1024 * 1024)
    assert cache.read("key") is None


def test_size_and_clear(tmp_path: Path) -> None:
    """Clearing deletes all entries and leftovers of killed processes, and nothing else."""
    cache = Cache(tmp_path)
    cache.write("key", DOCUMENT)
    [entry] = cache.entries()
    (tmp_path / f".0123abcd.{entry.name}").write_bytes(b"xx")
    (tmp_path / "thesis.tex").write_text("mine")
    assert cache.size() == len(DOCUMENT.serialize("key")) + 2
    assert cache.clear() == 2
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.tex"]


@POSIX
def test_nobody_else_reads(tmp_path: Path) -> None:
    """Only the user may read the entries."""
    Cache(tmp_path).write("key", DOCUMENT)
    [entry] = Cache(tmp_path).entries()
    assert entry.stat().st_mode & 0o777 == 0o600


def test_many_writers(tmp_path: Path) -> None:
    """A reader sees a complete entry while others write."""
    cache = Cache(tmp_path)
    versions = [CachedResponse("https://x.org/", 200, bytes([n]) * 50_000) for n in range(8)]

    def work(version: CachedResponse) -> bool:
        cache.write("key", version)
        return Cache(tmp_path).read("key") in versions

    with ThreadPoolExecutor(8) as pool:
        assert all(pool.map(work, versions * 8))
    assert len([*cache.entries()]) == 1


@POSIX
def test_link(tmp_path: Path) -> None:
    """A folder that is a link is not used."""
    (tmp_path / "cache").symlink_to(tmp_path)
    cache = Cache(tmp_path / "cache")
    cache.write("key", DOCUMENT)
    assert cache.read("key") is None
    assert cache.notes == [
        f"the cache {tmp_path / 'cache'} is not used: not a folder (a link or a file)"
    ]


@POSIX
def test_open_to_everybody(tmp_path: Path) -> None:
    """A folder that every user may write to is not used."""
    tmp_path.chmod(0o777)
    cache = Cache(tmp_path)
    assert cache.read("key") is None
    assert cache.notes == [f"the cache {tmp_path} is not used: every user may write to it"]


@pytest.mark.parametrize(
    ("mode", "user", "expected"),
    [
        (stat.S_IFDIR | 0o755, 1000, None),
        (stat.S_IFDIR | 0o777, None, None),
        (stat.S_IFDIR | 0o755, 0, "it belongs to another user"),
        (stat.S_IFDIR | 0o777, 1000, "every user may write to it"),
        (stat.S_IFLNK | 0o777, 1000, "not a folder (a link or a file)"),
    ],
)
def test_distrust(mode: int, user: int | None, expected: str | None) -> None:
    """Only a user's own folder is trusted."""
    assert (
        untrusted_reason(os.stat_result((mode, 0, 0, 1, 1000, 1000, 0, 0, 0, 0)), user) == expected
    )


def test_folder_that_cannot_be(tmp_path: Path) -> None:
    """A folder that cannot be created is noted once, and is no error."""
    (tmp_path / "file").write_text("")
    cache = Cache(tmp_path / "file" / "cache")
    cache.write("key", DOCUMENT)
    cache.write("key", DOCUMENT)
    assert len(cache.notes) == 1


def test_write_that_fails(tmp_path: Path) -> None:
    """A failed write leaves no file, and is noted once."""
    cache = Cache(tmp_path)
    cache.write("key", DOCUMENT)
    [entry] = cache.entries()
    entry.unlink()
    entry.mkdir()  # a folder in the way, as a full disk would be
    cache.write("key", DOCUMENT)
    cache.write("key", DOCUMENT)
    assert cache.notes[0].startswith(f"the cache {tmp_path} is not used: it cannot be written")
    assert [*tmp_path.iterdir()] == [entry]
