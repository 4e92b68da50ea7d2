"""The text of an index page to its links, HTML (PEP 503) or JSON (PEP 691)."""

from __future__ import annotations

import json
import re
from itertools import islice, pairwise
from typing import TYPE_CHECKING, Any, NamedTuple

from hatch_torch.index.bounds import LINKS, VALUES

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

# A start tag's attributes, or the end of the tag. No two branches begin alike and a value cannot
# shrink, so the time is linear in the page, whatever it holds. The standard library's HTMLParser
# takes four times as long, and in older Pythons the square of the length for a hostile page.
_PIECE = re.compile(r"""([^\s"'>/=]+)(?:\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s"'>]+)))?|>""")
_TAG = re.compile(r"<(a|base)\s", re.IGNORECASE)
_COMMENT = re.compile(r"<!--.*?(?:-->|\Z)", re.DOTALL)
# How most links of a page are written, read at once. Without `&` nothing is escaped.
_PLAIN = re.compile(
    r'href="([^"#&\s]+)(?:#sha256=([0-9a-f]{64}))?"'
    r'(?: data-dist-info-metadata="sha256=([0-9a-f]{64})")?'
    r'(?: data-core-metadata="sha256=([0-9a-f]{64})")?(?: data-upload-time="[^"]*")?>'
)
_SHA256 = re.compile(r"sha256=([0-9a-f]{64})", re.IGNORECASE)
_HEX = re.compile(r"[0-9a-f]{64}", re.IGNORECASE)
TOO_MANY = f"more than {LINKS} links, tags or comments"


class Link(NamedTuple):
    """One file as a page lists it."""

    href: str
    """As the page has it, without the fragment: absolute or relative."""
    sha256: str | None = None
    metadata: str | None = None
    """As `Wheel.metadata`."""
    yanked: bool = False


def html_links(text: str, most: int = LINKS) -> tuple[str, list[Link]]:
    """Return the page's ``<base href>`` ("" without one) and its links (PEP 503, 592, 714).

    Raises ValueError where there are too many of them.
    """
    if text.count("<!--") > most:
        raise ValueError(TOO_MANY)
    text = _COMMENT.sub("", text)
    ends = [(tag[1], tag.start(), tag.end()) for tag in islice(_TAG.finditer(text), most + 1)]
    if len(ends) > most:
        raise ValueError(TOO_MANY)
    bases: list[str] = []
    links: list[Link] = []
    for (tag, _, begin), (_, end, _) in pairwise([*ends, ("", len(text), 0)]):
        if tag == "a" and (plain := _PLAIN.match(text, begin)):
            href, sha256, older, metadata = plain.groups()
            links.append(Link(href, sha256, metadata or older))
            continue
        attributes = _attributes(text, begin, end)
        if "href" not in attributes:
            continue
        if tag in "aA":
            links.append(_from_html(attributes))
        else:
            bases.append(attributes["href"])
    return (bases[0] if bases else ""), links


def json_links(text: str, most: int = LINKS) -> list[Link]:
    """Return the links of a PEP 691 page; raises ValueError where it is none, or has too many."""
    if sum(map(text.count, ",[{")) > VALUES:
        raise ValueError(f"it has more than {VALUES} values")
    try:
        page = json.loads(text)
    except RecursionError as error:
        raise ValueError("it is nested too deeply") from error
    files = page.get("files") if isinstance(page, dict) else None
    if not isinstance(files, list):
        raise ValueError("it has no list of files")  # noqa: TRY004 - of the page, not of a caller
    if len(files) > most:
        raise ValueError(TOO_MANY)
    return [*_from_json(files)]


def _attributes(text: str, begin: int, end: int) -> dict[str, str]:
    found: dict[str, str] = {}
    for piece in _PIECE.finditer(text, begin, end):
        name, double, single, bare = piece.groups()
        if name is None:
            break
        found.setdefault(name.lower(), double or single or bare or "")
    return found


def _from_html(attributes: Mapping[str, str]) -> Link:
    href, _, fragment = _unescaped(attributes["href"]).strip().partition("#")
    sha256 = _SHA256.match(fragment) or _SHA256.search(fragment)
    offered = attributes.get("data-core-metadata", attributes.get("data-dist-info-metadata"))
    return Link(
        href=href,
        sha256=sha256[1].lower() if sha256 else None,
        metadata=None if offered is None else _metadata(offered),
        yanked="data-yanked" in attributes,
    )


def _unescaped(text: str) -> str:
    if "&" not in text:
        return text
    from html import unescape  # noqa: PLC0415 (it knows 2,000 names, of which a page needs none)

    return unescape(text)


def _metadata(offered: str) -> str | None:
    """Read ``true`` or ``sha256=HEX``; PEP 714 allows ``false`` too."""
    if match := _SHA256.fullmatch(offered):
        return match[1].lower()
    return None if offered.lower() == "false" else ""


def _from_json(files: Iterable[Any]) -> Iterator[Link]:
    for file in files:
        if isinstance(file, dict) and isinstance(file.get("url"), str):
            offered = file.get("core-metadata", file.get("dist-info-metadata", False))
            yield Link(
                href=file["url"].strip().partition("#")[0],
                sha256=_hash(file.get("hashes")),
                metadata=(_hash(offered) or "") if offered else None,
                yanked=file.get("yanked", False) is not False,
            )


def _hash(hashes: object) -> str | None:
    value = hashes.get("sha256") if isinstance(hashes, dict) else None
    return value.lower() if isinstance(value, str) and _HEX.fullmatch(value) else None
