"""What is answered to a path: a page, a file, or that it is not there."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING
from urllib.parse import unquote

from packaging.utils import canonicalize_name

from hatch_torch.demo import pypi, pytorch
from hatch_torch.demo.builds import STABLE
from hatch_torch.demo.catalog import CHANNELS, FAMILY, folders
from hatch_torch.demo.pages import pypi_page, pytorch_listing, pytorch_page

if TYPE_CHECKING:
    from packaging.version import Version

    from hatch_torch.demo.pages import Item

_CACHED = "max-age=600, public, must-revalidate"
_NOT_CACHED = "no-cache,no-store,must-revalidate"
_HTML = "text/html"
_BINARY = "binary/octet-stream"
_METADATA = ".metadata"


@dataclass(frozen=True, slots=True)
class Answer:
    """What a server answers to a path."""

    status: int
    body: bytes
    kind: str = _HTML
    """Its content type."""
    caching: str = _CACHED
    """Its Cache-Control."""


@dataclass(frozen=True, slots=True)
class Site:
    """Both indexes, at a moment."""

    url: str
    """Where the site is, without a slash at its end."""
    newest: Version | None = None
    """The newest release of torch that is out; None: all."""

    def answer(self, path: str) -> Answer:
        """Answer a path. PyTorch's index says 403 for what it does not have."""
        first, *rest = path.lstrip("/").split("/")
        if first == "simple":
            return self._simple(rest) or _missing(404)
        if first == "packages":
            return _file(pypi.stored(_package(rest[-1]), self.newest), path) or _missing(404)
        channel = rest[0] if rest and rest[0] in CHANNELS else STABLE
        inside = rest[1:] if channel in rest[:1] else rest
        found = self._whl(channel, inside, path) if f"/{first}" == pytorch.ROOT else None
        return found or _missing(403)

    def _simple(self, rest: list[str]) -> Answer | None:
        match rest:
            case [""]:
                return _page(pytorch_listing(pypi.names()))
            case [name, ""]:
                items = pypi.items(canonicalize_name(name), self.newest)
                return _page(pypi_page(name, items, self.url)) if items else None
        return None

    def _whl(self, channel: str, inside: list[str], path: str) -> Answer | None:
        folder = inside[0] if inside and inside[0] in folders(channel) else None
        match inside[1:] if folder else inside:
            case [""]:
                return _page(pytorch_listing(self._listed(channel, folder)), channel)
            case [name, ""]:
                text = _package_page(self, channel, folder, name)
                return _page(text, channel) if text else None
            case [filename]:
                items = _family(channel, folder, _package(filename), self.newest)
                return _file(items, path, channel)
        return None

    def _listed(self, channel: str, folder: str | None) -> list[str]:
        some = [folder] if folder else folders(channel)
        found = {name for one in some for name in pytorch.packages(channel, one, self.newest)}
        return [*found, *(name for name in pypi.names() if name not in FAMILY)]


@lru_cache(maxsize=512)
def _package_page(site: Site, channel: str, folder: str | None, name: str) -> str | None:
    """Return the page of a package, or None where the folder does not have it.

    The links of the channel test are root-relative, all others absolute; what is not of the family
    is a copy of PyPI's page.
    """
    if name in FAMILY:
        items = _family(channel, folder, name, site.newest)
        return pytorch_page(name, items, "" if channel == "test" else site.url) if items else None
    linked = pypi.others(name, folder)
    return pypi_page(name, linked, site.url) if linked else None


def _family(
    channel: str, folder: str | None, package: str, newest: Version | None
) -> tuple[Item, ...]:
    if folder is None:
        return pytorch.everywhere(channel, package, newest)
    return pytorch.items(channel, folder, package, newest)


def _package(filename: str) -> str:
    return canonicalize_name(filename.split("-", 1)[0])


def _file(items: tuple[Item, ...], path: str, channel: str = STABLE) -> Answer | None:
    """Return the file at a path, a wheel or the metadata of one, if it is among the items."""
    for item in items:
        stored = unquote(item.path)
        if path == stored:
            return Answer(200, item.wheel(), _BINARY, _caching(channel))
        if path == stored + _METADATA and item.described:
            return Answer(200, item.metadata(), _BINARY, _caching(channel))
    return None


def _page(text: str, channel: str = STABLE) -> Answer:
    return Answer(200, text.encode(), caching=_caching(channel))


def _caching(channel: str) -> str:
    return _CACHED if channel == STABLE else _NOT_CACHED


def _missing(status: int) -> Answer:
    return Answer(status, b"<html><body>AccessDenied</body></html>", caching=_NOT_CACHED)
