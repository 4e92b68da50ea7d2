"""Proxies and certificates, from the environment variables that pip reads."""

from __future__ import annotations

from ipaddress import ip_address, ip_network
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import unquote, urlsplit

from hatch_torch.index.auth import encode_basic_auth
from hatch_torch.index.urls import get_host, strip_credentials

if TYPE_CHECKING:
    from collections.abc import Mapping

CERTIFICATES = (
    "PIP_CERT",
    "REQUESTS_CA_BUNDLE",
    "CURL_CA_BUNDLE",
    "SSL_CERT_FILE",
    "SSL_CERT_DIR",
)
"""Variables that name a file or folder of certificates; the first that exists counts."""


class Proxy(NamedTuple):
    """A proxy's URL without credentials, and the headers that have them."""

    url: str
    headers: tuple[tuple[str, str], ...] = ()

    def __repr__(self) -> str:
        """Show the URL alone: the headers may have credentials."""
        return f"Proxy({self.url})"

    @classmethod
    def from_url(cls, url: str) -> Proxy:
        """Return the proxy, with user and password moved into a header."""
        parts = urlsplit(url)
        if parts.username is None:
            return cls(url)
        login = encode_basic_auth(unquote(parts.username), unquote(parts.password or ""))
        return cls(strip_credentials(url), (("proxy-authorization", login),))


class Certificates(NamedTuple):
    """A file or folder of certificates that are trusted instead of the system's."""

    file: str | None = None
    folder: str | None = None


def find_certificates(environ: Mapping[str, str]) -> Certificates:
    """Return the certificates that a variable names; empty for the system's."""
    paths = (environ[name] for name in CERTIFICATES if environ.get(name))
    path = next((path for path in paths if Path(path).exists()), None)
    if path and Path(path).is_dir():
        return Certificates(folder=path)
    return Certificates(file=path)


def find_proxy(url: str, environ: Mapping[str, str]) -> Proxy | None:
    """Return the proxy for a URL, or None for a direct connection, as always on loopback.

    no_proxy does not apply to pip's own proxy (`--proxy`, PIP_PROXY).
    """
    parts = urlsplit(url)
    host = parts.hostname or ""
    own = environ.get("PIP_PROXY", "").strip()
    if get_host(url) == "localhost":
        return None
    if not own and _is_exempt(host, parts.port, _read_variable("no_proxy", environ)):
        return None
    proxy = (
        own
        or _read_variable(f"{parts.scheme}_proxy", environ)
        or _read_variable("all_proxy", environ)
    )
    if not proxy:
        return None
    return Proxy.from_url(proxy if "://" in proxy else f"http://{proxy}")


def _read_variable(name: str, environ: Mapping[str, str]) -> str:
    """Return a variable, preferably in lower case; under CGI a client could set HTTP_PROXY."""
    if name in environ:
        return environ[name].strip()
    if name == "http_proxy" and "REQUEST_METHOD" in environ:
        return ""
    return environ.get(name.upper(), "").strip()


def _is_exempt(host: str, port: int | None, exceptions: str) -> bool:
    return any(
        _matches(exception.strip().lower(), host, port)
        for exception in exceptions.split(",")
        if exception.strip()
    )


def _matches(exception: str, host: str, port: int | None) -> bool:
    """Return whether ``*``, ``example.org``, ``host:port`` or ``10.0.0.0/8`` matches a host."""
    if exception in {"*", f"{host}:{port}"}:
        return True
    if "/" in exception:
        return _is_in_network(host, exception)
    domain = exception.removeprefix("*").lstrip(".")
    return host == domain or host.endswith(f".{domain}")


def _is_in_network(host: str, network: str) -> bool:
    try:
        return ip_address(host) in ip_network(network, strict=False)
    except ValueError:
        return False
