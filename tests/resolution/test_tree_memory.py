"""What a tree required of torch is used again until anything that it depends on changes."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest
from packaging.requirements import Requirement

from hatch_torch.catalog.target import foreign_interpreter
from hatch_torch.config.config import Config
from hatch_torch.config.env import Settings
from hatch_torch.frontend.request import BuildRequest
from hatch_torch.frontend.resolver_options import ResolverOptions
from hatch_torch.index.client import Client
from hatch_torch.index.http_cache import Cache, PageState
from hatch_torch.index.source import SourceOptions
from hatch_torch.index.urls import AllowedHosts
from hatch_torch.resolution.install_tree import InstallTree
from tests.benchmarks.tree_serving import Pages, serve_pages
from tests.benchmarks.tree_universe import Listed, Universe
from tests.resolution.test_tree import FAMILY, PAIRS, family_choices

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

    from hatch_torch.resolution.model import Tree

PACKAGES: dict[str, dict[str, list[str]]] = {
    "app": {"2.1": ["missing"], "2": ["torch<2.9", "lib"], "1": []},
    "lib": {"1": ["torchvision"]},
    "plain": {"1": []},
    "fast": {"1": ["xformers<1"]},
    "xformers": {"1": [], "0.0.30": ["torch"], "0.0.29": []},
}


def universe(packages: Mapping[str, Mapping[str, list[str]]]) -> Universe:
    """Return pages and METADATA of packages: name -> version -> requirements."""
    found = Universe({}, {})
    for name, releases in packages.items():
        for version, requires in releases.items():
            filename = f"{name}-{version}-py3-none-any.whl"
            found.pages.setdefault(name, []).append(Listed(filename))
            lines = [f"Name: {name}", f"Version: {version}"]
            lines += [f"Requires-Dist: {line}" for line in requires]
            found.metadata[filename] = "\n".join(lines)
    return found


class Index(NamedTuple):
    """An index on loopback, and a folder for the cache and the environment."""

    pages: Pages
    url: str
    folder: Path

    def tree(self, *required: str, target: str = "3.12", **fields: Any) -> InstallTree:  # noqa: ANN401 (of a request)
        """Return the install of a project that requires this, as a new process would find it."""
        lines = tuple(map(Requirement, required or ("app",)))
        config = Config(name="my-app", dependencies=lines)
        environ = {
            "TORCH_VARIANT_CACHE_DIR": str(self.folder / "cache"),
            "TORCH_VARIANT_TIMEOUT": "20",
            "PIP_CONFIG_FILE": os.devnull,
            **fields.pop("environ", {}),
        }
        family = fields.pop("family", FAMILY)
        request = BuildRequest(
            "pip", **{"indexes": (("--index-url", self.url),), "site_packages": (), **fields}
        )
        options = SourceOptions(
            config,
            Settings.of(environ),
            environ,
            foreign_interpreter(target, "linux_x86_64"),
            request,
        )
        return InstallTree(options, family, is_remembered=True)

    def resolve(self, *required: str, **fields: Any) -> Tree:  # noqa: ANN401 (likewise)
        """Resolve an install."""
        return self.tree(*required, **fields).resolve(family_choices())

    def forget_pages(self) -> list[int]:
        """Delete the cached pages, so that a search asks for them; return what was answered."""
        for path in (self.folder / "cache").iterdir():
            if b'"key": "tree#' not in path.read_bytes():
                path.unlink()
        return self.pages.forget()

    def install(self, version: str = "1", requires: str = "torchvision") -> tuple[Path]:
        """Put a release of lib into the environment."""
        metadata = self.folder / "site" / f"lib-{version}.dist-info" / "METADATA"
        metadata.parent.mkdir(parents=True)
        metadata.write_text(f"Name: lib\nVersion: {version}\nRequires-Dist: {requires}\n")
        return (self.folder / "site",)


@pytest.fixture
def index(tmp_path: Path) -> Iterator[Index]:
    """Serve three packages; a fourth does not exist."""
    pages = Pages(universe(PACKAGES))
    with serve_pages(pages) as url:
        yield Index(pages, url, tmp_path)


def test_unchanged(index: Index) -> None:
    """The same question is answered without any page, and the answer is the same."""
    first = index.resolve()
    assert first.choice
    assert str(first.choice.versions["torch"]) == "2.8.0"
    assert set(index.forget_pages()) == {200, 404}
    again = index.resolve()
    assert index.pages.statuses == []
    assert (again.bounds, again.releases.keys()) == (first.bounds, first.releases.keys())
    assert again.choice
    assert again.choice.versions == first.choice.versions


CHANGES: dict[str, Callable[[Index], dict[str, Any]]] = {
    "a constraint": lambda _: {"resolver": ResolverOptions(constraints=("app<2",))},
    "an option": lambda _: {"resolver": ResolverOptions(prereleases=True)},
    "another requirement": lambda _: {"resolver": ResolverOptions(requirements=("plain",))},
    "the indexes": lambda one: {"indexes": (("--index-url", f"{one.url}/"),)},
    "the interpreter": lambda _: {"target": "3.11"},
    "the family": lambda _: {"family": FAMILY | {"xformers"}},
    "an installed release": lambda one: {"site_packages": one.install()},
    "upgrade by the command": lambda _: {"upgrade": True},
    "upgrade by the variable": lambda _: {"environ": {"TORCH_VARIANT_UPGRADE": "1"}},
}


@pytest.mark.parametrize("change", CHANGES)
def test_another_question(index: Index, change: str) -> None:
    """Whatever the result depends on is part of the question, so the pages are read."""
    index.resolve()
    index.forget_pages()
    index.resolve(**CHANGES[change](index))
    assert index.pages.statuses != []


def test_another_requirement_of_the_project(index: Index) -> None:
    """The project's own requirements are part of the question."""
    index.resolve()
    index.forget_pages()
    index.resolve("app", "plain")
    assert index.pages.statuses != []


def test_installed_metadata_written_anew(index: Index) -> None:
    """An installed package of the tree whose METADATA changed under the same version is read."""
    site = index.install()
    index.resolve(site_packages=site)
    index.forget_pages()
    index.resolve(site_packages=site)
    assert index.pages.statuses == []
    metadata = site[0] / "lib-1.dist-info" / "METADATA"
    metadata.write_text("Name: lib\nVersion: 1\nRequires-Dist: torch<2.7\n")
    assert "2.6.0" in str(index.resolve(site_packages=site).choice)


def test_expired_pages_are_confirmed(index: Index) -> None:
    """Pages that are no longer fresh are asked for once each, and none is sent again."""
    index.pages.max_age = 0
    index.resolve()
    index.forget_pages()
    index.resolve()
    assert index.pages.statuses == [304, 304]


def test_expired_page_that_changed(index: Index) -> None:
    """A new release on an expired page counts."""
    index.pages.max_age = 0
    index.resolve()
    index.forget_pages()
    index.pages.universe.pages["app"].append(Listed("app-3-py3-none-any.whl"))
    index.pages.universe.metadata["app-3-py3-none-any.whl"] = (
        "Name: app\nVersion: 3\nRequires-Dist: torch<2.7"
    )
    assert [*map(str, index.resolve().bounds)] == ["torch <2.7: app 3, required by my-app"]


def test_confirmed_pages_are_fresh_again(index: Index) -> None:
    """What the index confirmed is not asked for at once again."""
    index.pages.max_age = 0
    index.resolve()
    index.pages.max_age = 600
    index.forget_pages()
    index.resolve()
    index.pages.forget()
    index.resolve()
    assert index.pages.statuses == []


def test_missing_page_is_confirmed(index: Index) -> None:
    """A page that did not exist is unchanged while it does not; one without a validator never."""
    client = Client(Cache(None), timeout=20, now=lambda: 1000.0)
    hosts = AllowedHosts.of([index.url])
    missing = PageState(f"{index.url}/missing/", 404, "", "", 0.0)
    assert client.confirm_pages([missing], hosts) == [missing._replace(expires=1600.0)]
    listed = missing._replace(url=f"{index.url}/app/")
    assert client.confirm_pages([missing, listed], hosts) is None
    assert client.confirm_pages([listed._replace(status=200)], hosts) is None


def test_page_that_cannot_be_confirmed(index: Index) -> None:
    """Where the index is away, what is cached of the pages decides, as without a memory."""
    index.pages.max_age = 0
    index.resolve()
    index.pages.respond = lambda *_: (500, b"", "")  # type: ignore[method-assign]
    tree = index.resolve()
    assert "2.8.0" in str(tree.choice)


def test_page_that_failed(index: Index) -> None:
    """A result without the page of a package is not remembered."""
    respond = index.pages.respond
    index.pages.respond = lambda path, etag: (  # type: ignore[method-assign]
        (418, b"", "") if "/lib/" in path else respond(path, etag)
    )
    assert [*map(str, index.resolve().bounds)] == ["torch <2.9: app 2, required by my-app"]
    index.pages.respond = respond  # type: ignore[method-assign]
    assert len(index.resolve().bounds) == 2


def test_upgrade_is_not_remembered(index: Index) -> None:
    """What an upgrade found is no answer for the next run, whose question it was not."""
    index.resolve(upgrade=True)
    index.forget_pages()
    index.resolve()
    assert index.pages.statuses != []


def test_older_releases_because_of_torch(index: Index) -> None:
    """Where no torch fitted the newest releases, another machine may have one: no memory."""
    old = family_choices(releases={"2.12.1": "0.27.1"})
    assert str(index.tree().resolve(old).releases["app"]) == "app 1"
    index.forget_pages()
    assert str(index.resolve().releases["app"]) == "app 2"
    assert index.pages.statuses != []


def test_another_torch_is_offered(index: Index) -> None:
    """Where another torch is the best that the bounds admit, the install is resolved again."""
    index.resolve()
    index.forget_pages()
    tree = index.tree().resolve(family_choices(releases={"2.8.1": "0.23.1", **PAIRS}))
    assert "2.8.1" in str(tree.choice)
    assert index.pages.statuses != []


def test_no_torch_is_offered(index: Index) -> None:
    """Where nothing fits the bounds any more, the install is resolved again."""
    index.resolve()
    tree = index.tree().resolve(family_choices(releases={"2.12.1": "0.27.1"}))
    assert str(tree.releases["app"]) == "app 1"


@pytest.mark.parametrize("content", [b"{}", b"[]", b"{", b'{"pages": [[1]]}'])
def test_damaged_entry(index: Index, content: bytes) -> None:
    """An entry that holds something else is passed over."""
    index.resolve()
    index.forget_pages()
    tree = index.tree()
    for path in (index.folder / "cache").iterdir():
        key = path.read_bytes().partition(b'"key": "')[2].partition(b'"')[0].decode()
        tree._options.client.cache_put(key, content, is_permanent=True)  # noqa: SLF001 (its cache)
    assert "2.8.0" in str(tree.resolve(family_choices()).choice)
    assert index.pages.statuses != []


def test_install_without_torch(index: Index) -> None:
    """That nothing requires torch is remembered, too."""
    assert not index.tree("plain").requires_family
    index.forget_pages()
    assert not index.tree("plain").requires_family
    assert index.pages.statuses == []


def test_that_torch_is_required(index: Index) -> None:
    """That something requires torch is known without reading any page."""
    index.resolve()
    index.forget_pages()
    assert index.tree().requires_family
    assert index.pages.statuses == []


def test_package_that_is_compiled_for_torch(index: Index) -> None:
    """The file of such a package, and what is required of it, are known as after a search."""
    first = index.resolve("fast")
    index.forget_pages()
    tree = index.tree("fast")
    again = tree.resolve(family_choices())
    assert again.ranges == first.ranges != {}
    file = tree.find_file(again.releases["xformers"])
    assert file
    assert file.filename == "xformers-0.0.30-py3-none-any.whl"
    assert [*map(str, tree.read_requirements(again.releases["xformers"]) or ())] == ["torch"]
    assert len(index.pages.statuses) == len(["the page", "METADATA"])


def test_torch_that_a_package_is_compiled_for(index: Index) -> None:
    """What such packages are compiled for is another question, which no memory answers."""
    index.resolve("fast")
    index.forget_pages()
    assert index.tree("fast").resolve(family_choices(), paired=True).choice
    assert index.pages.statuses != []


def test_folders_are_read_every_time(index: Index) -> None:
    """No index confirms that a folder is unchanged."""
    folder = (str(index.folder),)
    index.resolve(find_links=folder)
    index.forget_pages()
    index.resolve(find_links=folder)
    assert index.pages.statuses != []
