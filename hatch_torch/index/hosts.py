"""Which URLs are asked, and which may be given to an installer."""

from __future__ import annotations

from ipaddress import ip_address
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import SplitResult, urlsplit

if TYPE_CHECKING:
    from collections.abc import Iterable

PYTORCH_HOSTS = frozenset(
    {
        "download.pytorch.org",
        "download-r2.pytorch.org",  # the files of the family since early 2026
        "d21usjoq99fcb9.cloudfront.net",  # the other files that PyTorch hosts
    }
)
"""Where PyTorch's index and its files lie (pytorch/test-infra, s3_management/manage_v2.py)."""

_LOOPBACK = "localhost"


class Hosts(NamedTuple):
    """The hosts that pages may link and redirect to."""

    allowed: frozenset[str]

    @classmethod
    def of(cls, urls: Iterable[str], further: Iterable[str] = ()) -> Hosts:
        """Allow the hosts of some URLs, further hosts (``files.example.org``), and PyTorch's."""
        own = (host_of(url) for url in urls)
        listed = (host_of(f"//{host}") for host in further)
        return cls(PYTORCH_HOSTS | {host for host in (*own, *listed) if host})

    def refusal(self, url: str) -> str | None:
        """Return why this URL must not be used, without its secrets, or None where it may."""
        parts = _split(url)
        host = host_of(url)
        if parts is None or not host:
            return "a URL that cannot be read"
        if parts.scheme not in {"https", "http"}:
            return f"a URL that begins with {parts.scheme}:"
        if "@" in parts.netloc:
            return "a URL with user-info"
        if host not in self.allowed:
            return f"the host {host}, which tool.torch-variant.hosts does not list"
        if parts.scheme == "http" and host != _LOOPBACK:
            return f"http: at {host}; only https: is safe"
        return None


def host_of(url: str) -> str:
    """Return a URL's host in lower case, every loopback host as ``localhost``, "" for none."""
    parts = _split(url)
    host = ((parts and parts.hostname) or "").rstrip(".")
    return _LOOPBACK if _is_loopback(host) else host


def origin_of(url: str) -> str:
    """Return what a URL's credentials belong to: its scheme, host and port."""
    parts = urlsplit(bare(url))
    return f"{parts.scheme}://{parts.netloc}".lower()


def bare(url: str) -> str:
    """Return a URL without user-info, query and fragment: what may be stored and shown."""
    parts = _split(url)
    if parts is None:
        return "(a URL that cannot be read)"
    return SplitResult(parts.scheme, parts.netloc.rpartition("@")[2], parts.path, "", "").geturl()


def _split(url: str) -> SplitResult | None:
    """Take a URL apart; a blank, a line's end or another alphabet is in none (RFC 3986)."""
    if not (url.isascii() and url.isprintable()) or " " in url:
        return None
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError:
        return None
    return parts


def _is_loopback(host: str) -> bool:
    if host == _LOOPBACK:
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False
