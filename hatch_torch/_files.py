"""Files written whole or not at all."""

from __future__ import annotations

import os
import secrets
import shutil
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


def write_atomically(path: Path, content: bytes, mode: int = 0o666) -> None:
    """Replace a file by renaming, so that every reader sees the old content or the new.

    An existing file keeps its mode; a new one gets `mode`, less the umask. Raises OSError, and
    then leaves no temporary file.
    """
    with temporary_sibling(path, content, mode) as new:
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
