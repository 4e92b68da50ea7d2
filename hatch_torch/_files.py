"""Files of others, read within bounds, and files written whole or not at all."""

from __future__ import annotations

import errno
import os
import secrets
import shutil
import stat
import time
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

# Seconds, a second in all; uneven, so that several writers do not meet at each try.
_DELAYS = (0.007, 0.011, 0.013, 0.017, 0.019, 0.023) * 12 if os.name == "nt" else ()

MAX_TEXT_BYTES = 16 * 2**20
"""No file that is written by hand, and no METADATA, is larger."""


def read_bounded(path: Path, limit: int = MAX_TEXT_BYTES) -> bytes:
    """Return a regular file's content, of at most `limit` bytes.

    Never waits: a pipe or a device in its place, which might have no end, raises OSError, as a
    larger file does, and whatever `open` raises. A NUL in the path raises ValueError.
    """
    flags = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
    with os.fdopen(os.open(path, flags), "rb") as file:
        if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
            raise OSError(errno.EINVAL, "not a regular file", str(path))
        content = file.read(limit + 1)
    if len(content) > limit:
        raise OSError(errno.EFBIG, f"larger than {limit} bytes", str(path))
    return content


def write_atomically(path: Path, content: bytes, mode: int = 0o666) -> None:
    """Replace a file by renaming, so that every reader sees the old content or the new.

    An existing file keeps its mode; a new one gets `mode`, less the umask. Raises OSError, and
    then leaves no temporary file.
    """
    with temporary_sibling(path, content, mode) as new:
        replace_file(new, path)


def replace_file(new: Path, path: Path, delays: Iterable[float] = _DELAYS) -> None:
    """Rename a file to another path, and replace what is there. Raises OSError.

    Windows refuses while another process has the old file open, mostly to read it: then it is
    tried again after each of the delays.
    """
    for delay in delays:
        try:
            new.replace(path)
        except PermissionError:
            time.sleep(delay)
        else:
            return
    new.replace(path)


@contextmanager
def temporary_sibling(path: Path, content: bytes, mode: int = 0o666) -> Iterator[Path]:
    """Yield a new file with this content beside a path, for the block to rename to it.

    Deletes the new file if the block does not rename it. Raises OSError.
    """
    new = path.with_name(f".{secrets.token_hex(4)}.{path.name}")
    try:
        with os.fdopen(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "wb") as file:
            file.write(content)
        with suppress(FileNotFoundError):
            shutil.copymode(path, new)
        yield new
    finally:
        new.unlink(missing_ok=True)
