"""Parses the pages of package indexes, HTML (PEP 503) or JSON (PEP 691), into links and wheels.

Pure functions; a page may be hostile, so everything is linear in its size and within limits.
PyTorch's pages have up to 20,000 links: whatever is done for each link is measured.
"""

from __future__ import annotations

import json
import re
from codecs import BOM_UTF8
from collections import Counter
from functools import lru_cache, partial
from itertools import islice, pairwise
from math import prod
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import unquote, urljoin

from packaging.utils import InvalidWheelFilename, parse_wheel_filename

from hatch_torch.errors import IndexFaultError
from hatch_torch.index.hashes import (
    check_hashes,
    find_hash_fragment,
    merge_hashes,
    read_html_metadata,
    read_json_metadata,
)
from hatch_torch.index.limits import MAX_JSON_VALUES, MAX_LINKS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from packaging.tags import Tag
    from packaging.utils import BuildTag, NormalizedName
    from packaging.version import Version

    from hatch_torch.catalog.backend import Backend

    PageKey = tuple[Backend, str]
    """A backend and the name of a package: one page of an index with PyTorch's layout."""

_MAX_NAME = 255
"""Characters of a file name; no file system takes more."""
_MAX_ENCODED_NAME = 3 * _MAX_NAME
"""The same, percent-encoded."""
_MAX_TAGS = 200
"""Tags of one file name; compressed sets multiply, so 255 characters could spell 70,000."""


class Link(NamedTuple):
    """A file as an index page lists it."""

    href: str
    """As on the page, absolute or relative, without the fragment."""
    sha256: str | None = None
    core_metadata: str | None = None
    """The sha256 of ``<url>.metadata`` (PEP 658, 714), "" for a file without a hash, or None."""
    requires_python: str | None = None
    """The specifier, unparsed (PEP 503)."""
    yanked: str | None = None
    """The reason, which may be "" (PEP 592), or None for a file that is not yanked."""
    other_hashes: tuple[tuple[str, str], ...] = ()
    """Pairs of algorithm and digest, without sha256."""
    is_malformed: bool = False
    """Whether a hash is no hash, so that an installer would check nothing."""

    @property
    def hashes(self) -> dict[str, str]:
        """All hashes by algorithm."""
        return merge_hashes(self.sha256, self.other_hashes)


class Wheel(NamedTuple):
    """A wheel that is offered by an index page or in a folder; other fields as in `Link`."""

    filename: str
    name: NormalizedName
    version: Version
    build: BuildTag
    tags: frozenset[Tag]
    url: str
    """Absolute, percent-encoded as on the page, without fragment; "" for one in a folder."""
    sha256: str | None = None
    core_metadata: str | None = None
    requires_python: str | None = None
    yanked: str | None = None
    other_hashes: tuple[tuple[str, str], ...] = ()

    @classmethod
    def from_filename(cls, filename: str, url: str, *, sha256: str | None = None) -> Wheel:
        """Return the wheel that a file name describes; raises packaging's InvalidWheelFilename."""
        return cls(filename, *_parse_filename(filename), url, sha256)

    @classmethod
    def from_link(cls, filename: str, url: str, link: Link) -> Wheel:
        """Return a link's wheel; raises packaging's InvalidWheelFilename."""
        _, sha256, metadata, python, yanked, hashes, _ = link
        parts = _parse_filename(filename)
        return cls(filename, *parts, url, sha256, metadata, python, yanked, hashes)

    @property
    def hashes(self) -> dict[str, str]:
        """All hashes by algorithm."""
        return merge_hashes(self.sha256, self.other_hashes)

    @property
    def hash_fragment(self) -> str | None:
        """The strongest hash as a URL's fragment, ``sha256=…``; None without any."""
        return find_hash_fragment(self.hashes)


class Page(NamedTuple):
    """The contents of an index page."""

    wheels: tuple[Wheel, ...] = ()
    """All wheels, the yanked ones too."""
    folders: tuple[str, ...] = ()
    """The names of linked folders, where the page lists those."""
    notes: tuple[str, ...] = ()
    """What was refused and why, without the links themselves."""


def parse_page(text: str, content_type: str, url: str, max_links: int = MAX_LINKS) -> Page:
    """Return the wheels and folders of a page with this Content-Type and URL.

    A page may list one package (PEP 503, 691) or be a flat list of many packages' files. Files
    other than wheels are left out; `parse_links` returns those too. Raises IndexFaultError where
    the text is not an index page or has more than `max_links`; a wheel counts once for each tag.
    """
    base, links = parse_links(text, content_type, url, max_links)
    try:
        return _collect_wheels(base, links, max_links)
    except ValueError as error:
        raise IndexFaultError(url, f"expected an index page, got one with {error}") from error


def parse_links(
    text: str, content_type: str, url: str, max_links: int = MAX_LINKS
) -> tuple[str, list[Link]]:
    """Return a page's base URL and all its links; raises IndexFaultError as `parse_page`."""
    if not text.strip():
        raise IndexFaultError(url, "expected an index page, got an empty response")
    if "json" in content_type.lower() or text.lstrip().startswith("{"):
        try:
            return url, parse_json_links(text, max_links)
        except ValueError as error:
            raise IndexFaultError(url, f"expected an index page, got JSON: {error}") from error
    try:
        base, links = parse_html_links(text, max_links)
    except ValueError as error:
        raise IndexFaultError(url, f"expected an index page, got one with {error}") from error
    if content := _describe_other_page(text, links):
        raise IndexFaultError(url, f"expected an index page, got {content}")
    return _join_url(url, base) or url, links


def decode_page(body: bytes, content_type: str) -> str:
    """Return a page's text; never raises, since everything that matters in it is ASCII."""
    if "utf-16" in content_type.lower():
        return body.decode("utf-16", errors="replace")
    # One byte per character: UTF-8 could make a string of four times the body's size.
    return body.removeprefix(BOM_UTF8).decode("latin-1")


# A start tag's attributes, or the end of the tag. No two branches begin alike and a value cannot
# shrink, so the time is linear in the page, whatever it holds. The standard library's HTMLParser
# takes four times as long, and in older Pythons quadratic time for a hostile page.
_ATTRIBUTE = re.compile(r"""([^\s"'>/=]+)(?:\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s"'>]+)))?|>""")
_TAG = re.compile(r"<(a|base)\s", re.IGNORECASE)
_COMMENT = re.compile(r"<!--.*?(?:-->|\Z)", re.DOTALL)
# How nearly all links of PyTorch's and PyPI's pages are written, matched at once.
_COMMON_LINK = re.compile(
    r'href="([^"#&\s]+)(?:#sha256=([0-9a-f]{64}))?"'
    r'(?: data-requires-python="([^"]*)")?'
    r'(?: data-dist-info-metadata="sha256=([0-9a-f]{64})")?'
    r'(?: data-core-metadata="sha256=([0-9a-f]{64})")?(?: data-upload-time="[^"]*")?>'
)
TOO_MANY = f"more than {MAX_LINKS} links, tags or comments"


def parse_html_links(text: str, max_links: int = MAX_LINKS) -> tuple[str, list[Link]]:
    """Return the page's ``<base href>`` ("" without one) and its links (PEP 503, 592, 714).

    Raises ValueError where there are too many of them.
    """
    if text.count("<!--") > max_links:
        raise ValueError(TOO_MANY)
    text = _COMMENT.sub("", text)
    tags = [(tag[1], tag.start(), tag.end()) for tag in islice(_TAG.finditer(text), max_links + 1)]
    if len(tags) > max_links:
        raise ValueError(TOO_MANY)
    bases: list[str] = []
    links: list[Link] = []
    for (tag, _, begin), (_, end, _) in pairwise([*tags, ("", len(text), 0)]):
        if tag == "a" and (match := _COMMON_LINK.match(text, begin)):
            href, sha256, python, dist_info, core = match.groups()
            links.append(Link(href, sha256, core or dist_info, python and _unescape(python)))
            continue
        attributes = _parse_attributes(text, begin, end)
        if "href" not in attributes:
            continue
        if tag in "aA":
            links.append(_read_html_link(attributes))
        else:
            bases.append(attributes["href"])
    return (bases[0] if bases else ""), links


def parse_json_links(text: str, max_links: int = MAX_LINKS) -> list[Link]:
    """Return the links of a PEP 691 page; raises ValueError for another text or too many links."""
    if sum(map(text.count, ",[{")) > MAX_JSON_VALUES:
        raise ValueError(f"it has more than {MAX_JSON_VALUES} values")
    try:
        page = json.loads(text)
    except RecursionError as error:
        raise ValueError("it is nested too deeply") from error
    files = page.get("files") if isinstance(page, dict) else None
    if not isinstance(files, list):
        raise ValueError("it has no list of files")  # noqa: TRY004 (a fault of the page)
    if len(files) > max_links:
        raise ValueError(TOO_MANY)
    return [*filter(None, map(read_json_link, files))]


def _parse_attributes(text: str, begin: int, end: int) -> dict[str, str]:
    attributes: dict[str, str] = {}
    for match in _ATTRIBUTE.finditer(text, begin, end):
        name, double_quoted, single_quoted, unquoted = match.groups()
        if name is None:
            break
        attributes.setdefault(name.lower(), double_quoted or single_quoted or unquoted or "")
    return attributes


def _read_html_link(attributes: Mapping[str, str]) -> Link:
    href, _, fragment = _unescape(attributes["href"]).strip().partition("#")
    parts = (part.partition("=") for part in fragment.split("&")) if fragment else ()
    hashes, is_malformed = check_hashes({name: digest for name, _, digest in parts})
    core_metadata = attributes.get("data-core-metadata", attributes.get("data-dist-info-metadata"))
    python, yanked = attributes.get("data-requires-python"), attributes.get("data-yanked")
    return Link(
        href=href,
        sha256=hashes.pop("sha256", None),
        core_metadata=None if core_metadata is None else read_html_metadata(core_metadata),
        requires_python=_unescape(python) if python else None,
        yanked=None if yanked is None else _unescape(yanked),
        other_hashes=tuple(hashes.items()),
        is_malformed=is_malformed,
    )


@lru_cache(maxsize=256)
def _unescape(text: str) -> str:
    if "&" not in text:
        return text
    from html import unescape  # noqa: PLC0415 (it knows 2,000 names, which few pages need)

    return unescape(text)


def read_json_link(file: object) -> Link | None:
    """Return the link of an entry of a PEP 691 page; None for one without a URL."""
    if not (isinstance(file, dict) and isinstance(file.get("url"), str)):
        return None
    core_metadata = file.get("core-metadata", file.get("dist-info-metadata", False))
    hashes, is_malformed = check_hashes(file.get("hashes"))
    python, yanked = file.get("requires-python"), file.get("yanked", False)
    return Link(
        href=file["url"].strip().partition("#")[0],
        sha256=hashes.pop("sha256", None),
        core_metadata=read_json_metadata(core_metadata),
        requires_python=python if python and isinstance(python, str) else None,
        yanked=None if yanked is False else yanked if isinstance(yanked, str) else "",
        other_hashes=tuple(hashes.items()),
        is_malformed=is_malformed,
    )


_LISTED = re.compile(r"(/|\.(whl|tar\.gz|zip|tar\.bz2|egg|exe|metadata|asc|json))\Z", re.IGNORECASE)
_MARGIN = 4096
"""Characters at either end of a page in which its outermost tags stand."""


def _describe_other_page(text: str, links: Sequence[Link]) -> str | None:
    """Return what an HTML page is that does not list files or folders, or None."""
    head, tail = text[:_MARGIN].lower(), text[-_MARGIN:].lower()
    if "<html" in head and "</html" not in tail:
        return "a truncated page"
    if any(_LISTED.search(link.href) for link in links):
        return None
    if links or "<form" in head or "<script" in head:
        return "a page without packages (a login page?)"
    if not any(tag in head for tag in ("<html", "<!doctype html", "<body")):
        return "something other than HTML"
    return None


# The characters of a link that may end up in METADATA: those of a path (RFC 3986) without quotes
# and parentheses, which could end the requirement there, and without `$`, which pip and uv expand
# in requirements files. No query, which may be a secret. (devpi's paths have `+`, `:` and `@`.)
_SAFE = re.compile(r"(?:[A-Za-z0-9._~:/+@!,;=&*-]|%[0-9A-Fa-f]{2})+")
# The host may be an IPv6 address.
_SAFE_URL = re.compile(rf"[A-Za-z]+://(?:\[[0-9A-Fa-f:.]+\])?{_SAFE.pattern}")
_SAFE_PART = re.compile(r"[A-Za-z0-9._+!-]+")


def _collect_wheels(base: str, links: Iterable[Link], max_links: int) -> Page:
    """Return a page's contents; raises ValueError where the wheels have too many tags."""
    wheels: list[Wheel] = []
    folders: list[str] = []
    refused: Counter[str] = Counter()
    join_folder = lru_cache(maxsize=256)(partial(_join_safe_folder, base))
    for link in links:
        if link.href.endswith("/"):
            folders.append(unquote(link.href.rstrip("/").rpartition("/")[2]))
        elif not link.href.endswith(".whl"):
            refused["links with a query"] += ".whl?" in link.href
        elif wheel := _make_wheel(link, join_folder):
            wheels.append(wheel)
            max_links -= len(wheel.tags)
            if max_links < 0:
                raise ValueError(TOO_MANY)
        else:
            what = "a malformed hash" if link.is_malformed else "an unsafe URL or an invalid name"
            refused[f"links to .whl files with {what}"] += 1
    notes = tuple(f"{base}: refused {count} {what}" for what, count in refused.items() if count)
    return Page(tuple(wheels), tuple(folders), notes)


def _make_wheel(link: Link, join_folder: Callable[[str], str | None]) -> Wheel | None:
    """Return a link's wheel, named by its URL, as installers do; None for an unsafe link."""
    if link.is_malformed:
        return None
    folder, slash, file = link.href.rpartition("/")
    url = join_folder(folder + slash or "./")
    parts = [*map(_decode_part, file.split("-"))] if len(file) <= _MAX_ENCODED_NAME else []
    if url is None or not parts or "" in parts:
        return None
    try:
        return Wheel.from_link("-".join(parts), url + file, link)
    except InvalidWheelFilename:
        return None


@lru_cache(maxsize=4096)
def _decode_part(part: str) -> str:
    """Return a decoded part of a file name, "" for an unsafe one; a page repeats most parts."""
    decoded = unquote(part)
    return decoded if _SAFE.fullmatch(part) and _SAFE_PART.fullmatch(decoded) else ""


def _join_safe_folder(base: str, folder: str) -> str | None:
    """Return a link's folder, or None; the page's own URL, or its <base>, may be unsafe too."""
    url = _join_url(base, folder) if _SAFE_URL.fullmatch(f"x://{folder}") else None
    return url if url and _SAFE_URL.fullmatch(url) else None


def _join_url(base: str, href: str) -> str | None:
    try:
        return urljoin(base, href)
    except ValueError:  # an unclosed bracket where a host should be
        return None


def _parse_filename(filename: str) -> tuple[NormalizedName, Version, BuildTag, frozenset[Tag]]:
    """Parse a wheel's file name in two halves, which pages with thousands of links repeat."""
    if len(filename) > _MAX_NAME:
        raise InvalidWheelFilename(f"{filename[:_MAX_NAME]!r} is too long for a file name")
    try:
        name, version, tail = filename.split("-", 2)
    except ValueError:
        raise InvalidWheelFilename(f"{filename!r} has too few parts for a wheel's name") from None
    return (*_parse_name_and_version(f"{name}-{version}"), *_parse_build_and_tags(tail))


@lru_cache(maxsize=4096)
def _parse_name_and_version(half: str) -> tuple[NormalizedName, Version]:
    name, version, _, _ = parse_wheel_filename(f"{half}-py3-none-any.whl")
    return name, version


@lru_cache(maxsize=4096)
def _parse_build_and_tags(half: str) -> tuple[BuildTag, frozenset[Tag]]:
    # ``py2.py3-none-any`` spells two tags (PEP 425).
    tag_sets = half.removesuffix(".whl").split("-")[-3:]
    if prod(tags.count(".") + 1 for tags in tag_sets) > _MAX_TAGS:
        raise InvalidWheelFilename(f"{half!r} has too many tags")
    _, _, build, tags = parse_wheel_filename(f"any-0-{half}")
    return build, tags
