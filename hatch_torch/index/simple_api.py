"""A wheel that an index offers.

The text of an index page to its links, HTML (PEP 503) or JSON (PEP 691).

An index page to the wheels that it offers; pure.
"""

from __future__ import annotations

import json
import re
from codecs import BOM_UTF8
from collections import Counter
from functools import lru_cache, partial
from itertools import islice, pairwise
from math import prod
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import unquote, urljoin

from packaging.utils import InvalidWheelFilename, parse_wheel_filename

from hatch_torch.errors import IndexFaultError
from hatch_torch.index.limits import LINKS, VALUES

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from packaging.tags import Tag
    from packaging.utils import BuildTag, NormalizedName
    from packaging.version import Version


_LONGEST = 255
"""Characters of the longest name; no file system takes more."""
_MOST_TAGS = 200
"""Tags of one name; compressed sets multiply, so that 255 characters could name 70,000."""


class Wheel(NamedTuple):
    """One file of an index page; hash and metadata are as the page gives them."""

    filename: str
    name: NormalizedName
    version: Version
    build: BuildTag
    tags: frozenset[Tag]
    url: str
    """Absolute, percent-encoded as the page has it, without fragment; "" for one of a folder."""
    sha256: str | None = None
    metadata: str | None = None
    """The sha256 of ``<url>.metadata`` (PEP 658), "" where it is there without one, or None."""

    @classmethod
    def from_filename(
        cls, filename: str, url: str, *, sha256: str | None = None, metadata: str | None = None
    ) -> Wheel:
        """Make a wheel from its file name; raises packaging's InvalidWheelFilename."""
        name, version, build, tags = _parse(filename)
        return cls(filename, name, version, build, tags, url, sha256, metadata)


def _parse(filename: str) -> tuple[NormalizedName, Version, BuildTag, frozenset[Tag]]:
    """Read a name in two halves, each of which a page of thousands repeats over and over."""
    if len(filename) > _LONGEST:
        raise InvalidWheelFilename(f"{filename[:_LONGEST]!r} is longer than any wheel's name")
    try:
        name, version, tail = filename.split("-", 2)
    except ValueError:
        raise InvalidWheelFilename(f"{filename!r} has too few parts for a wheel's name") from None
    return (*_name_and_version(f"{name}-{version}"), *_build_and_tags(tail))


def _tags_in(filename: str) -> int:
    """Count the tags that a name spells: ``py2.py3-none-any`` are two (PEP 425)."""
    return prod(part.count(".") + 1 for part in filename.removesuffix(".whl").split("-")[-3:])


@lru_cache(maxsize=4096)
def _name_and_version(half: str) -> tuple[NormalizedName, Version]:
    name, version, _, _ = parse_wheel_filename(f"{half}-py3-none-any.whl")
    return name, version


@lru_cache(maxsize=4096)
def _build_and_tags(half: str) -> tuple[BuildTag, frozenset[Tag]]:
    if _tags_in(half) > _MOST_TAGS:
        raise InvalidWheelFilename(f"{half!r} is longer than any wheel's name")
    _, _, build, tags = parse_wheel_filename(f"any-0-{half}")
    return build, tags


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


# What may stand in a link that ends up in METADATA: no blank or quote, which could end the
# requirement there, no query, which may be a secret. (`+`, `:` and `@` are in devpi's paths.)
_SAFE = re.compile(r"[A-Za-z0-9._~:/%+@!,=&$\[\]-]+")
_PART = re.compile(r"[A-Za-z0-9._+!-]+")
_LONGEST_PAGE = 3 * 255  # characters of a file's name, percent-encoded
_FILES = (".whl", ".tar.gz", ".zip", ".tar.bz2", ".egg", ".exe", ".metadata", ".asc", ".json")
_ENDS = 4096  # characters at either end of a page in which its outermost tags stand


class Page(NamedTuple):
    """What an index page lists."""

    wheels: tuple[Wheel, ...] = ()
    folders: tuple[str, ...] = ()
    """The names of the folders that it links to, where it is a list of those."""
    notes: tuple[str, ...] = ()
    """What was refused and why, without the links themselves."""


def parse_page(text: str, content_type: str, url: str, most: int = LINKS) -> Page:
    """Read a page from its text, its Content-Type and its address.

    Takes HTML (PEP 503, also a flat list of many packages' files) and JSON (PEP 691). Yanked
    files, sdists and files that are no plain wheels are left out.
    Raises IndexFaultError where the text is no index page, or has more links than `most`; a wheel
    counts once for each tag of its name.
    """
    if not text.strip():
        raise IndexFaultError(url, "found an empty answer instead of an index page")
    if "json" in content_type.lower() or text.lstrip().startswith("{"):
        base, links = url, _json(text, url, most)
    else:
        base, links = _html(text, url, most)
        base = _join(url, base) or url
        if fault := _fault_of(text, links):
            raise IndexFaultError(url, f"found {fault} instead of an index page")
    try:
        return _page(base, links, most)
    except ValueError as error:
        raise IndexFaultError(url, f"found an index page with {error}") from error


def decode(body: bytes, content_type: str) -> str:
    """Decode a page; never raises, for all that matters in it is ASCII."""
    if "utf-16" in content_type.lower():
        return body.decode("utf-16", errors="replace")
    # One byte a character, so that no page takes four times its size.
    return body.removeprefix(BOM_UTF8).decode("latin-1")


def _html(text: str, url: str, most: int) -> tuple[str, list[Link]]:
    try:
        return html_links(text, most)
    except ValueError as error:
        raise IndexFaultError(url, f"found an index page with {error}") from error


def _json(text: str, url: str, most: int) -> list[Link]:
    try:
        return json_links(text, most)
    except ValueError as error:
        raise IndexFaultError(url, f"found JSON that is no index page: {error}") from error


def _fault_of(text: str, links: Sequence[Link]) -> str | None:
    """Say what an HTML page is, where it is no list of files or folders."""
    head, tail = text[:_ENDS].lower(), text[-_ENDS:].lower()
    if "<html" in head and "</html" not in tail:
        return "a page that was cut in the middle"
    if any(link.href.lower().endswith((*_FILES, "/")) for link in links):
        return None
    if links or "<form" in head or "<script" in head:
        return "a page without packages (a login page?)"
    if not any(tag in head for tag in ("<html", "<!doctype html", "<body")):
        return "something else than HTML"
    return None


def _page(base: str, links: Iterable[Link], most: int) -> Page:
    wheels: list[Wheel] = []
    folders: list[str] = []
    refused: Counter[str] = Counter()
    folder_of = lru_cache(maxsize=256)(partial(_joined, base))
    for link in links:
        if link.href.endswith("/"):
            folders.append(unquote(link.href.rstrip("/").rpartition("/")[2]))
        elif link.yanked or not link.href.endswith(".whl"):
            refused["links with a query"] += ".whl?" in link.href
        elif wheel := _wheel(link, folder_of):
            wheels.append(wheel)
            most -= len(wheel.tags)
            if most < 0:
                raise ValueError(TOO_MANY)
        else:
            refused["links to a .whl that are unsafe or name no wheel"] += 1
    notes = tuple(f"{base}: refused {count} {what}" for what, count in refused.items() if count)
    return Page(tuple(wheels), tuple(folders), notes)


def _wheel(link: Link, folder_of: Callable[[str], str | None]) -> Wheel | None:
    """Make a link's wheel, named by its URL, as installers do, whatever the text beside it says."""
    folder, slash, file = link.href.rpartition("/")
    joined = folder_of(folder + slash or "./")
    parts = [*map(_plain, file.split("-"))] if len(file) <= _LONGEST_PAGE else []
    if joined is None or not parts or "" in parts:
        return None
    try:
        return Wheel.from_filename(
            "-".join(parts), joined + file, sha256=link.sha256, metadata=link.metadata
        )
    except InvalidWheelFilename:
        return None


@lru_cache(maxsize=4096)
def _plain(part: str) -> str:
    """Decode a part of a wheel's name, "" for an unsafe one; a page repeats them by the thousand.

    The same text always has the same answer: nothing makes it stale.
    """
    plain = unquote(part)
    return plain if _SAFE.fullmatch(part) and _PART.fullmatch(plain) else ""


def _joined(base: str, folder: str) -> str | None:
    return _join(base, folder) if _SAFE.fullmatch(folder) else None


def _join(base: str, href: str) -> str | None:
    try:
        return urljoin(base, href)
    except ValueError:  # an unclosed bracket where a host should be
        return None
