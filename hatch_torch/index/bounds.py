"""How much a server may make us hold: one decision needs no more than MEMORY, whatever it sends."""

from __future__ import annotations

from threading import Lock

MIB = 1024 * 1024
MEMORY = 256 * MIB
"""Bytes that the index may take of one decision's memory: the sum of the limits below, tested."""
PAGES = 32 * MIB
"""Bytes of all pages of a decision together, packed and unpacked; PyTorch's largest has 8 MiB."""
LINKS = 100_000
"""Links on all pages of a decision together; a lock of all nightly builds reads half as many.

A wheel counts once for each tag of its name, which takes as much as a link: one of 255 characters
could spell thousands. Of PyTorch's one in ten has two, the most is four.
"""
VALUES = 10 * LINKS
"""Values of a page in JSON; a file takes some ten."""
METADATA = MIB
"""Bytes of the largest METADATA that is read; torch's has 30,000."""

FILE = 16 * 1024 * MIB
"""Bytes of the largest wheel that is written into a folder; torch's take up to five GiB."""


class Room:
    """What may still come; taken from by several threads."""

    def __init__(self, limit: int) -> None:
        """Take the number of bytes that will do."""
        self.limit = limit
        self._left = limit
        self._lock = Lock()

    def __str__(self) -> str:
        """Return the limit in words."""
        return f"{self.limit // MIB} MiB" if self.limit >= MIB else f"{self.limit} bytes"

    def take(self, size: int) -> bool:
        """Take some of it; false where there is not that much left."""
        with self._lock:
            self._left -= size
            return self._left >= 0
