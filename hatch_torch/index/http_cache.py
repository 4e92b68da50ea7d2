"""Documents kept in a folder: one file a URL, written at once or not at all, checked when read.

A page as an index gave it, with all that is needed to keep it and to ask for changes.
"""

from __future__ import annotations

import json
import os
import re
import stat
import sys
from contextlib import suppress
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from hatch_torch._files import replace
from hatch_torch.index.limits import MIB, PAGES
from hatch_torch.index.urls import PYTORCH_HOSTS, host_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping


_SUFFIX = ".torch-variant"
_LIMIT = PAGES + MIB
"""Bytes of the largest file that is read back: a page and what is known of it."""
_HOMELESS = "nothing is cached, for no home folder is known; TORCH_VARIANT_CACHE_DIR names another"


def cache_of(environ: Mapping[str, str]) -> Cache:
    """Return the user's cache; one that keeps nothing, and says so, for a user without a home."""
    cache = Cache(_folder(environ))
    if cache.folder is None:
        cache.notes.append(_HOMELESS)
    return cache


def _folder(environ: Mapping[str, str]) -> Path | None:
    """Return TORCH_VARIANT_CACHE_DIR, or the folder that this system has for caches.

    None for a user without a home, as in a container that runs under a number of its own.
    """
    if named := environ.get("TORCH_VARIANT_CACHE_DIR"):
        return Path(named)
    from platformdirs import user_cache_dir  # noqa: PLC0415 - only where no folder is named

    try:
        folder = Path(user_cache_dir("hatch-torch", appauthor=False))
    except RuntimeError:  # by platformdirs that are older, a folder called "~"
        return None
    return folder if folder.is_absolute() else None


class Cache:
    """A folder of documents; one that cannot be used is no error, only an empty cache."""

    def __init__(self, folder: Path | None) -> None:
        """Take the folder, which need not exist, or None to keep nothing."""
        self.folder = folder
        self.notes: list[str] = []
        self._is_usable: bool | None = None

    def read(self, key: str) -> Document | None:
        """Return what was kept; a damaged entry is thrown away."""
        if not self._may_use():
            return None
        path = self._path(key)
        try:
            if path.stat().st_size > _LIMIT:
                return None
            return Document.unpack(key, path.read_bytes())
        except OSError:
            return None
        except (ValueError, KeyError, TypeError, AttributeError):
            with suppress(OSError):
                path.unlink()
            return None

    def write(self, key: str, document: Document) -> None:
        """Keep a document; where that fails, say so once and keep nothing more."""
        if not self._may_use():
            return
        try:
            path = self._path(key)
            path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            replace(path, document.pack(key), mode=0o600)
        except OSError as error:
            self._give_up(f"it cannot be written ({error.strerror})")

    def entries(self) -> Iterator[Path]:
        """Yield the files of the cache, leftovers of killed processes included."""
        if self._may_use() and self.folder:
            with suppress(OSError):
                yield from sorted(self.folder.glob(f"*{_SUFFIX}"))

    def size(self) -> int:
        """Return the bytes in use."""
        return sum(map(_size_of, self.entries()))

    def clear(self) -> int:
        """Remove every entry, and nothing else; returns how many there were."""
        paths = [*self.entries()]
        for path in paths:
            path.unlink(missing_ok=True)
        return len(paths)

    def _path(self, key: str) -> Path:
        return Path(self.folder or "", sha256(key.encode()).hexdigest() + _SUFFIX)

    def _may_use(self) -> bool:
        if self._is_usable is None:
            fault = _fault_of(self.folder) if self.folder else None
            self._is_usable = self.folder is not None and fault is None
            if fault:
                self._give_up(fault)
        return self._is_usable

    def _give_up(self, reason: str) -> None:
        self._is_usable = False
        self.notes.append(f"the cache {self.folder} is not used: {reason}")


def _size_of(path: Path) -> int:
    """Return a file's bytes; another process may have removed it just now."""
    try:
        return path.stat().st_size
    except OSError:
        return 0


def _fault_of(folder: Path) -> str | None:
    try:
        status = folder.lstat()
    except FileNotFoundError:
        return None
    except OSError as error:
        return f"it cannot be read ({error.strerror})"
    return distrust(status, None if sys.platform == "win32" else os.getuid())


def distrust(status: os.stat_result, user: int | None) -> str | None:
    """Say why a user must not believe what lies in a folder; others could have put it there.

    `user` is None on Windows, whose permissions are no bits.
    """
    if not stat.S_ISDIR(status.st_mode):
        return "it is a link or a file, not a folder"
    if user is None:
        return None
    if status.st_uid != user:
        return "it belongs to somebody else"
    return "everybody may write to it" if status.st_mode & stat.S_IWOTH else None


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
