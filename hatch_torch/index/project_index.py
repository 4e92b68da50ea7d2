"""The installer's own indexes and folders, from which it resolves the other packages.

Pages of PEP 503 and PEP 691 are read as an installer reads them: the newest release first, with
`requires-python`, yanked files, pre-releases and the wheel-or-sdist options taken into account. No
more of a page is parsed than is asked for: some list ten thousand files.
"""

from __future__ import annotations

from copy import copy
from functools import lru_cache
from io import BytesIO
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import urljoin

from packaging.specifiers import InvalidSpecifier, SpecifierSet
from packaging.utils import InvalidWheelFilename, parse_wheel_filename

from hatch_torch.errors import IndexFaultError
from hatch_torch.index.http_cache import PageState
from hatch_torch.index.limits import MIB, ByteBudget
from hatch_torch.index.local_files import (
    FILE,
    extract_pkg_info,
    list_folder,
    read_local_metadata,
    read_local_page,
    to_path,
)
from hatch_torch.index.project_page import (
    SDIST_SUFFIX,
    ListedFile,
    ProjectPage,
    name_in,
    parse_version,
    read_project_page,
    sort_versions,
    version_in,
)
from hatch_torch.index.urls import AllowedHosts
from hatch_torch.index.wheel_metadata import read_content

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping

    from packaging.tags import Tag
    from packaging.version import Version

    from hatch_torch.catalog.target import Target
    from hatch_torch.index.client import Client
    from hatch_torch.index.http_cache import CachedResponse
    from hatch_torch.index.simple_api import Link

PYPI = "https://pypi.org/simple/"
ALL_PACKAGES = ":all:"
"""Stands for every package in pip's `--only-binary` and `--no-binary`."""
_MAX_PAGE_BYTES = 256 * MIB
"""Bytes of all pages of one decision; those of 150 packages of PyPI have some 60 MiB."""
_MAX_SDIST_BYTES = 16 * MIB
"""Bytes of the largest sdist that is fetched for its PKG-INFO."""
_RESERVED_TIME = 0.4
"""The part of the time for all network use that is left to the index of torch."""
_MAX_NOTES = 5
"""Notes on pages and files that cannot be read; a host that is away has one for each package."""


class ProjectIndexOptions(NamedTuple):
    """What the installer was told about its indexes."""

    urls: tuple[str, ...] = (PYPI,)
    """Its indexes, the most preferred first."""
    find_links: tuple[str, ...] = ()
    """Further folders, and pages of links."""
    takes_first: bool = False
    """The first index that has a package is the only one for it, as for uv; pip asks all."""
    prereleases: bool = False
    """Pre-releases are taken everywhere (`--pre`)."""
    only_binary: frozenset[str] = frozenset()
    """Packages of which no sdist is taken."""
    no_binary: frozenset[str] = frozenset()
    """Packages of which no wheel is taken."""
    own_urls: tuple[tuple[str, str], ...] = ()
    """Packages that come from one index alone, by name (`[tool.uv.sources]`)."""


class ReleaseFile(NamedTuple):
    """The file that an installer takes for a release: the best wheel, else the sdist."""

    filename: str
    name: str
    version: Version
    url: str
    """Absolute; `file:` for one in a folder."""
    sha256: str | None = None
    core_metadata: str | None = None
    """As in `Link`."""
    requires_python: str | None = None
    """None where the page does not say, as for a folder: then METADATA has to be asked."""

    @property
    def is_wheel(self) -> bool:
        """Whether it is a wheel."""
        return self.filename.endswith(".whl")


_Files = dict[str, list[ListedFile]]
"""The files of a package by the text of their version."""


class ProjectIndex:
    """Reads pages and METADATA, each once; what fails is noted and counts as unknown."""

    def __init__(self, client: Client, options: ProjectIndexOptions, target: Target) -> None:
        """Keep the client, the installer's options, and the interpreter that is installed for."""
        remember = client.credentials.remember
        self._client = client
        self._options = options._replace(urls=tuple(_folder(remember(url)) for url in options.urls))
        self._own_urls = {name: _folder(remember(url)) for name, url in options.own_urls}
        self._target = target
        self._hosts = AllowedHosts.of([*self._options.urls, *self._own_urls.values()])
        self._budget = ByteBudget(_MAX_PAGE_BYTES)
        self._notes = 0
        self._keeps_all = False
        self._states: dict[str, PageState] = {}
        self._linked: list[ListedFile] | None = None
        self._files: dict[str, _Files | None] = {}
        self._versions: dict[str, list[str]] = {}
        self._chosen: dict[tuple[str, str, bool], ReleaseFile | None] = {}
        self._metadata: dict[str, bytes | None] = {}
        self._ranks: dict[str, tuple[int, object] | None] = {}

    def for_target(self, target: Target) -> ProjectIndex:
        """Return the same pages and METADATA for another interpreter; each is read once for all."""
        if not self._keeps_all:
            self._keeps_all, self._linked, self._files, self._versions = True, None, {}, {}
        self._links()
        other = copy(self)
        vars(other).update(_target=target, _chosen={}, _ranks={})
        return other

    def load(self, names: Iterable[str]) -> None:
        """Read the pages of packages that are not read yet, all at once."""
        new = [name for name in dict.fromkeys(names) if name not in self._files]
        with self._client.deadline.reserve(_RESERVED_TIME):
            pages = self._read_pages([url for name in new for url in self._urls(name)])
        for name in new:
            self._files[name] = self._merge(name, [pages[url] for url in self._urls(name)])

    def is_late(self) -> bool:
        """Return whether the time for reading and searching is up."""
        with self._client.deadline.reserve(_RESERVED_TIME):
            return not self._client.deadline.remaining()

    def is_unknown(self, name: str) -> bool:
        """Return whether no page of a package answers, so that nothing is known of it."""
        self.load([name])
        return self._files[name] is None

    def releases(self, name: str, specifier: SpecifierSet) -> Iterator[ReleaseFile]:
        """Yield a package's files in a range, the newest release first.

        A pre-release comes where the range names one, or where there is nothing else.
        """
        self.load([name])
        is_exact = any(
            one.operator in {"==", "==="} and one.version[-1:] != "*" for one in specifier
        )
        takes_prereleases = self._options.prereleases or bool(specifier.prereleases)
        last_resort: list[ReleaseFile] = []
        has_final = False
        for text in self._sorted_versions(name):
            version = parse_version(text)
            if version is None or not specifier.contains(version, prereleases=True):
                continue
            if not (file := self._best_file(name, version, text, is_exact=is_exact)):
                continue
            if version.is_prerelease and not takes_prereleases:
                last_resort.append(file)
                continue
            has_final = True
            yield file
        if not has_final:
            yield from last_resort

    def admits_python(self, specifier: str) -> bool:
        """Return whether a Requires-Python admits the interpreter that is installed for."""
        return _admits_python(specifier, self._target.environment["python_full_version"])

    def load_metadata(self, files: Iterable[ReleaseFile]) -> None:
        """Read the METADATA of files that are not read yet, all at once."""
        new = [file for file in dict.fromkeys(files) if file.url not in self._metadata]
        with self._client.deadline.reserve(_RESERVED_TIME):
            contents = self._client.map(self._read_metadata, new)
        for file in new:
            content = contents.get(file)
            if isinstance(content, IndexFaultError):
                self._add_note(f"{file.filename}: {content.message}")
            self._metadata[file.url] = content if isinstance(content, bytes) else None

    def metadata(self, file: ReleaseFile) -> bytes | None:
        """Return a file's METADATA; None where it cannot be read without building it."""
        self.load_metadata([file])
        return self._metadata[file.url]

    def _urls(self, name: str) -> list[str]:
        if own := self._own_urls.get(name):
            return [f"{own}{name}/"]
        return [f"{url}{name}/" for url in self._options.urls]

    @property
    def page_states(self) -> list[PageState] | None:
        """The states of all pages that were read.

        None where a folder was, or where a page or METADATA could not be read.
        """
        places = (*self._options.urls, *self._own_urls.values())
        is_local = self._options.find_links or any(one.startswith(FILE) for one in places)
        if is_local or None in self._files.values() or None in self._metadata.values():
            return None
        return [*self._states.values()]

    def confirm(self, states: Collection[PageState]) -> list[PageState] | None:
        """Return the states of pages that are all unchanged; None where any may have changed."""
        return self._client.confirm_pages(states, self._hosts)

    def _read_pages(self, urls: Collection[str]) -> Mapping[str, ProjectPage | None]:
        pages: dict[str, ProjectPage | None] = {}
        for url in urls:
            if url.startswith(FILE):
                local = read_local_page(url)
                pages[url] = None if local is None else ProjectPage(bool(local), local)
        remote = [url for url in urls if url not in pages]
        fetched = self._client.get_pages(remote, self._hosts, self._read_page, self._budget)
        for url, page in fetched.items():
            if isinstance(page, IndexFaultError):
                self._add_note(str(page.message))
            pages[url] = None if isinstance(page, IndexFaultError) else page
        return pages

    def _read_page(self, page: CachedResponse) -> ProjectPage:
        self._states[page.url] = PageState.from_response(page)
        return read_project_page(page, self._may_take)

    def _add_note(self, note: str) -> None:
        self._notes += 1
        if self._notes <= _MAX_NOTES:
            self._client.add_note(note)
        elif self._notes == _MAX_NOTES + 1:
            self._client.add_note("further packages cannot be read, so they bound nothing")

    def _merge(self, name: str, pages: list[ProjectPage | None]) -> _Files | None:
        """Put the pages of a package together, by the text of the version; None where unknown."""
        found = [page for page in pages if page and page.is_found]
        linked = [listed for listed in self._links() if name_in(listed.filename) == name]
        if not (linked or found):
            return None if None in (pages[:1] if self._options.takes_first else pages) else {}
        if self._options.takes_first:
            found = found[:1]
        files: _Files = {}
        for listed in (*linked, *(one for page in found for one in page.files)):
            files.setdefault(version_in(listed.filename), []).append(listed)
        return files

    def _links(self) -> list[ListedFile]:
        if self._linked is None:
            self._linked = []
            for place in self._options.find_links:
                if "://" in place and not place.startswith(FILE):
                    hosts = AllowedHosts.of([place])
                    for page in self._client.get_pages([place], hosts, self._read_page).values():
                        self._linked += [] if isinstance(page, IndexFaultError) else page.files
                else:
                    self._linked += list_folder(to_path(place))
        return self._linked

    def _sorted_versions(self, name: str) -> list[str]:
        if name not in self._versions:
            self._versions[name] = sort_versions(self._files[name] or {})
        return self._versions[name]

    def _best_file(
        self, name: str, version: Version, text: str, *, is_exact: bool
    ) -> ReleaseFile | None:
        """Return the file of a release that fits; a yanked one only for an exact requirement."""
        key = (name, text, is_exact)
        if key not in self._chosen:
            best: tuple[tuple[int, object], ListedFile, Link] | None = None
            for listed in (self._files[name] or {})[text]:
                link = listed.parse_link()
                if link is None or (link.yanked is not None and not is_exact):
                    continue
                rank = self._rank(name, listed.filename, link)
                if rank is not None and (best is None or rank > best[0]):
                    best = rank, listed, link
            self._chosen[key] = best and _to_file(name, version, *best[1:])
        return self._chosen[key]

    def _rank(self, name: str, filename: str, link: Link) -> tuple[int, object] | None:
        """Return the preference for a file, higher is better; None where it does not fit."""
        if not self.admits_python(link.requires_python or ""):
            return None
        is_wheel = filename.endswith(".whl")
        excluded = self._options.no_binary if is_wheel else self._options.only_binary
        if {name, ALL_PACKAGES} & excluded:
            return None
        return self._rank_tags(filename.split("-", 2)[-1]) if is_wheel else (-(2**31), ())

    def _may_take(self, filename: str) -> bool:
        if self._keeps_all or filename.endswith(SDIST_SUFFIX):
            return True
        return self._rank_tags(filename.split("-", 2)[-1]) is not None

    def _rank_tags(self, tail: str) -> tuple[int, object] | None:
        """Return the preference for a wheel by the end of its name, which a page repeats."""
        if tail not in self._ranks:
            build, tags = _parse_tail(tail)
            rank = self._target.rank(tags)
            self._ranks[tail] = None if rank is None else (-rank, build)
        return self._ranks[tail]

    def _read_metadata(self, file: ReleaseFile) -> bytes | None:
        """Return METADATA from the cache, from beside the file or out of it."""
        if file.url.startswith(FILE):
            return read_local_metadata(to_path(file.url))
        hosts = AllowedHosts.of([*self._options.urls, file.url])
        if file.is_wheel:
            return read_content(file, self._client, hosts, add_note=self._add_note)
        key = f"{file.url}#{file.sha256 or ''}#PKG-INFO"
        content = self._client.cache_get(key)
        if content is None and (content := self._read_sdist(file, hosts)) is not None:
            self._client.cache_put(key, content, is_permanent=bool(file.sha256))
        return content

    def _read_sdist(self, file: ReleaseFile, hosts: AllowedHosts) -> bytes | None:
        """Return the PKG-INFO of an sdist, which has to be fetched as a whole."""
        body = BytesIO()

        def sink(_status: int, _headers: Mapping[str, str], chunks: Iterator[bytes]) -> None:
            for chunk in chunks:
                if body.tell() > _MAX_SDIST_BYTES:
                    raise IndexFaultError(file.url, f"more than {_MAX_SDIST_BYTES} bytes")
                body.write(chunk)

        self._client.stream(file.url, 0, sink, hosts)
        return extract_pkg_info(BytesIO(body.getvalue()))


def _to_file(name: str, version: Version, listed: ListedFile, link: Link) -> ReleaseFile:
    url = urljoin(listed.base, link.href)
    return ReleaseFile(
        listed.filename,
        name,
        version,
        url,
        link.sha256,
        link.core_metadata,
        link.requires_python,
    )


def _folder(url: str) -> str:
    return url.rstrip("/") + "/"


@lru_cache(maxsize=4096)
def _parse_tail(tail: str) -> tuple[object, frozenset[Tag]]:
    try:
        _, _, build, tags = parse_wheel_filename(f"name-0-{tail}")
    except InvalidWheelFilename:
        return (), frozenset()
    return build, tags


@lru_cache(maxsize=1024)
def _admits_python(specifier: str, python: str) -> bool:
    """Return whether `requires-python` admits an interpreter; a damaged one excludes nothing."""
    try:
        return not specifier or SpecifierSet(specifier).contains(python, prereleases=True)
    except InvalidSpecifier:
        return True
