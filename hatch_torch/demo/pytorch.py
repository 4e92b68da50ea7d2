"""The files of PyTorch's index: where each lies, and what its page says of it."""

from __future__ import annotations

from fnmatch import fnmatchcase
from functools import cache, partial
from typing import TYPE_CHECKING
from urllib.parse import quote

from packaging.version import Version

from hatch_torch.demo.builds import HERE, STABLE
from hatch_torch.demo.catalog import FAMILY, TRITONS, File, files, folders
from hatch_torch.demo.contents import stub
from hatch_torch.demo.pages import Item
from hatch_torch.demo.stub import metadata, wheel
from hatch_torch.tables import rows

if TYPE_CHECKING:
    from collections.abc import Iterable

ROOT = "/whl"

# The metadata files began in January 2025, when torch 2.6 came out.
_DESCRIBED_SINCE = Version("2.6")


def items(channel: str, folder: str, package: str, newest: Version | None) -> tuple[Item, ...]:
    """Return a package's files in a folder, of releases of torch up to `newest`."""
    return tuple(_item(one, folder) for one in _up_to(newest, files(channel, folder, package)))


def everywhere(channel: str, package: str, newest: Version | None) -> tuple[Item, ...]:
    """Return a package's files in all folders of a channel: the page that mixes the backends."""
    every = (item for one in folders(channel) for item in items(channel, one, package, newest))
    return tuple({item.path: item for item in every}.values())


def packages(channel: str, folder: str, newest: Version | None) -> tuple[str, ...]:
    """Return the packages of the family that a folder has."""
    return tuple(one for one in FAMILY if _up_to(newest, files(channel, folder, one)))


def _up_to(newest: Version | None, found: Iterable[File]) -> list[File]:
    return [one for one in found if newest is None or one.build.release.like <= newest]


@cache
def _item(file: File, folder: str) -> Item:
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
