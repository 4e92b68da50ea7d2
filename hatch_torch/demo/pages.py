"""The pages of the embedded index and the files that they link to.

`render_*` writes pages exactly as PyTorch's index and PyPI do, as pure text; `list_*` says which
files a page has: PyTorch's index serves the torch family by channel and backend, the default index
serves the plain family, stubs of everything that it requires, and real build tools.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import cache, partial
from html import escape
from itertools import chain
from typing import TYPE_CHECKING
from urllib.parse import quote

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name, parse_wheel_filename
from packaging.version import Version

from hatch_torch.catalog import load_table
from hatch_torch.demo.build_tools import find_build_tools, repack_installed
from hatch_torch.demo.catalog import (
    CHANNELS,
    FAMILY,
    STABLE,
    TRITONS,
    list_files,
    list_folders,
    list_pypi_files,
    load_rows,
)
from hatch_torch.demo.wheels import Stub, build_metadata, build_wheel, list_requirements, make_stub

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from typing import Any

    from packaging.specifiers import SpecifierSet

    from hatch_torch.demo.catalog import File

ROOT = "/whl"
"""The root of PyTorch's index."""
PACKAGES = "/packages"
"""The folder of the default index's files."""

_TIMESTAMP = "<!--TIMESTAMP 1790000000-->"
# The metadata files began in January 2025, when torch 2.6 came out.
_METADATA_FILES_SINCE = Version("2.6")


@dataclass(frozen=True, slots=True)
class Item:
    """A file, as a page lists it."""

    filename: str
    path: str
    """Its path on the server, percent-encoded: ``/whl/cu126/torch-2.9.1%2Bcu126-….whl``."""
    read_wheel: Callable[[], bytes]
    read_metadata: Callable[[], bytes]
    has_hash: bool = True
    """Whether its line has its hash."""
    has_metadata_file: bool = True
    """Whether its metadata is a file of its own (PEP 658)."""
    python: str = ""
    """Requires-Python."""
    upload_time: str = ""
    """Empty where the page does not say it."""


def render_pytorch_page(name: str, items: Iterable[Item], base: str) -> str:
    """Return the page of a package; `base` precedes each path, "" gives root-relative links.

    The lines are in the order of PyTorch's index: strings, so 2.10.0 comes before 2.2.0.
    """
    lines = [_render_pytorch_line(item, base) for item in sorted(items, key=lambda item: item.path)]
    head = ["<!DOCTYPE html>", "<html>", "  <body>", f"    <h1>Links for {name}</h1>"]
    return "\n".join([*head, *lines, "  </body>", "</html>", _TIMESTAMP])


def render_listing(names: Iterable[str]) -> str:
    """Return the page that lists the packages of a folder."""
    lines = [f'    <a href="{name}/">{name}</a><br/>' for name in sorted(names)]
    return "\n".join(
        ["<!DOCTYPE html>", "<html>", "  <body>", *lines, "  </body>", "</html>", _TIMESTAMP]
    )


def render_pypi_page(name: str, items: Iterable[Item], base: str) -> str:
    """Return the page of a package on PyPI (PEP 503).

    PyTorch's index has copies of it for packages outside the torch family.
    """
    return "\n".join(
        [
            "<!DOCTYPE html>",
            "<html>",
            "  <head>",
            '    <meta name="pypi:repository-version" content="1.4">',
            f"    <title>Links for {name}</title>",
            "  </head>",
            "  <body>",
            f"    <h1>Links for {name}</h1>",
            *(_render_pypi_line(item, base) for item in items),
            "  </body>",
            "</html>",
        ]
    )


def compute_sha256(data: bytes) -> str:
    """Return a hash as pages have it."""
    return hashlib.sha256(data).hexdigest()


def _render_pytorch_line(item: Item, base: str) -> str:
    attributes = _render_metadata_attributes(item)
    if item.upload_time:
        attributes += f' data-upload-time="{item.upload_time}"'
    return f'    <a href="{_render_href(item, base)}"{attributes}>{item.filename}</a><br/>'


def _render_pypi_line(item: Item, base: str) -> str:
    attributes = f' data-requires-python="{escape(item.python)}"' if item.python else ""
    attributes += _render_metadata_attributes(item)
    return f'    <a href="{_render_href(item, base)}"{attributes}>{item.filename}</a><br />'


def _render_href(item: Item, base: str) -> str:
    fragment = f"#sha256={compute_sha256(item.read_wheel())}" if item.has_hash else ""
    return f"{base}{item.path}{fragment}"


def _render_metadata_attributes(item: Item) -> str:
    if not item.has_metadata_file:
        return ""
    digest = compute_sha256(item.read_metadata())
    return f' data-dist-info-metadata="sha256={digest}" data-core-metadata="sha256={digest}"'


def list_folder_items(
    channel: str, folder: str, package: str, newest: Version | None
) -> tuple[Item, ...]:
    """Return a package's files in a folder of PyTorch's index, of torch up to `newest`."""
    files = _filter_up_to(newest, list_files(channel, folder, package))
    return tuple(_make_pytorch_item(file, folder) for file in files)


def list_channel_items(channel: str, package: str, newest: Version | None) -> tuple[Item, ...]:
    """Return a package's files in all folders of a channel: the page that mixes the backends."""
    items = chain.from_iterable(
        list_folder_items(channel, folder, package, newest) for folder in list_folders(channel)
    )
    return tuple({item.path: item for item in items}.values())


def list_family_packages(channel: str, folder: str, newest: Version | None) -> tuple[str, ...]:
    """Return the packages of the family that a folder has."""
    return tuple(
        name for name in FAMILY if _filter_up_to(newest, list_files(channel, folder, name))
    )


def list_pypi_items(name: str, newest: Version | None) -> tuple[Item, ...]:
    """Return a package's files on the default index; the family's are of torch up to `newest`."""
    if name in FAMILY:
        files = _filter_up_to(newest, list_pypi_files(name))
        return tuple(_make_item(make_stub(file)) for file in files)
    return list_other_items(name)


def list_stored_items(name: str, newest: Version | None) -> tuple[Item, ...]:
    """Return a package's files in `PACKAGES`, with those that only one backend links to."""
    return list_pypi_items(name, newest) or list_other_items(
        name, _find_package_row(name).get("backend")
    )


@cache
def list_other_items(name: str, backend: str | None = None) -> tuple[Item, ...]:
    """Return the files of a package outside the family; a build tool's is the real one.

    `backend`: as the index of that backend links to them; it has some packages that no other has.
    """
    row = _find_package_row(name)
    if row.get("backend") not in {None, backend}:
        return ()
    real = _list_real_items(name)
    real_versions = {parse_wheel_filename(item.filename)[1] for item in real}
    versions = [version for version in _list_versions(row) if version not in real_versions]
    rows = dict.fromkeys(versions, row)
    rows |= {Version(one["version"]): one for one in _find_dependents(name)}
    stubs = (_make_package_stub(rows[version], version) for version in sorted(rows))
    return (*map(_make_item, stubs), *real)


@cache
def list_package_names() -> tuple[str, ...]:
    """Return the packages on the default index."""
    listed = {row["name"] for key in ("packages", "dependents") for row in load_rows(key)}
    required = {requirement.name for requirement in _list_required()}
    names = sorted({*listed, *required, *find_build_tools(), *FAMILY})
    return tuple(
        name
        for name in names
        if (list_pypi_files(name) if name in FAMILY else list_other_items(name))
    )


def _filter_up_to(newest: Version | None, files: Iterable[File]) -> list[File]:
    return [file for file in files if newest is None or file.build.release.like <= newest]


@cache
def _make_pytorch_item(file: File, folder: str) -> Item:
    release = file.build.release
    stub = make_stub(file)
    has_metadata_file = release.like >= _METADATA_FILES_SINCE
    return Item(
        filename=file.name,
        path=f"{_get_folder(file, folder)}/{quote(file.name)}",
        read_wheel=partial(build_wheel, stub),
        read_metadata=partial(build_metadata, stub),
        has_hash=release.channel != "nightly" and not _lacks_hash(file.name),
        has_metadata_file=has_metadata_file,
        upload_time=_get_upload_time(release.like) if has_metadata_file else "",
    )


def _get_folder(file: File, folder: str) -> str:
    """Return the folder of a file: a triton serves many backends, so it lies beside theirs."""
    channel = file.build.release.channel
    parts = [ROOT, "" if channel == STABLE else channel]
    parts += ["" if file.build.package in TRITONS else folder]
    return "/".join(filter(None, parts))


def _lacks_hash(filename: str) -> bool:
    return any(fnmatchcase(filename, row["name"]) for row in load_rows("files_without_hash"))


@cache
def _get_upload_time(release: Version) -> str:
    """Return a time of upload: on the release's day, or on the first of its month."""
    dates = {row["torch"]: row["date"] for row in load_table("releases")}
    day = f"{dates[str(release)]}-01"[: len("2026-01-01")]
    return f"{day}T16:00:00Z"


def _make_item(stub: Stub) -> Item:
    return Item(
        filename=stub.filename,
        path=_get_path(stub.filename),
        read_wheel=partial(build_wheel, stub),
        read_metadata=partial(build_metadata, stub),
        python=stub.python,
    )


def _list_real_items(name: str) -> tuple[Item, ...]:
    wheel = repack_installed(name) if name in find_build_tools() else None
    if wheel is None:
        return ()
    path = _get_path(wheel.filename)
    return (Item(wheel.filename, path, lambda: wheel.data, lambda: wheel.metadata),)


def _get_path(filename: str) -> str:
    return f"{PACKAGES}/{quote(filename)}"


def _find_package_row(name: str) -> dict[str, Any]:
    return next((row for row in load_rows("packages") if row["name"] == name), {"name": name})


def _find_dependents(name: str) -> list[dict[str, Any]]:
    return [row for row in load_rows("dependents") if row["name"] == name]


def _make_package_stub(row: dict[str, Any], version: Version) -> Stub:
    module = row["name"].replace("-", "_")
    extras = {
        extra
        for requirement in _list_required()
        if requirement.name == row["name"]
        for extra in requirement.extras
    }
    return Stub(
        filename=f"{module}-{version}-py3-none-any.whl",
        sources=((f"{module}/__init__.py", f'__version__ = "{version}"\n{row.get("code", "")}'),),
        requires=tuple(row.get("requires", ())),
        python=row.get("python", ""),
        extras=tuple(sorted(extras.union(row.get("extras", ())))),
    )


def _list_versions(row: dict[str, Any]) -> list[Version]:
    """Return the versions of its row, and those that the family's requirements name."""
    named = (
        _find_named_versions(requirement.specifier)
        for requirement in _list_required()
        if requirement.name == row["name"]
    )
    return sorted({*map(Version, row.get("versions", ())), *chain.from_iterable(named)})


def _find_named_versions(specifiers: SpecifierSet) -> set[Version]:
    """Return the versions that a specifier names and admits: 12.9.4 of ``<13,>=12.9.4``."""
    texts = (specifier.version for specifier in specifiers)
    return {Version(text) for text in texts if not text.endswith("*") and specifiers.contains(text)}


@cache
def _list_required() -> tuple[Requirement, ...]:
    """Return what the family's wheels require outside the family, each requirement once."""
    lines = dict.fromkeys(
        line for file in _list_every_file() for line in list_requirements(file.build)
    )
    requirements = map(Requirement, lines)
    return tuple(
        requirement
        for requirement in requirements
        if canonicalize_name(requirement.name) not in FAMILY
    )


def _list_every_file() -> list[File]:
    of_backends = (
        list_files(channel, folder, package)
        for channel in CHANNELS
        for folder in list_folders(channel)
        for package in FAMILY
    )
    return list(chain(chain.from_iterable(of_backends), *map(list_pypi_files, FAMILY)))
