"""The indexes that a project names for packages that are compiled for one torch.

Each has a layout of its own, which a URL with placeholders describes: a page of links, a folder of
an index (PEP 503), or a wheel. They spell releases and backends differently, so all spellings are
requested together.
"""

from __future__ import annotations

from itertools import product
from typing import TYPE_CHECKING
from urllib.parse import unquote

from packaging.utils import InvalidWheelFilename
from packaging.version import Version

from hatch_torch.errors import IndexFaultError
from hatch_torch.index.simple_api import Page, Wheel, decode_page, parse_page
from hatch_torch.index.urls import AllowedHosts

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from hatch_torch.catalog.backend import Backend
    from hatch_torch.catalog.target import Target
    from hatch_torch.config.config import CompanionIndex
    from hatch_torch.index.client import Client
    from hatch_torch.index.http_cache import CachedResponse
    from hatch_torch.index.transport import Reply

_OK = 200


class CompanionIndexes:
    """Finds the wheels of such packages; what fails is noted and counts as no wheel."""

    def __init__(
        self, client: Client, companions: Mapping[str, CompanionIndex], target: Target
    ) -> None:
        """Keep the client, the indexes by the name of the package, and the target."""
        self._client = client
        self._companions = companions
        self._target = target

    def find_wheels(self, name: str, torch: Version, backend: Backend) -> tuple[Wheel, ...]:
        """Return a package's wheels for a torch and a backend, whichever target they fit."""
        pattern, further_hosts = self._companions[name]
        spellings = fill_placeholders(pattern, torch, backend, self._target)
        hosts = AllowedHosts.of(spellings, further_hosts)
        if pattern.partition("#")[0].endswith(".whl"):
            return tuple(self._find_files(spellings, hosts))
        urls = [one for url in spellings for one in _list_pages(url, name)]
        for page in self._client.get_pages(urls, hosts, _read_page).values():
            if isinstance(page, IndexFaultError):
                self._client.add_note(page.message)
                continue
            if found := tuple(self._select(page, name, hosts)):
                return found
        return ()

    def _find_files(self, urls: Iterable[str], hosts: AllowedHosts) -> Iterator[Wheel]:
        for url in urls:
            location, _, fragment = url.partition("#")
            sha256 = fragment.removeprefix("sha256=") or None
            filename = unquote(location.rpartition("/")[2])
            try:
                wheel = Wheel.from_filename(filename, location, sha256=sha256)
            except InvalidWheelFilename as fault:
                self._client.add_note(str(fault))
                continue
            if self._exists(location, hosts):
                yield wheel

    def _exists(self, url: str, hosts: AllowedHosts) -> bool:
        """Return whether there is a file at a URL; nothing of it is read."""

        def request(url: str) -> Reply:
            return self._client.stream(url, 0, lambda *_: None, hosts)

        reply = self._client.map(request, [url]).get(url)
        if isinstance(reply, IndexFaultError):
            self._client.add_note(reply.message)
            return False
        return reply is not None and reply.status == _OK

    def _select(self, page: Page, name: str, hosts: AllowedHosts) -> Iterator[Wheel]:
        for wheel in page.wheels:
            if wheel.name == name and wheel.yanked is None:
                if reason := hosts.rejection_reason(wheel.url):
                    hint = f"tool.torch-variant.companions.{name}.hosts"
                    note = reason.replace("tool.torch-variant.hosts", hint)
                    self._client.add_note(f"{wheel.filename}: refused a link to {note}")
                else:
                    yield wheel


def fill_placeholders(pattern: str, torch: Version, backend: Backend, target: Target) -> list[str]:
    """Return the URLs that a pattern may mean, the most exact first.

    `{torch}`: 2.8.1, 2.8.0 or 2.8; `{backend}`: cu128 or cu12, rocm6.4 or rocm64; `{python}`:
    cp312; `{platform}`: linux_x86_64, win_amd64, macosx_11_0_arm64.
    """
    release = Version(torch.public)
    minor = f"{release.major}.{release.minor}"
    backends = [backend.name, backend.extra]
    if backend.family == "cuda":
        backends.append(f"cu{backend.release[0]}")
    python = f"cp{target.python.replace('.', '').rstrip('t')}"
    platform = "macosx_11_0_arm64" if target.platform == "macos_arm64" else target.platform
    urls = (
        pattern.replace("{torch}", version)
        .replace("{backend}", name)
        .replace("{python}", python)
        .replace("{platform}", platform)
        for version, name in product((str(release), f"{minor}.0", minor), backends)
    )
    return [*dict.fromkeys(urls)]


def _list_pages(url: str, name: str) -> tuple[str, ...]:
    """Return the pages that may list a package: a page of links, or a folder of packages."""
    return (url, f"{url}{name}/") if url.endswith("/") else (url,)


def _read_page(response: CachedResponse) -> Page:
    if not response.is_found:
        return Page()
    text = decode_page(response.body, response.content_type)
    return parse_page(text, response.content_type, response.url)
