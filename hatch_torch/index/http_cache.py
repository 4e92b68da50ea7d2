"""The cache of index responses: one file per URL in a folder, written atomically, checksummed."""

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

from hatch_torch._files import read_bounded, write_atomically
from hatch_torch.index.limits import MAX_PAGE_BYTES, MIB
from hatch_torch.index.urls import PYTORCH_HOSTS, get_host

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping


_SUFFIX = ".torch-variant"
_LIMIT = MAX_PAGE_BYTES + MIB
"""Bytes of the largest file that is read back: a page and its headers."""
_NO_HOME = "nothing is cached: no home folder is known; TORCH_VARIANT_CACHE_DIR names a folder"


def open_cache(environ: Mapping[str, str]) -> Cache:
    """Return the user's cache; without a home folder, one that stores nothing and has a note."""
    cache = Cache(_find_folder(environ))
    if cache.folder is None:
        cache.notes.append(_NO_HOME)
    return cache


def _find_folder(environ: Mapping[str, str]) -> Path | None:
    """Return TORCH_VARIANT_CACHE_DIR, else the system's folder for caches.

    None for a user without a home, as in a container that runs under an arbitrary user id.
    """
    if named := environ.get("TORCH_VARIANT_CACHE_DIR"):
        return Path(named)
    from platformdirs import user_cache_dir  # noqa: PLC0415 (only where no folder is named)

    try:
        folder = Path(user_cache_dir("hatch-torch", appauthor=False))
    except RuntimeError:  # older versions of platformdirs return a folder called "~"
        return None
    return folder if folder.is_absolute() else None


class Cache:
    """A folder of responses; an unusable folder is an empty cache with a note, not an error."""

    def __init__(self, folder: Path | None) -> None:
        """Keep the folder, which need not exist, or None to store nothing."""
        self.folder = folder
        self.notes: list[str] = []
        self._is_usable: bool | None = None

    def read(self, key: str) -> CachedResponse | None:
        """Return the stored response; delete a damaged entry."""
        if not self._is_available():
            return None
        path = self._path(key)
        try:
            return CachedResponse.deserialize(key, read_bounded(path, _LIMIT))
        except OSError:
            return None
        except (ValueError, LookupError, TypeError, AttributeError, RecursionError, OverflowError):
            with suppress(OSError):
                path.unlink()
            return None

    def write(self, key: str, response: CachedResponse) -> None:
        """Store a response; on failure, add a note and store nothing more."""
        if not self._is_available():
            return
        try:
            path = self._path(key)
            path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            write_atomically(path, response.serialize(key), mode=0o600)
        except OSError as error:
            self._give_up(f"it cannot be written ({error.strerror})")

    def entries(self) -> Iterator[Path]:
        """Yield the files of the cache, including leftovers of killed processes."""
        if self._is_available() and self.folder:
            with suppress(OSError):
                yield from sorted(self.folder.glob(f"*{_SUFFIX}"))

    def size(self) -> int:
        """Return the size of all entries in bytes."""
        return sum(map(_get_size, self.entries()))

    def clear(self) -> int:
        """Delete all entries, and nothing else; return how many there were."""
        paths = [*self.entries()]
        for path in paths:
            path.unlink(missing_ok=True)
        return len(paths)

    def _path(self, key: str) -> Path:
        return Path(self.folder or "", sha256(key.encode()).hexdigest() + _SUFFIX)

    def _is_available(self) -> bool:
        if self._is_usable is None:
            reason = _unusable_reason(self.folder) if self.folder else None
            self._is_usable = self.folder is not None and reason is None
            if reason:
                self._give_up(reason)
        return self._is_usable

    def _give_up(self, reason: str) -> None:
        self._is_usable = False
        self.notes.append(f"the cache {self.folder} is not used: {reason}")


def _get_size(path: Path) -> int:
    """Return a file's size in bytes; 0 where another process has just deleted it."""
    try:
        return path.stat().st_size
    except OSError:
        return 0


def _unusable_reason(folder: Path) -> str | None:
    try:
        status = folder.lstat()
    except FileNotFoundError:
        return None
    except OSError as error:
        return f"it cannot be read ({error.strerror})"
    return untrusted_reason(status, None if sys.platform == "win32" else os.getuid())


def untrusted_reason(status: os.stat_result, user: int | None) -> str | None:
    """Return why a folder's contents may come from another user, or None.

    `user` is None on Windows, where permissions are not bits.
    """
    if not stat.S_ISDIR(status.st_mode):
        return "not a folder (a link or a file)"
    if user is None:
        return None
    if status.st_uid != user:
        return "it belongs to another user"
    return "every user may write to it" if status.st_mode & stat.S_IWOTH else None


_FOUND, _FORBIDDEN = 200, 403
_MAX_AGE = r"max-age=(\d{1,9})"
_DAY = 86400.0
_MISSING_AGE = 600.0
"""Seconds for which a missing page stays missing: the max-age of PyTorch's pages."""


class CachedResponse(NamedTuple):
    """A response as it is stored: a page, or the fact that there is none."""

    url: str
    """The final URL after redirects, without credentials; the base of relative links."""
    status: int
    body: bytes = b""
    content_type: str = ""
    etag: str = ""
    modified: str = ""
    stored: float = 0.0
    """Seconds since 1970."""
    max_age: float = 0.0
    """Seconds for which it is fresh."""

    @classmethod
    def from_reply(
        cls, url: str, status: int, headers: Mapping[str, str], body: bytes, now: float
    ) -> CachedResponse:
        """Return a server's response as it is stored; header names in lower case."""
        return cls(
            url=url,
            status=status,
            body=body,
            content_type=headers.get("content-type", ""),
            etag=headers.get("etag", ""),
            modified=headers.get("last-modified", ""),
            stored=now,
            max_age=_get_lifetime(url, status, headers.get("cache-control", "")),
        )

    def revalidate(self, headers: Mapping[str, str], now: float) -> CachedResponse:
        """Return the response with the new lifetime that the server confirmed (304)."""
        return self._replace(stored=now, max_age=_parse_max_age(headers.get("cache-control", "")))

    @property
    def is_found(self) -> bool:
        """Whether the page exists."""
        return self.status == _FOUND

    @property
    def conditional_headers(self) -> dict[str, str]:
        """The headers that request the page only if it changed (RFC 9110, section 13)."""
        headers = {"If-None-Match": self.etag, "If-Modified-Since": self.modified}
        return {name: value for name, value in headers.items() if value and self.is_found}

    def is_fresh(self, now: float) -> bool:
        """Return whether the response is still fresh; False if the clock moved backwards."""
        return self.stored <= now < self.stored + self.max_age

    def serialize(self, key: str) -> bytes:
        """Return the content of its file: a checksum, a line of JSON, the body."""
        head = {name: getattr(self, name) for name in self._fields if name != "body"}
        content = json.dumps({"key": key, **head}).encode("ascii") + b"\n" + self.body
        return _checksum(content) + b"\n" + content

    @classmethod
    def deserialize(cls, key: str, file: bytes) -> CachedResponse:
        """Return the response in a file; raises ValueError for a damaged one or another key's."""
        checksum, _, content = file.partition(b"\n")
        if checksum != _checksum(content):
            raise ValueError("the entry is damaged")
        line, _, body = content.partition(b"\n")
        head: dict[str, Any] = json.loads(line)
        if head.pop("key") != key:
            raise ValueError("the entry is another URL's")
        return cls(body=body, **head)


class PageState(NamedTuple):
    """By what an index tells whether a page is still the same."""

    url: str
    status: int
    etag: str
    modified: str
    expires: float
    """Seconds since 1970 until which the page counts as unchanged."""

    @classmethod
    def from_response(cls, page: CachedResponse) -> PageState:
        """Take the state of a page that was read."""
        return cls(page.url, page.status, page.etag, page.modified, page.stored + page.max_age)


def _get_lifetime(url: str, status: int, cache_control: str) -> float:
    """Return the lifetime in seconds; none for a mirror's 403, which a login may change."""
    if status == _FORBIDDEN and get_host(url) not in PYTORCH_HOSTS:
        return 0.0
    return _parse_max_age(cache_control) if status == _FOUND else _MISSING_AGE


def _parse_max_age(cache_control: str) -> float:
    """Return max-age in seconds, at most a day."""
    # A page marked no-store (a nightly page) is stored as well, though never fresh: it holds no
    # secret, and it is what is left when the index is down.
    cache_control = cache_control.lower()
    match = re.search(_MAX_AGE, cache_control)
    if match is None or "no-cache" in cache_control or "no-store" in cache_control:
        return 0.0
    return min(float(match[1]), _DAY)


def _checksum(content: bytes) -> bytes:
    return sha256(content).hexdigest().encode("ascii")
