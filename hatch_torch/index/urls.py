"""Rules for URLs: allowed hosts, credentials and other secrets, and mirrors of PyTorch's index."""

from __future__ import annotations

import re
from ipaddress import ip_address
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import SplitResult, unquote, urlsplit, urlunsplit

from hatch_torch.catalog import load_table
from hatch_torch.catalog.backend import Backend

if TYPE_CHECKING:
    from collections.abc import Iterable

PYTORCH_HOSTS = frozenset(
    {
        "download.pytorch.org",
        "download-r2.pytorch.org",  # the files of the torch family since early 2026
        "d21usjoq99fcb9.cloudfront.net",  # the other files that PyTorch hosts
    }
)
"""The hosts of PyTorch's index and its files (pytorch/test-infra, s3_management/manage_v2.py)."""

_LOOPBACK = "localhost"
# Python 3.10 reads the host of `https://evil[download.pytorch.org]/` as what is in the brackets.
_NETLOC = re.compile(r"(?:[A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\])(?::\d*)?")


class AllowedHosts(NamedTuple):
    """The hosts that pages may link and redirect to."""

    hosts: frozenset[str]

    @classmethod
    def of(cls, urls: Iterable[str], further: Iterable[str] = ()) -> AllowedHosts:
        """Allow the hosts of some URLs, further hosts (``files.example.org``), and PyTorch's."""
        named = (*map(get_host, urls), *(get_host(f"//{host}") for host in further))
        return cls(PYTORCH_HOSTS | {host for host in named if host})

    def rejection_reason(self, url: str) -> str | None:
        """Return why a URL must not be used, as a noun without secrets; None if it may be."""
        parts = _split_url(url)
        host = get_host(url)
        if parts is None or not host or not _NETLOC.fullmatch(parts.netloc.rpartition("@")[2]):
            return "an invalid URL"
        if parts.scheme not in {"https", "http"}:
            return f"a URL that begins with {parts.scheme}:"
        if "@" in parts.netloc:
            return "a URL with user-info"
        if host not in self.hosts:
            return f"the host {host}, which tool.torch-variant.hosts does not list"
        if parts.scheme == "http" and host != _LOOPBACK:
            return f"http: at {host}"
        return None


def get_host(url: str) -> str:
    """Return a URL's host in lower case, every loopback host as ``localhost``, "" for none."""
    parts = _split_url(url)
    host = ((parts and parts.hostname) or "").rstrip(".")
    return _LOOPBACK if _is_loopback(host) else host


def get_origin(url: str) -> str:
    """Return the scheme, host and port that a URL's credentials belong to."""
    parts = urlsplit(strip_credentials(url))
    return f"{parts.scheme}://{parts.netloc}".lower()


def strip_credentials(url: str) -> str:
    """Return a URL without user-info, query and fragment: what may be stored and shown."""
    parts = _split_url(url)
    if parts is None:
        return "(invalid URL)"
    return SplitResult(parts.scheme, parts.netloc.rpartition("@")[2], parts.path, "", "").geturl()


def _split_url(url: str) -> SplitResult | None:
    """Return a URL's parts; None for one with blanks or non-ASCII characters (RFC 3986)."""
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


def find_mirror_root(url: str) -> str | None:
    """Return the root of the mirror of PyTorch's index that a URL names, or None.

    The path ends in ``/whl`` or another folder of the table `mirrors`, perhaps followed by a
    channel, a backend's folder as PyTorch spells it, or both: ``/pytorch/whl/nightly/cu126/``.
    User-info stays. A URL with a query, or with plain ``http:``, names no mirror.
    """
    parts = _split_any_url(url)
    if parts is None or parts.query:
        return None
    without_user = parts._replace(netloc=parts.netloc.rpartition("@")[2]).geturl()
    if AllowedHosts.of([url]).rejection_reason(without_user):
        return None
    path = [part for part in parts.path.split("/") if part]
    if path and _is_backend_folder(path[-1]):
        path.pop()
    if path and path[-1] in _CHANNELS:
        path.pop()
    if not path or path[-1] not in {row["folder"] for row in load_table("mirrors")}:
        return None
    return urlunsplit((parts.scheme, parts.netloc, "/" + "/".join(path), "", ""))


# The prefixes by which GitHub, GitLab, Docker, npm, Hugging Face, AWS, PyPI, Slack and Google mark
# their tokens, and the beginning of a JSON web token.
_KNOWN_TOKEN = re.compile(
    r"(?<![A-Za-z0-9])(?:"
    r"(?:gh[opusr]_|github_pat_)[A-Za-z0-9_]{16,}"
    r"|(?:gl(?:pat|dt|rt|cbt|ptt|ft|imt|agent|oas|soat|ffct)-|dckr_pat_)[A-Za-z0-9_-]{16,}"
    r"|npm_[A-Za-z0-9]{30,}|hf_[A-Za-z]{30,}"
    r"|(?:AKIA|ASIA)[A-Z0-9]{16}"
    r"|pypi-Ag[A-Za-z0-9_-]{16,}"
    r"|xox[abeoprs]-[A-Za-z0-9-]{10,}"
    r"|AIza[A-Za-z0-9_-]{30,}"
    r"|eyJ[A-Za-z0-9_-]{8,}\.eyJ[A-Za-z0-9_-]{8,}"
    r")"
)
_NAMED_SECRET = re.compile(
    r"(?i)(?:^|[/;,&])[\w-]*(?:token|secret|password|passwd|api[_-]?key|signature)[=:][^/]"
)
_RUN = re.compile(r"[A-Za-z0-9]{16,}")
_WORD = re.compile(r"[A-Z]*[a-z]+|[A-Z]+|\d+")
_DIGEST = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")
_LONG_RUN = 20
_WORD_LENGTH, _WORD_LENGTH_IN_LONG_RUN = 2.7, 3.0
"""Characters of a word on average: `torch29cu126py312` has 2.8, random text about 2."""


def find_secret(url: str) -> str | None:
    """Return what of a URL, other than user-info, is certainly a secret, or None.

    That is a query, and in the path a token with the prefix of a known service or `token=…`.
    """
    parts = _split_any_url(url)
    if parts is None:
        return None
    if parts.query:
        return "a query"
    path = unquote(parts.path)
    is_token = _KNOWN_TOKEN.search(path) or _NAMED_SECRET.search(path)
    return "a token in its path" if is_token else None


def may_have_token(url: str) -> bool:
    """Return whether a part of a URL's path looks random, as a token does.

    Random are 16 letters and digits or more, whose words and numbers are short on average. A
    commit's or file's hash (40 or 64 hexadecimal digits) is not.
    """
    parts = _split_any_url(url)
    path = parts.path.split("/") if parts else ()
    return any(_is_random(run) for part in path for run in _RUN.findall(part))


def _is_random(run: str) -> bool:
    length = _WORD_LENGTH_IN_LONG_RUN if len(run) >= _LONG_RUN else _WORD_LENGTH
    return not _DIGEST.fullmatch(run) and len(run) < length * len(_WORD.findall(run))


def _is_backend_folder(folder: str) -> bool:
    try:
        return Backend.parse(folder).folder == folder
    except ValueError:
        return False


def _split_any_url(url: str) -> SplitResult | None:
    """Return a URL's parts, whatever its characters."""
    try:
        return urlsplit(url)
    except ValueError:
        return None
