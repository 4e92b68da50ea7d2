"""Users and passwords for our own requests: from URLs, netrc and the `keyring` command.

Each goes to the origin that it belongs to and nowhere else. The keyring is called as pip and uv
call it, and never prompts.
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
from hatch_torch.index.urls import get_origin, strip_credentials

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    Login = tuple[str, str] | None
    """A user and a password, or None."""


def is_keyring_allowed(environ: Mapping[str, str]) -> bool:
    """Return whether pip's and uv's variables allow calling a keyring.

    pip's default `auto` does not call one where it must not prompt (`--no-input`).
    """
    providers = {environ.get(name, "") for name in ("PIP_KEYRING_PROVIDER", "UV_KEYRING_PROVIDER")}
    if "disabled" in providers:
        return False
    is_silent = is_on(environ.get("PIP_NO_INPUT"))
    return not is_silent or not providers.isdisjoint({"import", "subprocess"})


class Keyring(NamedTuple):
    """A `keyring` command that returns users and passwords."""

    run: Callable[..., str | None]
    """Runs the command with these arguments; returns its output, None where it fails."""
    is_imported: bool = False
    """The installer imports the same keyring, which then needs no user name."""

    def find(self, index: str, user: str = "") -> tuple[str, str] | None:
        """Return user and password for an index, else for its host, in pip's order."""
        arguments = (user,) if user else ("--mode", "creds")
        for service in (index, urlsplit(index).netloc):
            lines = (self.run("get", service, *arguments) or "").splitlines()
            if user and lines:
                return user, lines[0]
            if len(lines) > 1:
                return lines[0], lines[1]
        return None


class Credentials:
    """Logins by origin; its `repr` shows none of them."""

    def __init__(
        self, environ: Mapping[str, str], keyring: Keyring | None = None, own: Iterable[str] = ()
    ) -> None:
        """Keep the environment, which locates the netrc file, and the keyring.

        `own` are the installer's indexes, whose logins both the installer and we know.
        """
        self._environ = environ
        self._keyring = keyring
        self._own = {get_origin(url): login for url in own if (login := _read_user_info(url))}
        self._remembered: dict[str, tuple[str, str]] = {}
        self._indexes: dict[str, str] = {}
        self._keyring_results: dict[str, Login] = {}
        self._lock = Lock()

    def remember(self, url: str) -> str:
        """Remember a URL's login for its origin; return the URL without it."""
        if login := _read_user_info(url):
            self._remembered[get_origin(url)] = login
        self._indexes.setdefault(get_origin(url), strip_credentials(url))
        return strip_credentials(url)

    def header(self, url: str) -> dict[str, str]:
        """Return the Authorization header for a URL; empty without a login."""
        return _make_header(self._keyring_results.get(get_origin(url)) or self._find(url))

    def keyring_header(self, url: str) -> dict[str, str]:
        """Return the header with the keyring's login, after a 401.

        Each origin is looked up once, however many threads ask at the same time.
        """
        origin = get_origin(url)
        with self._lock:
            if origin not in self._keyring_results:
                user, _ = self._find(url) or ("", "")
                index = self._indexes.get(origin, origin)
                login = self._keyring.find(index, user) if self._keyring else None
                self._keyring_results[origin] = login
        return _make_header(self._keyring_results[origin])

    def only_we_can_authenticate(self, url: str) -> bool:
        """Return whether we have a login for a URL's host that the installer does not have."""
        origin = get_origin(url)
        if origin in self._own or self._read_netrc(url):
            return False
        if self._keyring_results.get(origin):
            # A wheel's URL names no user, without which only an imported keyring finds a login.
            return not (self._keyring and self._keyring.is_imported)
        return origin in self._remembered

    def _find(self, url: str) -> Login:
        origin = get_origin(url)
        return self._remembered.get(origin) or self._own.get(origin) or self._read_netrc(url)

    def _read_netrc(self, url: str) -> Login:
        host = urlsplit(url).hostname or ""
        for path in _find_netrc_paths(self._environ):
            # A missing, unreadable or malformed file has no logins, as for pip.
            with suppress(OSError, netrc.NetrcParseError, UnicodeDecodeError):
                entry = netrc.netrc(str(path)).authenticators(host)
                return (entry[0], entry[2] or "") if entry else None
        return None


def encode_basic_auth(user: str, password: str) -> str:
    """Return the value of an Authorization header with HTTP's basic scheme (RFC 7617)."""
    return "Basic " + b64encode(f"{user}:{password}".encode()).decode("ascii")


def _make_header(login: Login) -> dict[str, str]:
    return {"Authorization": encode_basic_auth(*login)} if login else {}


def _read_user_info(url: str) -> Login:
    """Return the login in a URL; None for an invalid URL."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return None
    if parts.username is None:
        return None
    return unquote(parts.username), unquote(parts.password or "")


def _find_netrc_paths(environ: Mapping[str, str]) -> Iterator[Path]:
    """Yield the paths where pip looks: NETRC, else two names in the home folder."""
    if named := environ.get("NETRC"):
        yield Path(named)
    elif home := environ.get("HOME") or environ.get("USERPROFILE"):
        yield Path(home, ".netrc")
        yield Path(home, "_netrc")
