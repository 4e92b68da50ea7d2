"""RemoteFile: a file over range requests."""

from __future__ import annotations

import io

import pytest
from hypothesis import given, settings, strategies as st

from hatch_torch.index.transport import Slice
from hatch_torch.index.wheel_metadata import TAIL, RemoteFile


class Served:
    """A file that is served in ranges, whose sizes are recorded."""

    def __init__(self, content: bytes) -> None:
        """Keep the content."""
        self.content = content
        self.parts: list[int] = []

    def __call__(self, first: int, last: int | None) -> Slice:
        """Return a range."""
        start = max(0, len(self.content) + first) if last is None else first
        body = self.content[start : None if last is None else last + 1]
        self.parts.append(len(body))
        return Slice(body, start, len(self.content))


CONTENT = bytes(range(256)) * 1200
STEP = st.tuples(
    st.sampled_from([io.SEEK_SET, io.SEEK_CUR, io.SEEK_END]), st.integers(-99, 400_000)
)


@settings(max_examples=100, deadline=None)
@given(st.lists(st.tuples(STEP, st.integers(-1, 100_000) | st.none())))
def test_reads_like_a_file(steps: list[tuple[tuple[int, int], int | None]]) -> None:
    """Every seek and read gives the same as for a file in memory."""
    remote, local = RemoteFile(Served(CONTENT)), io.BytesIO(CONTENT)
    for (whence, offset), size in steps:
        if whence == io.SEEK_SET or local.tell() + offset >= 0 or whence == io.SEEK_END:
            place = max(0, offset) if whence == io.SEEK_SET else offset
            assert remote.seek(place, whence) == local.seek(place, whence)
        try:
            read = remote.read(size)
        except OSError as error:
            assert "would be needed" in str(error)  # noqa: PT017 - a limit may be hit, once
            return
        assert read == local.read(size)
        assert remote.tell() == local.tell()


def test_is_a_readable_file() -> None:
    """The file is seekable and readable, not before its beginning."""
    remote = RemoteFile(Served(CONTENT))
    assert (remote.seekable(), remote.readable()) == (True, True)
    with pytest.raises(OSError, match="before the beginning"):
        remote.seek(-1)


def test_asks_little() -> None:
    """The tail is requested once, and small reads share a range."""
    served = Served(CONTENT)
    remote = RemoteFile(served)
    remote.seek(-22, io.SEEK_END)
    remote.read(22)
    remote.seek(0)
    remote.read(30)
    remote.read(100)
    assert served.parts == [TAIL, 16 * 1024]


def test_too_much() -> None:
    """Reading too much of the file is an error."""
    remote = RemoteFile(lambda _, last: Slice(b"", 0, 10**9) if last is None else None)
    with pytest.raises(OSError, match="would be needed"):
        remote.read()


@pytest.mark.parametrize("part", [Slice(b"x" * 99, 1, 10**6), Slice(b"x", 0, 10**6)])
def test_wrong_part(part: Slice) -> None:
    """A different range than the requested one is refused."""
    tail = Slice(b"", 10**6, 10**6)
    remote = RemoteFile(lambda _, last: tail if last is None else part)
    with pytest.raises(OSError, match="a different range"):
        remote.read(50)


def test_no_ranges() -> None:
    """A server without ranges is an error."""
    with pytest.raises(OSError, match="does not support range requests"):
        RemoteFile(lambda *_: None)


@pytest.mark.parametrize("header", ["", "bytes */100", "bytes 0-1/*", "lines 1-2/3"])
def test_vague_part(header: str) -> None:
    """A reply without a valid Content-Range is not a part."""
    assert Slice.from_headers({"content-range": header}, b"x") is None
