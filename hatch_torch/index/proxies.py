"""The way out of this network: proxies and certificates, by the variables that pip reads."""

from __future__ import annotations

from ipaddress import ip_address, ip_network
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import unquote, urlsplit

from hatch_torch.index.auth import basic
from hatch_torch.index.urls import bare, host_of

if TYPE_CHECKING:
    from collections.abc import Mapping

CERTIFICATES = (
    "PIP_CERT",
    "REQUESTS_CA_BUNDLE",
    "CURL_CA_BUNDLE",
    "SSL_CERT_FILE",
    "SSL_CERT_DIR",
)
"""Variables that name a file or folder of certificates; the first that is there counts."""


class Proxy(NamedTuple):
    """A proxy without its secrets, and the headers that hold them."""

    url: str
    headers: tuple[tuple[str, str], ...] = ()

    def __repr__(self) -> str:
        """Show its URL alone: the headers may hold secrets."""
        return f"Proxy({self.url})"

    @classmethod
    def of(cls, url: str) -> Proxy:
        """Take user and password out of a proxy's URL."""
        parts = urlsplit(url)
        if parts.username is None:
            return cls(url)
        secret = basic(unquote(parts.username), unquote(parts.password or ""))
        return cls(bare(url), (("proxy-authorization", secret),))


class Certificates(NamedTuple):
    """A file or a folder of certificates to trust, instead of the system's."""

    file: str | None = None
    folder: str | None = None


def certificates(environ: Mapping[str, str]) -> Certificates:
    """Return the certificates that a variable names; without one, the system's count."""
    given = (environ[name] for name in CERTIFICATES if environ.get(name))
    named = next((path for path in given if Path(path).exists()), None)
    if named and Path(named).is_dir():
        return Certificates(folder=named)
    return Certificates(file=named)


def proxy_for(url: str, environ: Mapping[str, str]) -> Proxy | None:
    """Return the proxy, or None to go straight; nothing on loopback needs one.

    pip's own, of `--proxy` in a variable or file, knows no exceptions.
    """
    parts = urlsplit(url)
    host = parts.hostname or ""
    own = environ.get("PIP_PROXY", "").strip()
    if host_of(url) == "localhost":
        return None
    if not own and _is_excepted(host, parts.port, _read("no_proxy", environ)):
        return None
    proxy = own or _read(f"{parts.scheme}_proxy", environ) or _read("all_proxy", environ)
    if not proxy:
        return None
    return Proxy.of(proxy if "://" in proxy else f"http://{proxy}")


def _read(name: str, environ: Mapping[str, str]) -> str:
    """Prefer the lower case, as everybody does; in CGI a client could set HTTP_PROXY."""
    if name in environ:
        return environ[name].strip()
    if name == "http_proxy" and "REQUEST_METHOD" in environ:
        return ""
    return environ.get(name.upper(), "").strip()


def _is_excepted(host: str, port: int | None, exceptions: str) -> bool:
    return any(
        _covers(exception.strip().lower(), host, port)
        for exception in exceptions.split(",")
        if exception.strip()
    )


def _covers(exception: str, host: str, port: int | None) -> bool:
    """Match ``*``, ``example.org`` with all below it, ``host:port``, or ``10.0.0.0/8``."""
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
