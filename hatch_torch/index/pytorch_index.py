"""The wheel source for an index with PyTorch's layout: `<root>/<backend>/<package>/`."""

from __future__ import annotations

from functools import lru_cache
from types import MappingProxyType
from typing import TYPE_CHECKING

from packaging.utils import canonicalize_name

from hatch_torch.catalog.backend import Backend
from hatch_torch.errors import IndexFaultError
from hatch_torch.index.limits import MAX_LINKS
from hatch_torch.index.simple_api import Page, decode_page, parse_page
from hatch_torch.index.urls import PYTORCH_HOSTS, AllowedHosts, get_host

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping

    from packaging.requirements import Requirement

    from hatch_torch.index.client import Client
    from hatch_torch.index.http_cache import CachedResponse
    from hatch_torch.index.simple_api import PageKey, Wheel
    from hatch_torch.index.transport import Reply, Sink
    from hatch_torch.index.wheel_metadata import Metadata

_CHANNELS = {"stable": "", "test": "test/", "nightly": "nightly/"}


class PyTorchIndex:
    """An index with PyTorch's layout; every page is requested once."""

    hint = ""
    is_folder = False

    def __init__(
        self,
        root: str,
        client: Client,
        *,
        channel: str = "stable",
        folders: Mapping[Backend, str] = MappingProxyType({}),
        hosts: Collection[str] = (),
    ) -> None:
        """Keep the root, to which channel and backend are appended, and further hosts for files.

        `folders` are the URLs of backends with their own folder, to which only the package's name
        is appended. Credentials in a URL are used for requests to its host alone.
        """
        self._client = client
        self._hosts = AllowedHosts.of([root, *folders.values()], hosts)
        self._root = _add_slash(client.credentials.remember(root)) + _CHANNELS[channel]
        self._folders = {
            backend: _add_slash(client.credentials.remember(url))
            for backend, url in folders.items()
        }
        self._pages: dict[str, Page | None] = {}
        self._wheels: dict[PageKey, tuple[Wheel, ...]] = {}
        self._metadata: dict[str, Metadata | None] = {}
        self._notes: dict[str, None] = {}
        self._links_left = MAX_LINKS
        self._rejection_reason = lru_cache(maxsize=256)(self._hosts.rejection_reason)

    @property
    def notes(self) -> list[str]:
        """What was refused, stale or unreadable, for the record; without secrets."""
        return [*self._notes, *self._client.notes]

    def folder_url(self, backend: Backend) -> str:
        """Return the URL of a backend's folder, without credentials, with a trailing slash."""
        return self._folders.get(backend) or f"{self._root}{backend.folder}/"

    def has_own_folder(self, backend: Backend) -> bool:
        """Return whether a backend's wheels lie elsewhere than below the root."""
        return backend in self._folders

    def get_wheels(self, backend: Backend, name: str) -> tuple[Wheel, ...]:
        """Return a package's wheels of a backend, in the order of the page."""
        return self.load_pages([(backend, name)])[backend, name]

    def load_pages(self, keys: Iterable[PageKey]) -> dict[PageKey, tuple[Wheel, ...]]:
        """Return the wheels of several pages, requested together; a missing page has none.

        Raises IndexFaultError where a page is neither available nor cached.
        """
        unique = dict.fromkeys(keys)
        if new := [key for key in unique if key not in self._wheels]:
            self._load_urls(map(self._page_url, new))
            self._load_urls(self.folder_url(key[0]) for key in new if self._may_be_flat(key))
            for key in new:
                self._wheels[key] = tuple(self._select_wheels(key))
        return {key: self._wheels[key] for key in unique}

    def list_backends(self) -> tuple[Backend, ...] | None:
        """Return the backends that the root lists, or None where it lists none.

        PyTorch's own root lists packages; mirrors often list folders.
        """
        try:
            self._load_urls([self._root])
        except IndexFaultError as fault:
            self._notes[fault.message] = None
            return None
        page = self._pages[self._root]
        backends = {
            backend for name in (page.folders if page else ()) if (backend := _parse_backend(name))
        }
        return tuple(sorted(backends, key=lambda item: (item.family, item.release))) or None

    def read_requirements(self, wheel: Wheel) -> tuple[Requirement, ...] | None:
        """Return a wheel's requirements; None where METADATA cannot be read (`notes` say why)."""
        from hatch_torch.index.wheel_metadata import read_metadata  # noqa: PLC0415 (often unused)

        if wheel.url not in self._metadata:
            self._metadata[wheel.url] = read_metadata(wheel, self._client, self._hosts)
        metadata = self._metadata[wheel.url]
        return metadata.requires if metadata else None

    def stream(self, url: str, start: int, sink: Sink) -> Reply:
        """Pass a wheel's bytes from a position on to `sink`, as `Client.stream`."""
        return self._client.stream(url, start, sink, self._hosts)

    def _page_url(self, key: PageKey) -> str:
        backend, name = key
        return f"{self.folder_url(backend)}{canonicalize_name(name)}/"

    def _may_be_flat(self, key: PageKey) -> bool:
        """Return whether the backend's folder itself may list the files, as on simple mirrors."""
        is_pytorch = get_host(self.folder_url(key[0])) in PYTORCH_HOSTS
        return self._pages[self._page_url(key)] is None and not is_pytorch

    def _load_urls(self, urls: Iterable[str]) -> None:
        new = [url for url in dict.fromkeys(urls) if url not in self._pages]
        pages = self._client.get_pages(new, self._hosts, self._read_page)
        for url, page in pages.items():
            if isinstance(page, IndexFaultError):
                raise page
            self._pages[url] = page
            self._notes |= dict.fromkeys(page.notes if page else ())

    def _read_page(self, response: CachedResponse) -> Page | None:
        """Parse a page, charging its links against the limit that all pages share."""
        if not response.is_found:
            return None
        text = decode_page(response.body, response.content_type)
        page = parse_page(text, response.content_type, response.url, self._links_left)
        self._links_left -= sum(len(wheel.tags) for wheel in page.wheels) + len(page.folders)
        return page

    def _select_wheels(self, key: PageKey) -> Iterable[Wheel]:
        backend, name = key[0], canonicalize_name(key[1])
        page = self._pages[self._page_url(key)] or self._pages.get(self.folder_url(backend))
        is_ours = lru_cache(maxsize=4096)(lambda version: _is_built_for(version.local, backend))
        for wheel in page.wheels if page else ():
            if wheel.name == name and wheel.yanked is None and is_ours(wheel.version):
                reason = self._rejection_reason(wheel.url.rpartition("/")[0])
                if reason is None:
                    yield wheel
                else:
                    self._notes[f"{self._page_url(key)}: refused links to {reason}"] = None


def _add_slash(url: str) -> str:
    return url.rstrip("/") + "/"


def _is_built_for(local: str | None, backend: Backend) -> bool:
    """Return whether a local version fits the backend in whose folder its wheel lies."""
    # No local version fits any backend (aarch64 wheels up to 2.5, macOS), and so does one that
    # names none (triton's git hashes).
    if local is None:
        return True
    if backend.family == "mps":
        return False
    named = _parse_backend(local)
    return named is None or named == backend


@lru_cache(maxsize=256)
def _parse_backend(text: str) -> Backend | None:
    try:
        return Backend.parse(text)
    except ValueError:
        return None
