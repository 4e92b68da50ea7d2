"""An index page to the wheels that it offers; pure."""

from __future__ import annotations

import re
from codecs import BOM_UTF8
from collections import Counter
from functools import lru_cache, partial
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import unquote, urljoin

from packaging.utils import InvalidWheelFilename

from hatch_torch.errors import IndexFaultError
from hatch_torch.index.bounds import LINKS
from hatch_torch.index.links import TOO_MANY, Link, html_links, json_links
from hatch_torch.index.wheel import Wheel

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

# What may stand in a link that ends up in METADATA: no blank or quote, which could end the
# requirement there, no query, which may be a secret. (`+`, `:` and `@` are in devpi's paths.)
_SAFE = re.compile(r"[A-Za-z0-9._~:/%+@!,=&$\[\]-]+")
_PART = re.compile(r"[A-Za-z0-9._+!-]+")
_LONGEST = 3 * 255  # characters of a file's name, percent-encoded
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
    parts = [*map(_plain, file.split("-"))] if len(file) <= _LONGEST else []
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
