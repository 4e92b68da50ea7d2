"""The hashes that index pages give for a file and its METADATA."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

_SHA256 = re.compile(r"sha256=([0-9a-f]{64})", re.IGNORECASE)
_HEX = re.compile(r"[0-9a-f]+", re.IGNORECASE)
_LENGTHS = {"sha256": 64, "sha512": 128, "sha384": 96, "md5": 32, "sha224": 56, "sha1": 40}
"""The algorithms that installers check in a URL's fragment, and the digits of their digests.

In the order of preference: of the last two uv checks neither.
"""


def find_hash_fragment(hashes: Mapping[str, str]) -> str | None:
    """Return the preferred hash as a URL's fragment, ``sha256=…``; None without any.

    A sha256 comes first, since locks and records hold it; then what pip and uv both check.
    """
    return next((f"{name}={hashes[name]}" for name in _LENGTHS if name in hashes), None)


def read_html_metadata(value: str) -> str | None:
    """Read ``true`` or ``sha256=HEX``; PEP 714 allows ``false`` too.

    A file with a damaged hash counts as missing.
    """
    if match := _SHA256.fullmatch(value):
        return match[1].lower()
    return None if value.lower() == "false" or value.lower().startswith("sha256") else ""


def read_json_metadata(value: object) -> str | None:
    """Read ``true``, ``false`` or an object of hashes; a file with damaged ones is missing."""
    hashes, is_malformed = check_hashes(value)
    return None if is_malformed or not value else hashes.get("sha256", "")


def check_hashes(hashes: object) -> tuple[dict[str, str], bool]:
    """Return the known hashes in lower case, by algorithm, and whether any of them is damaged."""
    known = {
        name: digest.strip().lower() if isinstance(digest, str) else ""
        for written, digest in (hashes.items() if isinstance(hashes, dict) else ())
        if (name := written.strip().lower()) in _LENGTHS
    }
    is_malformed = not all(
        len(digest) == _LENGTHS[name] and _HEX.fullmatch(digest) for name, digest in known.items()
    )
    return known, is_malformed


def merge_hashes(sha256: str | None, others: Iterable[tuple[str, str]]) -> dict[str, str]:
    """Return all hashes by algorithm."""
    return {"sha256": sha256, **dict(others)} if sha256 else dict(others)
