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


def replace(path: Path, content: bytes, mode: int = 0o666) -> None:
    """Write beside and rename, so that every reader sees the old file or the new one.

    The mode of an old file stays; a new one gets `mode`, less the umask. Raises OSError, and
    leaves nothing behind then.
    """
    with beside(path, content, mode) as new:
        new.replace(path)


@contextmanager
def beside(path: Path, content: bytes, mode: int = 0o666) -> Iterator[Path]:
    """Write a file beside the one that it is to replace, which the block may do; else it goes.

    Raises OSError.
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
