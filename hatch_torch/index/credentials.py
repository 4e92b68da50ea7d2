"""User and password for our own requests; they go to the origin they belong to, nowhere else."""

from __future__ import annotations

import netrc
from base64 import b64encode
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

from hatch_torch.index.hosts import bare

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping


class Credentials:
    """What the URLs of the configuration and the netrc file know; shows nothing of it."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        """Take the environment, which says where the netrc file lies."""
        self._environ = environ
        self._given: dict[str, tuple[str, str]] = {}

    def learn(self, url: str) -> str:
        """Remember a URL's user-info for its origin; returns the URL that may be shown."""
        parts = urlsplit(url)
        if parts.username is not None:
            user, password = unquote(parts.username), unquote(parts.password or "")
            self._given[_origin(url)] = user, password
        return bare(url)

    def header(self, url: str) -> dict[str, str]:
        """Return the Authorization header for a URL; empty where nothing is known."""
        found = self._given.get(_origin(url)) or self._from_netrc(url)
        return {"Authorization": basic(*found)} if found else {}

    def only_here(self, url: str) -> bool:
        """Answer whether we can read this URL's host, but an installer's netrc cannot."""
        return _origin(url) in self._given and self._from_netrc(url) is None

    def _from_netrc(self, url: str) -> tuple[str, str] | None:
        host = urlsplit(url).hostname or ""
        for path in _netrc_paths(self._environ):
            # A file that is missing, unreadable or malformed knows nobody, as for pip.
            with suppress(OSError, netrc.NetrcParseError, UnicodeDecodeError):
                entry = netrc.netrc(str(path)).authenticators(host)
                return (entry[0], entry[2] or "") if entry else None
        return None


def basic(user: str, password: str) -> str:
    """Spell user and password as HTTP's basic scheme does (RFC 7617)."""
    return "Basic " + b64encode(f"{user}:{password}".encode()).decode("ascii")


def _origin(url: str) -> str:
    parts = urlsplit(bare(url))
    return f"{parts.scheme}://{parts.netloc}".lower()


def _netrc_paths(environ: Mapping[str, str]) -> Iterator[Path]:
    """Name the file where pip looks for it: NETRC, then two names in the home folder."""
    if named := environ.get("NETRC"):
        yield Path(named)
    elif home := environ.get("HOME") or environ.get("USERPROFILE"):
        yield Path(home, ".netrc")
        yield Path(home, "_netrc")
