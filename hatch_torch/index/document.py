"""A page as an index gave it, with all that is needed to keep it and to ask for changes."""

from __future__ import annotations

import json
import re
from hashlib import sha256
from typing import TYPE_CHECKING, Any, NamedTuple

from hatch_torch.index.hosts import PYTORCH_HOSTS, host_of

if TYPE_CHECKING:
    from collections.abc import Mapping

_FOUND, _FORBIDDEN = 200, 403
_MAX_AGE = r"max-age=(\d{1,9})"
_DAY = 86400.0
_MISSING_AGE = 600.0
"""Seconds to believe that a page is missing: as long as PyTorch's pages are fresh (max-age)."""


class Document(NamedTuple):
    """A body and where it came from, or the knowledge that there is none."""

    url: str
    """Where it was found after redirects, without secrets; relative links start here."""
    status: int
    body: bytes = b""
    content_type: str = ""
    etag: str = ""
    modified: str = ""
    stored: float = 0.0
    """Seconds since 1970."""
    max_age: float = 0.0
    """Seconds for which nobody needs to be asked again."""

    @classmethod
    def of(
        cls, url: str, status: int, headers: Mapping[str, str], body: bytes, now: float
    ) -> Document:
        """Take what a server sent; header names in lower case."""
        return cls(
            url=url,
            status=status,
            body=body,
            content_type=headers.get("content-type", ""),
            etag=headers.get("etag", ""),
            modified=headers.get("last-modified", ""),
            stored=now,
            max_age=_age_of(url, status, headers.get("cache-control", "")),
        )

    def renewed(self, headers: Mapping[str, str], now: float) -> Document:
        """Return it as the server confirmed it (304)."""
        return self._replace(stored=now, max_age=_age(headers.get("cache-control", "")))

    @property
    def is_found(self) -> bool:
        """False where the index said that there is no such page."""
        return self.status == _FOUND

    @property
    def conditions(self) -> dict[str, str]:
        """The headers that ask only for something newer (RFC 9110, section 13)."""
        headers = {"If-None-Match": self.etag, "If-Modified-Since": self.modified}
        return {name: value for name, value in headers.items() if value and self.is_found}

    def is_fresh(self, now: float) -> bool:
        """Document whether it may be used unasked; never where the clock went back since."""
        return self.stored <= now < self.stored + self.max_age

    def pack(self, key: str) -> bytes:
        """Return it as one file: its hash, a line of JSON, the body."""
        head = {name: getattr(self, name) for name in self._fields if name != "body"}
        content = json.dumps({"key": key, **head}).encode("ascii") + b"\n" + self.body
        return _checksum(content) + b"\n" + content

    @classmethod
    def unpack(cls, key: str, file: bytes) -> Document:
        """Read `pack`'s file; raises ValueError where it is damaged or another key's."""
        checksum, _, content = file.partition(b"\n")
        if checksum != _checksum(content):
            raise ValueError("the entry is damaged")
        line, _, body = content.partition(b"\n")
        head: dict[str, Any] = json.loads(line)
        if head.pop("key") != key:
            raise ValueError("the entry is another URL's")
        return cls(body=body, **head)


def _age_of(url: str, status: int, cache_control: str) -> float:
    """Return how long an answer holds; a mirror's 403 not at all, for a login may change it."""
    if status == _FORBIDDEN and host_of(url) not in PYTORCH_HOSTS:
        return 0.0
    return _age(cache_control) if status == _FOUND else _MISSING_AGE


def _age(cache_control: str) -> float:
    """Read max-age, of at most a day.

    A page marked ``no-store`` (nightly pages) is kept as well, though never fresh: nobody's
    secret is in it, and it is what is left on the day that the index is down.
    """
    match = re.search(_MAX_AGE, cache_control.lower())
    if match is None or "no-cache" in cache_control or "no-store" in cache_control:
        return 0.0
    return min(float(match[1]), _DAY)


def _checksum(content: bytes) -> bytes:
    return sha256(content).hexdigest().encode("ascii")
