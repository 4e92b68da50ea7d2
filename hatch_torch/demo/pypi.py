"""The files of the default index: the plain family, stubs of what it requires, real build tools."""

from __future__ import annotations

from functools import cache, partial
from itertools import chain
from typing import TYPE_CHECKING
from urllib.parse import quote

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name, parse_wheel_filename
from packaging.version import Version

from hatch_torch.demo.builds import HERE
from hatch_torch.demo.catalog import CHANNELS, FAMILY, files, folders, plain
from hatch_torch.demo.contents import stub
from hatch_torch.demo.pages import Item
from hatch_torch.demo.repack import repacked, tools
from hatch_torch.demo.requires import requires
from hatch_torch.demo.stub import Stub, metadata, wheel
from hatch_torch.tables import rows

if TYPE_CHECKING:
    from typing import Any

    from packaging.specifiers import SpecifierSet

    from hatch_torch.demo.catalog import File

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
