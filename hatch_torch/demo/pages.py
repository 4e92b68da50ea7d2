"""Index pages, exactly as PyTorch's index and PyPI write them. Pure text.

The files of the default index: the plain family, stubs of what it requires, real build tools.

The files of PyTorch's index: where each lies, and what its page says of it.
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

from hatch_torch.catalog import rows
from hatch_torch.demo.catalog import (
    CHANNELS,
    FAMILY,
    HERE,
    STABLE,
    TRITONS,
    File,
    files,
    folders,
    plain,
)
from hatch_torch.demo.wheels import Stub, metadata, repacked, requires, stub, tools, wheel

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from typing import Any

    from packaging.specifiers import SpecifierSet

    from hatch_torch.demo.catalog import File


_TIMESTAMP = "<!--TIMESTAMP 1790000000-->"


@dataclass(frozen=True, slots=True)
class Item:
    """A file, as a page has it."""

    filename: str
    path: str
    """Its path on the server, percent-encoded: ``/whl/cu126/torch-2.9.1%2Bcu126-….whl``."""
    wheel: Callable[[], bytes]
    metadata: Callable[[], bytes]
    hashed: bool = True
    """Whether its line has its hash."""
    described: bool = True
    """Whether its metadata is a file of its own (PEP 658)."""
    python: str = ""
    """Requires-Python."""
    uploaded: str = ""
    """When it was uploaded, where the page says it."""


def pytorch_page(name: str, items: Iterable[Item], base: str) -> str:
    """Return the page of a package; `base` stands before each path, "" for root-relative links.

    The lines are in the order of PyTorch's index: strings, so 2.10.0 comes before 2.2.0.
    """
    lines = [_pytorch_line(item, base) for item in sorted(items, key=lambda one: one.path)]
    head = ["<!DOCTYPE html>", "<html>", "  <body>", f"    <h1>Links for {name}</h1>"]
    return "\n".join([*head, *lines, "  </body>", "</html>", _TIMESTAMP])


def pytorch_listing(names: Iterable[str]) -> str:
    """Return the page that lists the packages of a folder."""
    lines = [f'    <a href="{name}/">{name}</a><br/>' for name in sorted(names)]
    return "\n".join(
        ["<!DOCTYPE html>", "<html>", "  <body>", *lines, "  </body>", "</html>", _TIMESTAMP]
    )


def pypi_page(name: str, items: Iterable[Item], base: str) -> str:
    """Return the page of a package on PyPI (PEP 503), which PyTorch's index copies for others'."""
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
            *(_pypi_line(item, base) for item in items),
            "  </body>",
            "</html>",
        ]
    )


def sha256(data: bytes) -> str:
    """Return a hash as pages have it."""
    return hashlib.sha256(data).hexdigest()


def _pytorch_line(item: Item, base: str) -> str:
    attributes = _metadata_attributes(item)
    if item.uploaded:
        attributes += f' data-upload-time="{item.uploaded}"'
    return f'    <a href="{_href(item, base)}"{attributes}>{item.filename}</a><br/>'


def _pypi_line(item: Item, base: str) -> str:
    attributes = f' data-requires-python="{escape(item.python)}"' if item.python else ""
    attributes += _metadata_attributes(item)
    return f'    <a href="{_href(item, base)}"{attributes}>{item.filename}</a><br />'


def _href(item: Item, base: str) -> str:
    fragment = f"#sha256={sha256(item.wheel())}" if item.hashed else ""
    return f"{base}{item.path}{fragment}"


def _metadata_attributes(item: Item) -> str:
    if not item.described:
        return ""
    digest = sha256(item.metadata())
    return f' data-dist-info-metadata="sha256={digest}" data-core-metadata="sha256={digest}"'


PACKAGES = "/packages"
"""The folder of the files."""


def items(name: str, newest: Version | None) -> tuple[Item, ...]:
    """Return a package's files; the family's are those of releases of torch up to `newest`."""
    if name in FAMILY:
        kept = (one for one in plain(name) if newest is None or one.build.release.like <= newest)
        return tuple(_item(stub(one)) for one in kept)
    return others(name)


def stored(name: str, newest: Version | None) -> tuple[Item, ...]:
    """Return a package's files that lie here, those that only one backend links to included."""
    return items(name, newest) or others(name, _row(name).get("backend"))


@cache
def others(name: str, backend: str | None = None) -> tuple[Item, ...]:
    """Return the files of a package that is not of the family; a build tool's is the real one.

    `backend`: on the index of that backend, which links to the same files, and has some alone.
    """
    row = _row(name)
    if row.get("backend") not in {None, backend}:
        return ()
    real = _real(name)
    versions = {parse_wheel_filename(one.filename)[1] for one in real}
    stubs = (_stub(row, version) for version in _versions(row) if version not in versions)
    return (*map(_item, stubs), *real)


def _real(name: str) -> tuple[Item, ...]:
    if not (found := name in tools() and repacked(name)):
        return ()
    filename, data, described = found
    return (Item(filename, _path(filename), lambda: data, lambda: described),)


@cache
def names() -> tuple[str, ...]:
    """Return the packages on the default index."""
    in_table = {row["name"] for row in rows("packages", HERE)}
    every = sorted({*in_table, *tools(), *FAMILY, *(one.name for one in _required())})
    return tuple(name for name in every if (plain(name) if name in FAMILY else others(name)))


def _item(made: Stub) -> Item:
    return Item(
        filename=made.filename,
        path=_path(made.filename),
        wheel=partial(wheel, made),
        metadata=partial(metadata, made),
        python=made.python,
    )


def _path(filename: str) -> str:
    return f"{PACKAGES}/{quote(filename)}"


def _row(name: str) -> dict[str, Any]:
    return next((row for row in rows("packages", HERE) if row["name"] == name), {"name": name})


def _stub(row: dict[str, Any], version: Version) -> Stub:
    module = row["name"].replace("-", "_")
    extras = {extra for one in _required() if one.name == row["name"] for extra in one.extras}
    return Stub(
        filename=f"{module}-{version}-py3-none-any.whl",
        sources=((f"{module}/__init__.py", f'__version__ = "{version}"\n{row.get("code", "")}'),),
        requires=tuple(row.get("requires", ())),
        python=row.get("python", ""),
        extras=tuple(sorted(extras)),
    )


def _versions(row: dict[str, Any]) -> list[Version]:
    """Return the versions of its row, and those that the family's requirements name."""
    named = (_named(one.specifier) for one in _required() if one.name == row["name"])
    return sorted({*map(Version, row.get("versions", ())), *chain.from_iterable(named)})


def _named(wanted: SpecifierSet) -> set[Version]:
    """Return the versions that a specifier names and admits: 12.9.4 of ``<13,>=12.9.4``."""
    texts = (one.version for one in wanted if not one.version.endswith("*"))
    return {Version(text) for text in texts if wanted.contains(text)}


@cache
def _required() -> tuple[Requirement, ...]:
    """Return what the wheels of the family require beside each other, each line once."""
    lines = dict.fromkeys(line for one in _every_file() for line in requires(one.build))
    found = (Requirement(line) for line in lines)
    return tuple(one for one in found if canonicalize_name(one.name) not in FAMILY)


def _every_file() -> list[File]:
    of_backends = (
        files(channel, folder, package)
        for channel in CHANNELS
        for folder in folders(channel)
        for package in FAMILY
    )
    return list(chain(chain.from_iterable(of_backends), *map(plain, FAMILY)))


ROOT = "/whl"

# The metadata files began in January 2025, when torch 2.6 came out.
_DESCRIBED_SINCE = Version("2.6")


def pytorch_items(
    channel: str, folder: str, package: str, newest: Version | None
) -> tuple[Item, ...]:
    """Return a package's files in a folder, of releases of torch up to `newest`."""
    return tuple(
        _pytorch_item(one, folder) for one in _up_to(newest, files(channel, folder, package))
    )


def everywhere(channel: str, package: str, newest: Version | None) -> tuple[Item, ...]:
    """Return a package's files in all folders of a channel: the page that mixes the backends."""
    every = (
        item for one in folders(channel) for item in pytorch_items(channel, one, package, newest)
    )
    return tuple({item.path: item for item in every}.values())


def packages(channel: str, folder: str, newest: Version | None) -> tuple[str, ...]:
    """Return the packages of the family that a folder has."""
    return tuple(one for one in FAMILY if _up_to(newest, files(channel, folder, one)))


def _up_to(newest: Version | None, found: Iterable[File]) -> list[File]:
    return [one for one in found if newest is None or one.build.release.like <= newest]


@cache
def _pytorch_item(file: File, folder: str) -> Item:
    release = file.build.release
    made = stub(file)
    return Item(
        filename=file.name,
        path=f"{_folder(file, folder)}/{quote(file.name)}",
        wheel=partial(wheel, made),
        metadata=partial(metadata, made),
        hashed=release.channel != "nightly" and not _is_unhashed(file.name),
        described=release.like >= _DESCRIBED_SINCE,
        uploaded=_uploaded(release.like) if release.like >= _DESCRIBED_SINCE else "",
    )


def _folder(file: File, folder: str) -> str:
    """Return where a file lies: a triton is the same for many folders, so it lies beside them."""
    channel = file.build.release.channel
    parts = [ROOT, "" if channel == STABLE else channel]
    parts += ["" if file.build.package in TRITONS else folder]
    return "/".join(filter(None, parts))


def _is_unhashed(name: str) -> bool:
    return any(fnmatchcase(name, row["name"]) for row in rows("unhashed", HERE))


@cache
def _uploaded(release: Version) -> str:
    """Return a day of upload: the release's own, or the first of its month."""
    dates = {row["torch"]: row["date"] for row in rows("releases")}
    day = f"{dates[str(release)]}-01"[: len("2026-01-01")]
    return f"{day}T16:00:00Z"
