"""URLs that people configure: which name a mirror of PyTorch's index, and which hold a secret."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from urllib.parse import urlsplit, urlunsplit

from hatch_torch.backend import Backend
from hatch_torch.index.hosts import Hosts
from hatch_torch.tables import rows

if TYPE_CHECKING:
    from urllib.parse import SplitResult

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
    parts = _split(url)
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
    parts = _split(url)
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


def _split(url: str) -> SplitResult | None:
    try:
        return urlsplit(url)
    except ValueError:
        return None
