"""The installer's indexes, read as pip and uv read them."""

from __future__ import annotations

import io
import json
import tarfile
from typing import TYPE_CHECKING

import pytest
from packaging.specifiers import SpecifierSet

from hatch_torch.catalog.target import running_interpreter
from hatch_torch.demo.wheels import Stub, build_wheel
from hatch_torch.index.project_index import ProjectIndex, ProjectIndexOptions

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from hatch_torch.index.client import Client
    from tests.index.conftest import Server

    Open = Callable[..., ProjectIndex]

TARGET = running_interpreter().with_python("3.12")


@pytest.fixture
def open_index(server: Server, new_client: Callable[..., Client]) -> Open:
    """Return what opens the server's index, or others, with the options of an installer."""

    def opens(*urls: str, **options: object) -> ProjectIndex:
        places = urls or (f"{server.url}/simple",)
        return ProjectIndex(new_client(), ProjectIndexOptions(places, **options), TARGET)  # type: ignore[arg-type] # keywords of a test

    return opens


def link(filename: str, attributes: str = "") -> str:
    """Return a line of a page."""
    return f'<a href="/files/{filename}" {attributes}>{filename}</a>'


def serve(server: Server, name: str, *links: str, root: str = "simple") -> None:
    """Serve the page of a package."""
    server.page(f"/{root}/{name}/", f"<!DOCTYPE html><html><body>{''.join(links)}</body></html>")


def wheel(version: str, name: str = "pkg") -> str:
    """Return the name of a wheel for every platform."""
    return f"{name}-{version}-py3-none-any.whl"


def listed(index: ProjectIndex, specifier: str = "", name: str = "pkg") -> list[str]:
    """Return the names of the files in a range."""
    return [file.filename for file in index.releases(name, SpecifierSet(specifier))]


def pack_sdist(pkg_info: str, padding: int = 0) -> bytes:
    """Return an sdist with a PKG-INFO, behind a file of zeros."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as archive:
        for name, content in (("pkg-1/a", bytes(padding)), ("pkg-1/PKG-INFO", pkg_info.encode())):
            member = tarfile.TarInfo(name)
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    return buffer.getvalue()


def test_newest_first(server: Server, open_index: Open) -> None:
    """Releases come newest first, whatever the page's order; what is no version is passed over."""
    serve(server, "pkg", *map(link, (wheel("1.0"), wheel("1.10"), wheel("1.9"), wheel("x"))))
    assert listed(open_index(), "<2") == [wheel("1.10"), wheel("1.9"), wheel("1.0")]


def test_json(server: Server, open_index: Open) -> None:
    """A page of PEP 691 is read like one of PEP 503."""
    file = {"filename": wheel("1"), "url": f"/files/{wheel('1')}", "hashes": {}}
    old = {**file, "filename": wheel("2"), "url": f"/files/{wheel('2')}", "requires-python": "<3"}
    page = json.dumps({"meta": {"api-version": "1.0"}, "name": "pkg", "files": [file, old]})
    server.page("/simple/pkg/", page, Content_Type="application/vnd.pypi.simple.v1+json")
    assert listed(open_index()) == [wheel("1")]


def test_requires_python(server: Server, open_index: Open) -> None:
    """A file for another Python is passed over; a damaged Requires-Python excludes nothing."""
    lines = [
        link(wheel("3"), 'data-requires-python="&gt;=4"'),
        link(wheel("2"), 'data-requires-python="what"'),
    ]
    serve(server, "pkg", *lines)
    assert listed(open_index()) == [wheel("2")]


def test_yanked(server: Server, open_index: Open) -> None:
    """A yanked file is taken for an exact requirement alone."""
    serve(server, "pkg", link(wheel("2"), 'data-yanked="bad"'), link(wheel("1")))
    index = open_index()
    assert listed(index, ">=1") == [wheel("1")]
    assert listed(index, "==2.*") == []
    assert listed(index, "==2") == [wheel("2")]


def test_prereleases(server: Server, open_index: Open) -> None:
    """A pre-release comes where the range names one, with --pre, or where there is nothing else."""
    serve(server, "pkg", link(wheel("2rc1")), link(wheel("1")))
    assert listed(open_index()) == [wheel("1")]
    assert listed(open_index(), ">1") == [wheel("2rc1")]
    assert listed(open_index(), ">=2rc1") == [wheel("2rc1")]
    assert listed(open_index(prereleases=True)) == [wheel("2rc1"), wheel("1")]


def test_wheel_or_sdist(server: Server, open_index: Open) -> None:
    """A wheel comes before the sdist, the more specific wheel first, unless options exclude it."""
    native = f"pkg-1-cp312-cp312-{_platform()}.whl"
    foreign = "pkg-2-cp27-cp27m-win32.whl"
    sdist = "pkg-1.tar.gz"
    serve(server, "pkg", *map(link, (wheel("1"), sdist, native, foreign, "pkg-2-bad.whl")))
    every = frozenset({":all:"})
    assert listed(open_index()) == [native]
    assert listed(open_index(no_binary=every)) == [sdist]
    assert listed(open_index(no_binary=every, only_binary=frozenset({"pkg"}))) == []


def _platform() -> str:
    return next(tag.platform for tag in TARGET.ranks if tag.interpreter == "cp312")


def test_several_indexes(server: Server, open_index: Open) -> None:
    """With pip the newest of all indexes comes first; uv asks the first that has the package."""
    serve(server, "pkg", link(wheel("1")), root="one")
    serve(server, "pkg", link(wheel("2")), root="two")
    serve(server, "other", link(wheel("3", "other")), root="two")
    urls = [f"{server.url}/{root}/" for root in ("one", "two")]
    assert listed(open_index(*urls)) == [wheel("2"), wheel("1")]
    assert listed(open_index(*urls, takes_first=True)) == [wheel("1")]
    assert listed(open_index(*urls, takes_first=True), name="other") == [wheel("3", "other")]


def test_own_index(server: Server, open_index: Open) -> None:
    """A package with an index of its own comes from there alone."""
    serve(server, "pkg", link(wheel("2")))
    serve(server, "pkg", link(wheel("1")), root="own")
    assert listed(open_index(own_urls=(("pkg", f"{server.url}/own"),))) == [wheel("1")]


def test_unknown_and_missing(server: Server, open_index: Open) -> None:
    """A missing page has no releases; of one that does not answer nothing is known."""
    server.page("/simple/broken/", "", 500)
    index = open_index()
    assert not index.is_unknown("missing")
    assert index.is_unknown("broken")
    assert listed(index, name="broken") == listed(index, name="missing") == []


def test_few_notes(server: Server, new_client: Callable[..., Client]) -> None:
    """A host that answers for no package has a few notes, not one for each."""
    client = new_client()
    names = [f"pkg{number}" for number in range(20)]
    for name in names:
        server.page(f"/simple/{name}/", "", 404 if name == "pkg0" else 501)
    options = ProjectIndexOptions((f"{server.url}/simple",))
    ProjectIndex(client, options, TARGET).load(names)
    assert len(client.notes) == 6
    assert client.notes[-1] == "further packages cannot be read, so they bound nothing"


def test_find_links(server: Server, open_index: Open, tmp_path: Path) -> None:
    """Folders, and pages of links, stand beside the indexes; a page that fails adds nothing."""
    (tmp_path / wheel("3")).write_bytes(build_wheel(Stub(wheel("3"), requires=("torch<2",))))
    serve(server, "pkg", link(wheel("1")))
    serve(server, "links", link(wheel("2")), root="more")
    server.page("/broken", "", 500)
    places = (str(tmp_path), f"{server.url}/more/links/", f"{server.url}/broken", "/nowhere")
    index = open_index(find_links=places)
    assert listed(index) == [wheel("3"), wheel("2"), wheel("1")]
    (first, *_) = index.releases("pkg", SpecifierSet())
    assert b"Requires-Dist: torch<2" in (index.metadata(first) or b"")


@pytest.mark.parametrize("has_page", [False, True])
def test_index_in_a_folder(open_index: Open, tmp_path: Path, has_page: bool) -> None:  # noqa: FBT001 (a parameter)
    """An index of `file:` has pages, or plain folders; what cannot be read has no METADATA."""
    folder = tmp_path / "simple" / "pkg"
    folder.mkdir(parents=True)
    (folder / wheel("1")).write_bytes(b"no wheel")
    (folder / "pkg-2.tar.gz").write_bytes(pack_sdist("Name: pkg\n"))
    if has_page:
        lines = "".join(f'<a href="{file.name}">x</a>' for file in folder.iterdir())
        (folder / "index.html").write_text(f"<!DOCTYPE html><html>{lines}</html>", "utf-8")
    index = open_index((tmp_path / "simple").as_uri())
    sdist, damaged = index.releases("pkg", SpecifierSet())
    assert index.metadata(sdist) == b"Name: pkg\n"
    assert index.metadata(damaged) is None
    assert listed(index, name="missing") == []


def test_damaged_page_in_a_folder(open_index: Open, tmp_path: Path) -> None:
    """Nothing is known of a package whose page in a folder is damaged."""
    (tmp_path / "pkg").mkdir()
    (tmp_path / "pkg" / "index.html").write_bytes(bytes(range(256)))
    assert open_index(tmp_path.as_uri()).is_unknown("pkg")


def test_metadata_of_an_sdist(server: Server, open_index: Open) -> None:
    """An sdist is fetched for its PKG-INFO once, then it is cached."""
    server.page("/files/pkg-1.tar.gz", pack_sdist("Name: pkg\n"))
    serve(server, "pkg", link("pkg-1.tar.gz"))
    for _ in range(2):
        index = open_index()
        (file,) = index.releases("pkg", SpecifierSet())
        assert index.metadata(file) == b"Name: pkg\n"
    assert server.requested.count("/files/pkg-1.tar.gz") == 1


@pytest.mark.parametrize(
    "content", [b"no archive", pack_sdist("Name: pkg\n", 65 * 2**20), bytes(17 * 2**20)]
)
def test_sdist_that_cannot_be_read(server: Server, open_index: Open, content: bytes) -> None:
    """An sdist that is damaged, a bomb or too large has no metadata."""
    server.page("/files/pkg-1.tar.gz", content)
    serve(server, "pkg", link("pkg-1.tar.gz"))
    index = open_index()
    (file,) = index.releases("pkg", SpecifierSet())
    assert index.metadata(file) is None


def test_another_target(server: Server, open_index: Open) -> None:
    """Another interpreter chooses among the same pages, which are read once."""
    serve(server, "pkg", link(wheel("2"), 'data-requires-python="&lt;3.12"'), link(wheel("1")))
    index = open_index().for_target(TARGET)
    assert listed(index) == [wheel("1")]
    older = index.for_target(TARGET.with_python("3.11"))
    assert listed(older) == [wheel("2"), wheel("1")]
    assert server.requested.count("/simple/pkg/") == 1
