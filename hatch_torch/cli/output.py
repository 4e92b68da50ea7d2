"""Where a text goes: to the terminal, or into a file, whole or not at all."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from hatch_torch.atomic import replace
from hatch_torch.errors import ConfigurationError

if TYPE_CHECKING:
    from pathlib import Path


def put(content: bytes, path: Path | None, *, mark: str, force: bool = False) -> None:
    """Write to a file, or (None) to stdout, byte for byte.

    A file that has no line which begins with the mark was written by somebody else: it is
    overwritten where `force` says so. Raises ConfigurationError where it does not, and where the
    file can't be written.
    """
    if path is None:
        sys.stdout.buffer.write(content)
        sys.stdout.buffer.flush()
        return
    try:
        _put(content, path, mark.encode(), force=force)
    except OSError as error:
        raise ConfigurationError([f"-o {path}: {error.strerror or error}"]) from None


def _put(content: bytes, path: Path, mark: bytes, *, force: bool) -> None:
    present = path.read_bytes() if path.exists() else None
    if present == content:
        return
    if present is not None and not force and not _has(present, mark):
        raise ConfigurationError(
            [f"-o {path}: the file is there, and this command did not write it; --force overwrites"]
        )
    replace(path.resolve(), content)


def _has(content: bytes, mark: bytes) -> bool:
    # Without the zeros of an encoding of 16 or 32 bits.
    return any(line.lstrip().startswith(mark) for line in content.replace(b"\0", b"").splitlines())
