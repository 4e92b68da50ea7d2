"""Pages of an installer's index, of which only the names of the files are read at first."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, strategies as st
from packaging.specifiers import SpecifierSet
from packaging.version import Version

from hatch_torch.catalog.target import foreign_interpreter
from hatch_torch.errors import IndexFaultError
from hatch_torch.index.client import Client
from hatch_torch.index.http_cache import Cache, CachedResponse
from hatch_torch.index.project_index import ProjectIndex, ProjectIndexOptions
from hatch_torch.index.project_page import (
    ProjectPage,
    list_links,
    name_in,
    read_project_page,
    sort_versions,
    version_in,
)
from hatch_torch.index.simple_api import Link
from tests.support.package_index import write_index

if TYPE_CHECKING:
    from pathlib import Path

URL = "https://index.example/simple/pkg/"
WHEEL = "pkg-1.0-py3-none-any.whl"
JSON = "application/vnd.pypi.simple.v1+json"


def entry(filename: str = WHEEL, **fields: Any) -> dict[str, Any]:  # noqa: ANN401 (JSON)
    """Return a file of a JSON page, with nested objects before and after its name."""
    found = {"core-metadata": {"sha256": "ab" * 32}, "filename": filename}
    return {**found, "hashes": {"sha256": "cd" * 32}, "url": f"../{filename}", **fields}


def read(*files: dict[str, Any], text: str = "", content_type: str = JSON) -> ProjectPage:
    """Read a page of these files, or a text; files for Windows may not be taken."""
    page = {"name": "pkg", "files": files, "versions": ["1.0"]}
    body = (text or json.dumps(page)).encode("latin-1")
    response = CachedResponse(URL, 200, body, content_type)
    return read_project_page(response, lambda filename: "win_amd64" not in filename)


def links(page: ProjectPage) -> list[Link | None]:
    """Return the links of a page's files."""
    return [one.parse_link() for one in page.files]


def test_entries_are_parsed_when_they_are_asked_for() -> None:
    """The entries of a JSON page, the first, the middle and the last, give what they hold."""
    names = [WHEEL, "pkg-1.1-py3-none-any.whl", "pkg-1.1.tar.gz"]
    page = read(*map(entry, names), entry("pkg-1.1.exe"))
    assert page.is_found
    assert [one.filename for one in page.files] == names
    assert all(isinstance(one.source, str) for one in page.files)
    assert [link and link.href for link in links(page)] == [f"../{name}" for name in names]
    assert {link and link.sha256 for link in links(page)} == {"cd" * 32}
    assert {link and link.core_metadata for link in links(page)} == {"ab" * 32}


def test_compact_page() -> None:
    """A page without blanks between its files is read as well."""
    text = json.dumps({"files": [entry(), entry("pkg-2-py3-none-any.whl")]}, separators=(",", ":"))
    assert [*map(bool, links(read(text=text)))] == [True, True]


def test_only_files_that_may_be_taken_are_kept() -> None:
    """A file for another platform is left out, but the page still has the package."""
    assert read(entry("pkg-1.0-cp312-cp312-win_amd64.whl")) == ProjectPage(is_found=True, files=[])


@pytest.mark.parametrize(
    "files",
    [
        pytest.param([entry(yanked="see }, { there")], id="the separator in a string"),
        pytest.param([entry(r"pkg-1.0\-py3-none-any.whl"), entry()], id="an escaped name"),
        pytest.param([{"url": f"../{WHEEL}"}], id="no name"),
    ],
)
def test_unusual_page_is_parsed_as_a_whole(files: list[dict[str, Any]]) -> None:
    """What cannot be split safely is parsed, and gives the same files."""
    page = read(*files)
    assert page.files[-1].filename == WHEEL
    assert all(isinstance(one.source, Link) for one in page.files)
    assert links(page)[-1] is not None


def test_entry_that_cannot_be_used() -> None:
    """An entry that is damaged, has no URL, or links to another file has no link."""
    damaged = json.dumps({"files": [entry(), entry()]}).replace('"hashes": {', '"hashes": [', 1)
    assert [*map(bool, links(read(text=damaged)))] == [False, True]
    assert links(read(entry(url=None))) == [None]
    assert links(read(entry(url="../other-1.0-py3-none-any.whl"))) == [None]


@pytest.mark.parametrize("text", ['{"files": {}}', '{"files": [{"filename": "a-1-b.whl"', "<html>"])
def test_other_text_is_refused(text: str) -> None:
    """A text that is no index page, or only the beginning of one, is an error."""
    with pytest.raises(IndexFaultError, match="expected an index page"):
        read(text=text)


def test_pages_that_list_nothing() -> None:
    """A page that does not exist, or is empty, has no package."""
    missing = read_project_page(CachedResponse(URL, 404), bool)
    assert missing == ProjectPage(is_found=False, files=[])
    assert not read(text='{"files": []}').is_found


def test_html_page() -> None:
    """The links of an HTML page are the same."""
    text = f'<!DOCTYPE html><html><a href="../{WHEEL}">{WHEEL}</a></html>'
    (file,) = read(text=text, content_type="text/html").files
    assert file.parse_link() == Link(f"../{WHEEL}")
    assert file.base == URL


def test_folder() -> None:
    """Of links, those to wheels and sdists count."""
    page = list_links("", [Link("file:///a/pkg-1.0.tar.gz"), Link("file:///a/notes.txt")], bool)
    assert [one.filename for one in page.files] == ["pkg-1.0.tar.gz"]


def test_names() -> None:
    """A file's name tells the package and the version, as it is written."""
    assert (name_in("My_Pkg-1.0-py3-none-any.whl"), version_in(WHEEL)) == ("my-pkg", "1.0")
    assert (name_in("my-pkg-1.0.tar.gz"), version_in("my-pkg-1.0.tar.gz")) == ("my-pkg", "1.0")


_NUMBERS = st.lists(st.integers(0, 3), min_size=1, max_size=4)
_VERSIONS = st.builds(
    lambda epoch, release, suffix: epoch + ".".join(map(str, release)) + suffix,
    st.sampled_from(["", "1!"]),
    _NUMBERS,
    st.sampled_from(["", "a1", "rc1", ".dev0", ".post1", ".post1.dev0", "rc1.post1", "+cpu"]),
)


@given(st.lists(_VERSIONS, unique_by=Version))
def test_versions_are_sorted_as_packaging_does(texts: list[str]) -> None:
    """The order is that of packaging's versions, and other texts are left out."""
    found = sort_versions([*texts, "unknown"])
    assert found == sorted(texts, key=Version, reverse=True)


def test_files_of_several_interpreters(tmp_path: Path) -> None:
    """Pages that were read for one interpreter serve another one as well."""
    index_url = write_index(tmp_path / "index", {"pkg": {"1.0": []}})
    wheel = tmp_path / "index" / "pkg" / WHEEL
    wheel.rename(wheel.with_name("pkg-1.0-cp311-cp311-win_amd64.whl"))
    (wheel.parent / "index.html").unlink()
    linux = foreign_interpreter("3.11", "linux_x86_64")
    windows = foreign_interpreter("3.11", "win_amd64")
    client = Client(Cache(None), timeout=20)
    index = ProjectIndex(client, ProjectIndexOptions(urls=(index_url,)), linux)
    assert [*index.releases("pkg", SpecifierSet())] == []
    (found,) = index.for_target(windows).releases("pkg", SpecifierSet())
    assert found.filename == "pkg-1.0-cp311-cp311-win_amd64.whl"
    assert [*index.for_target(linux).releases("pkg", SpecifierSet())] == []
