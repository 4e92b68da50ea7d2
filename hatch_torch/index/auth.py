"""The `keyring` command, asked as pip and uv ask it: where the user has it, and never to prompt.

User and password for our own requests; they go to the origin they belong to, nowhere else.
"""

from __future__ import annotations

import netrc
from base64 import b64encode
from contextlib import suppress
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import unquote, urlsplit

from hatch_torch._env import is_on
from hatch_torch.index.urls import bare, origin_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    Known = tuple[str, str] | None
    """A user and a password, or nobody."""


def is_allowed(environ: Mapping[str, str]) -> bool:
    """Answer whether the user lets a keyring be asked, by pip's and uv's own variables.

    pip's `auto`, which is its default, asks none where it must not ask the user (`--no-input`).
    """
    providers = {environ.get(name, "") for name in ("PIP_KEYRING_PROVIDER", "UV_KEYRING_PROVIDER")}
    if "disabled" in providers:
        return False
    silent = is_on(environ.get("PIP_NO_INPUT"))
    return not silent or not providers.isdisjoint({"import", "subprocess"})


class Keyring(NamedTuple):
    """A keyring that can be asked for a user and a password."""

    run: Callable[..., str | None]
    """Runs the command with these words; returns what it wrote, None where it failed."""
    is_imported: bool = False
    """The installer imports it too, so that it asks the same without knowing a user."""

    def find(self, index: str, user: str = "") -> tuple[str, str] | None:
        """Return user and password for an index, else for its host, in pip's order."""
        words = (user,) if user else ("--mode", "creds")
        for service in (index, urlsplit(index).netloc):
            told = (self.run("get", service, *words) or "").splitlines()
            if user and told:
                return user, told[0]
            if len(told) > 1:
                return told[0], told[1]
        return None


class Credentials:
    """What the URLs of the configuration, netrc and a keyring know; shows nothing of it."""

    def __init__(
        self, environ: Mapping[str, str], keyring: Keyring | None = None, own: Iterable[str] = ()
    ) -> None:
        """Take the environment, which says where the netrc file lies, and a keyring to ask.

        `own` are the installer's indexes: what their URLs hold is known to it, and to us.
        """
        self._environ = environ
        self._keyring = keyring
        self._own = {origin_of(url): found for url in own if (found := _user_info(url))}
        self._given: dict[str, tuple[str, str]] = {}
        self._indexes: dict[str, str] = {}
        self._rung: dict[str, Known] = {}
        self._one_at_a_time = Lock()

    def learn(self, url: str) -> str:
        """Remember a URL's user-info for its origin; returns the URL that may be shown."""
        if found := _user_info(url):
            self._given[origin_of(url)] = found
        self._indexes.setdefault(origin_of(url), bare(url))
        return bare(url)

    def header(self, url: str) -> dict[str, str]:
        """Return the Authorization header for a URL; empty where nothing is known."""
        return _header(self._rung.get(origin_of(url)) or self._known(url))

    def from_keyring(self, url: str) -> dict[str, str]:
        """Return the header by what the keyring knows; to be asked where an answer was 401.

        An origin is looked up once, however many requests ask at the same time.
        """
        origin = origin_of(url)
        with self._one_at_a_time:
            if origin not in self._rung:
                user, _ = self._known(url) or ("", "")
                index = self._indexes.get(origin, origin)
                self._rung[origin] = self._keyring.find(index, user) if self._keyring else None
        return _header(self._rung[origin])

    def only_here(self, url: str) -> bool:
        """Answer whether we can read this URL's host, but the installer cannot.

        It has netrc and its own indexes. A keyring serves it only where it is a library of its own,
        since the URL of a wheel names no user.
        """
        origin = origin_of(url)
        if origin in self._own or self._from_netrc(url):
            return False
        if self._rung.get(origin):
            return not (self._keyring and self._keyring.is_imported)
        return origin in self._given

    def _known(self, url: str) -> Known:
        origin = origin_of(url)
        return self._given.get(origin) or self._own.get(origin) or self._from_netrc(url)

    def _from_netrc(self, url: str) -> Known:
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


def _header(found: Known) -> dict[str, str]:
    return {"Authorization": basic(*found)} if found else {}


def _user_info(url: str) -> Known:
    """Return what stands before the host of a URL; nothing of one that cannot be read."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return None
    if parts.username is None:
        return None
    return unquote(parts.username), unquote(parts.password or "")


def _netrc_paths(environ: Mapping[str, str]) -> Iterator[Path]:
    """Name the file where pip looks for it: NETRC, then two names in the home folder."""
    if named := environ.get("NETRC"):
        yield Path(named)
    elif home := environ.get("HOME") or environ.get("USERPROFILE"):
        yield Path(home, ".netrc")
        yield Path(home, "_netrc")
