"""The face of the room: the wheels that an index offers, backend by backend."""

from __future__ import annotations

from functools import lru_cache
from types import MappingProxyType
from typing import TYPE_CHECKING

from packaging.utils import canonicalize_name

from hatch_torch.catalog.backend import Backend
from hatch_torch.errors import IndexFaultError
from hatch_torch.index.limits import LINKS
from hatch_torch.index.simple_api import Page, decode, parse_page
from hatch_torch.index.urls import PYTORCH_HOSTS, Hosts, host_of

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping

    from packaging.requirements import Requirement
    from packaging.specifiers import SpecifierSet

    from hatch_torch.index.client import Fetcher
    from hatch_torch.index.http_cache import Document
    from hatch_torch.index.simple_api import Wheel
    from hatch_torch.index.transport import Into, Reply
    from hatch_torch.index.wheel_metadata import Metadata

    Ask = tuple[Backend, str]
    """A backend and the name of a package: one page."""

_CHANNELS = {"stable": "", "test": "test/", "nightly": "nightly/"}


class Index:
    """An index laid out like PyTorch's; every page is asked for once."""

    hint = ""
    is_folder = False

    def __init__(
        self,
        root: str,
        fetcher: Fetcher,
        *,
        channel: str = "stable",
        folders: Mapping[Backend, str] = MappingProxyType({}),
        hosts: Collection[str] = (),
    ) -> None:
        """Take the root, to which channel and backend are appended, and further hosts for files.

        `folders` are backends' own folders, to which only the package's name is appended.
        User and password in a URL are used for requests to its host, and forgotten otherwise.
        """
        self._fetcher = fetcher
        self._hosts = Hosts.of([root, *folders.values()], hosts)
        self._root = _folder(fetcher.credentials.learn(root)) + _CHANNELS[channel]
        self._folders = {
            backend: _folder(fetcher.credentials.learn(url)) for backend, url in folders.items()
        }
        self._pages: dict[str, Page | None] = {}
        self._wheels: dict[Ask, tuple[Wheel, ...]] = {}
        self._metadata: dict[str, Metadata | None] = {}
        self._notes: dict[str, None] = {}
        self._links = LINKS
        self._refusal = lru_cache(maxsize=256)(self._hosts.refusal)

    @property
    def notes(self) -> list[str]:
        """What was refused, stale or unreadable, for the record; no secrets."""
        return [*self._notes, *self._fetcher.notes]

    def folder(self, backend: Backend) -> str:
        """Return the URL of a backend's folder, without credentials, with a slash at its end."""
        return self._folders.get(backend) or f"{self._root}{backend.folder}/"

    def has_own_folder(self, backend: Backend) -> bool:
        """Document whether a backend's wheels lie elsewhere than below the root."""
        return backend in self._folders

    def wheels(self, backend: Backend, name: str) -> tuple[Wheel, ...]:
        """Return a package's wheels of a backend, in the order of the page."""
        return self.pages([(backend, name)])[backend, name]

    def pages(self, asks: Iterable[Ask]) -> dict[Ask, tuple[Wheel, ...]]:
        """Return the wheels of several pages, asked for together; a missing page has none.

        Raises IndexFaultError where the index cannot be asked, and nothing is in the cache.
        """
        wanted = [*dict.fromkeys(asks)]
        if new := [ask for ask in wanted if ask not in self._wheels]:
            self._read_pages(new)
        return {ask: self._wheels[ask] for ask in wanted}

    def _read_pages(self, new: Collection[Ask]) -> None:
        self._load(self._url(ask) for ask in new)
        self._load(
            self.folder(backend) for backend, name in new if self._may_be_flat(backend, name)
        )
        for ask in new:
            self._wheels[ask] = tuple(self._select(*ask))

    def backends(self) -> tuple[Backend, ...] | None:
        """Return the backends that the root lists, or None where it lists none of them.

        PyTorch's own root lists packages; mirrors often list folders.
        """
        try:
            self._load([self._root])
        except IndexFaultError as fault:
            self._notes[str(fault)] = None
            return None
        page = self._pages[self._root]
        found = {backend for name in (page.folders if page else ()) if (backend := _parsed(name))}
        return tuple(sorted(found, key=lambda backend: (backend.family, backend.release))) or None

    def requires(self, wheel: Wheel) -> tuple[Requirement, ...] | None:
        """Return what a wheel depends on, or None where that cannot be read; `notes` say why."""
        metadata = self._read(wheel)
        return metadata.requires if metadata else None

    def requires_python(self, wheel: Wheel) -> SpecifierSet | None:
        """Return the Pythons that a wheel's METADATA names, or None where it names none."""
        metadata = self._read(wheel)
        return metadata.requires_python if metadata else None

    def stream(self, url: str, start: int, into: Into) -> Reply:
        """Hand the bytes of a wheel from a place on to `into`, as `Fetcher.stream`."""
        return self._fetcher.stream(url, start, into, self._hosts)

    def _read(self, wheel: Wheel) -> Metadata | None:
        from hatch_torch.index.wheel_metadata import read_metadata  # noqa: PLC0415 (pages may do)

        if wheel.url not in self._metadata:
            self._metadata[wheel.url] = read_metadata(wheel, self._fetcher, self._hosts)
        return self._metadata[wheel.url]

    def _url(self, ask: Ask) -> str:
        backend, name = ask
        return f"{self.folder(backend)}{canonicalize_name(name)}/"

    def _may_be_flat(self, backend: Backend, name: str) -> bool:
        """Document whether the folder itself may list the files, as simple mirrors do."""
        folder = self.folder(backend)
        return (
            self._pages[self._url((backend, name))] is None and host_of(folder) not in PYTORCH_HOSTS
        )

    def _load(self, urls: Iterable[str]) -> None:
        new = [url for url in dict.fromkeys(urls) if url not in self._pages]
        for url, page in self._fetcher.get_all(new, self._hosts, self._page).items():
            self._pages[url] = page
            self._notes |= dict.fromkeys(page.notes if page else ())

    def _page(self, document: Document) -> Page | None:
        """Read a page; what its links and tags take is no other page's any more."""
        if not document.is_found:
            return None
        text = decode(document.body, document.content_type)
        page = parse_page(text, document.content_type, document.url, self._links)
        self._links -= sum(len(wheel.tags) for wheel in page.wheels) + len(page.folders)
        return page

    def _select(self, backend: Backend, name: str) -> Iterable[Wheel]:
        page = self._pages[self._url((backend, name))] or self._pages.get(self.folder(backend))
        wanted = canonicalize_name(name)
        ours = lru_cache(maxsize=4096)(lambda version: _belongs(version.local, backend))
        for wheel in page.wheels if page else ():
            if wheel.name == wanted and ours(wheel.version):
                refusal = self._refusal(wheel.url.rpartition("/")[0])
                if refusal is None:
                    yield wheel
                else:
                    self._notes[f"{self._url((backend, name))}: refused links to {refusal}"] = None


def _folder(url: str) -> str:
    return url.rstrip("/") + "/"


def _belongs(local: str | None, backend: Backend) -> bool:
    """Document whether a wheel with this local version is of the backend in whose folder it lies.

    Without one it is of any: aarch64 wheels up to 2.5, macOS. A local version that is no
    backend's (triton's git hashes) says nothing.
    """
    if local is None:
        return True
    if backend.family == "mps":
        return False
    named = _parsed(local)
    return named is None or named == backend


@lru_cache(maxsize=256)
def _parsed(text: str) -> Backend | None:
    try:
        return Backend.parse(text)
    except ValueError:
        return None
