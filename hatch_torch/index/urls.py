"""Which URLs are asked, and which may be given to an installer.

URLs that people configure: which name a mirror of PyTorch's index, and which hold a secret.
"""

from __future__ import annotations

import re
from ipaddress import ip_address
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import SplitResult, urlsplit, urlunsplit

from hatch_torch.catalog import rows
from hatch_torch.catalog.backend import Backend

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


_CHANNELS = {"nightly", "test"}
_RUN = re.compile(r"[A-Za-z0-9]{16,}")
_WORD = re.compile(r"[A-Z]*[a-z]+|[A-Z]+|\d+")
_DIGEST = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")
_LONG = 20
_SHORT, _SHORT_IN_LONG = 2.7, 3.0
"""Characters of a word, on average: `torch29cu126py312` has 2.8, what chance writes about 2."""


def mirror_root(url: str) -> str | None:
    """Return the root of a mirror of PyTorch's index, or None where a URL names none.

    It does where its path ends in ``/whl`` (or in another folder of tables/mirrors.toml), or in
    that with a channel, a backend's folder as PyTorch spells it, or both behind it:
    ``/pytorch/whl/nightly/cu126/``. User-info stays; a query, or a plain ``http:``, names nothing.
    """
    parts = _split_mirrors(url)
    if parts is None or parts.query or Hosts.of([url]).refusal(_without_user(parts)):
        return None
    path = [part for part in parts.path.split("/") if part]
    if path and _is_backend(path[-1]):
        path.pop()
    if path and path[-1] in _CHANNELS:
        path.pop()
    if not path or path[-1] not in {row["folder"] for row in rows("mirrors")}:
        return None
    return urlunsplit((parts.scheme, parts.netloc, "/" + "/".join(path), "", ""))


def secret_in(url: str) -> str | None:
    """Say what of a URL could only be written into metadata as a secret, or None.

    A query always is one. A part of the path is a token where it has a run of 16 letters and digits
    or more whose words and numbers are shorter than 2.7 characters on average, in a run of 20 or
    more shorter than 3: chance writes so, people do not. The hash of a commit or a file (40 or 64
    small hexadecimal digits) is none.
    """
    parts = _split_mirrors(url)
    if parts is None:
        return None
    if parts.query:
        return "a query"
    runs = (run for part in parts.path.split("/") for run in _RUN.findall(part))
    return "what looks like a token in its path" if any(map(_is_token, runs)) else None


def _is_token(run: str) -> bool:
    short = _SHORT_IN_LONG if len(run) >= _LONG else _SHORT
    return not _DIGEST.fullmatch(run) and len(run) < short * len(_WORD.findall(run))


def _is_backend(folder: str) -> bool:
    try:
        return Backend.parse(folder).folder == folder
    except ValueError:
        return False


def _without_user(parts: SplitResult) -> str:
    return parts._replace(netloc=parts.netloc.rpartition("@")[2]).geturl()


def _split_mirrors(url: str) -> SplitResult | None:
    try:
        return urlsplit(url)
    except ValueError:
        return None
