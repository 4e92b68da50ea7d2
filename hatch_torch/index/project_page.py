"""The files that one page of an installer's index lists, read no further than is needed.

A page of PyPI lists up to ten thousand files, most of them for other interpreters. Of a JSON page,
only the names of the files are looked at; the rest of an entry is parsed for the few that are
compared. That takes a tenth of the time and of the memory.
"""

from __future__ import annotations

import json
import re
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import unquote

from packaging.utils import canonicalize_name
from packaging.version import InvalidVersion, Version

from hatch_torch.index.limits import MAX_LINKS
from hatch_torch.index.simple_api import decode_page, parse_links, read_json_link

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from hatch_torch.index.http_cache import CachedResponse
    from hatch_torch.index.simple_api import Link

    Fits = Callable[[str], bool]
    """Returns whether a file may be taken, by its name alone."""

SDIST_SUFFIX = ".tar.gz"
_SUFFIXES = (".whl", SDIST_SUFFIX)
_FILES = re.compile(r'"files"\s*:\s*\[\s*\{')
_FILENAME = re.compile(r'"filename"\s*:\s*"([^"\\]+)"')
_SEPARATORS = ("}, {", "},{")
"""Between two files, as all indexes write it; nothing inside a file has an object in a list."""
_DECODER = json.JSONDecoder()
_FINAL = re.compile(r"\d+(?:\.\d+)*")


class ListedFile(NamedTuple):
    """A file and the URL that its link is relative to."""

    filename: str
    base: str
    source: Link | str
    """The link, or its entry on a JSON page, unparsed and without its outer braces."""

    def parse_link(self) -> Link | None:
        """Return the link; None for an entry that is damaged or names another file."""
        if not isinstance(self.source, str):
            return self.source
        try:
            entry, _ = _DECODER.raw_decode(f"{{{self.source}}}")
        except (ValueError, RecursionError):
            return None
        link = read_json_link(entry)
        named = link and unquote(link.href.rpartition("/")[2])
        return link if named == self.filename else None


class ProjectPage(NamedTuple):
    """The files of one page that may be taken."""

    is_found: bool
    """Whether the page lists any file, also one that may not be taken."""
    files: list[ListedFile]


def read_project_page(page: CachedResponse, fits: Fits) -> ProjectPage:
    """Return the files of a page; raises IndexFaultError for one that is no index page."""
    if not page.is_found:
        return ProjectPage(is_found=False, files=[])
    text = decode_page(page.body, page.content_type)
    entries = _split_files(text) if "json" in page.content_type.lower() else None
    if entries is None:
        return list_links(*parse_links(text, page.content_type, page.url), fits)
    named = ((filename, entry) for filename, entry in entries if filename.endswith(_SUFFIXES))
    files = [ListedFile(filename, page.url, entry) for filename, entry in named if fits(filename)]
    return ProjectPage(is_found=True, files=files)


def list_links(base: str, links: Iterable[Link], fits: Fits) -> ProjectPage:
    """Return the files that links lead to."""
    listed = [*list_files(base, links)]
    return ProjectPage(bool(listed), [one for one in listed if fits(one.filename)])


def list_files(base: str, links: Iterable[Link]) -> Iterator[ListedFile]:
    """Yield the wheels and sdists among links that are relative to a URL."""
    for link in links:
        filename = unquote(link.href.rpartition("/")[2])
        if filename.endswith(_SUFFIXES):
            yield ListedFile(filename, base, link)


def _split_files(text: str) -> list[tuple[str, str]] | None:
    """Return each file's name and its entry; None for a page that has to be parsed as a whole."""
    start = _FILES.search(text)
    if not (start and text.endswith("}")):
        return None
    listed = text[start.end() :]
    separator = next((one for one in _SEPARATORS if one in listed), _SEPARATORS[0])
    entries = listed.split(separator)
    matches = [*map(_FILENAME.search, entries)]
    if len(entries) > MAX_LINKS or None in matches:
        return None
    return [(match[1], entry) for match, entry in zip(matches, entries, strict=True) if match]


def name_in(filename: str) -> str:
    """Return the normalized name of the package that a file's name spells."""
    if filename.endswith(".whl"):
        return canonicalize_name(filename.partition("-")[0])
    return canonicalize_name(filename.removesuffix(SDIST_SUFFIX).rpartition("-")[0])


def version_in(filename: str) -> str:
    """Return the version that a file's name spells, unchecked."""
    if filename.endswith(".whl"):
        return filename.partition("-")[2].partition("-")[0]
    return filename.removesuffix(SDIST_SUFFIX).rpartition("-")[2]


def sort_versions(texts: Iterable[str]) -> list[str]:
    """Return those of some texts that are versions, the newest first.

    Nearly all are final releases, which are compared without being parsed by packaging: that takes
    ten times as long.
    """
    keys = {text: key for text in texts if (key := _sort_key(text))}
    return sorted(keys, key=keys.__getitem__, reverse=True)


def _sort_key(text: str) -> tuple[int, tuple[int, ...], int, Version | int] | None:
    if _FINAL.fullmatch(text) and len(text) < _LONGEST:
        return 0, _strip_zeros(tuple(map(int, text.split(".")))), 1, 0
    version = parse_version(text)
    if version is None:
        return None
    is_before = version.pre is not None or (version.dev is not None and version.post is None)
    return version.epoch, _strip_zeros(version.release), 0 if is_before else 2, version


_LONGEST = 100
"""Characters of a version that is read in haste; int() refuses thousands."""


def _strip_zeros(release: tuple[int, ...]) -> tuple[int, ...]:
    end = len(release)
    while end > 1 and not release[end - 1]:
        end -= 1
    return release[:end]


@lru_cache(maxsize=4096)
def parse_version(text: str) -> Version | None:
    """Return a version; None for another text."""
    try:
        return Version(text)
    except InvalidVersion:
        return None
