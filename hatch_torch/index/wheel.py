"""A wheel that an index offers."""

from __future__ import annotations

from functools import lru_cache
from math import prod
from typing import TYPE_CHECKING, NamedTuple

from packaging.utils import InvalidWheelFilename, parse_wheel_filename

_LONGEST = 255
"""Characters of the longest name; no file system takes more."""
_MOST_TAGS = 200
"""Tags of one name; compressed sets multiply, so that 255 characters could name 70,000."""

if TYPE_CHECKING:
    from packaging.tags import Tag
    from packaging.utils import BuildTag, NormalizedName
    from packaging.version import Version


class Wheel(NamedTuple):
    """One file of an index page; hash and metadata are as the page gives them."""

    filename: str
    name: NormalizedName
    version: Version
    build: BuildTag
    tags: frozenset[Tag]
    url: str
    """Absolute, percent-encoded as the page has it, without fragment; "" for one of a folder."""
    sha256: str | None = None
    metadata: str | None = None
    """The sha256 of ``<url>.metadata`` (PEP 658), "" where it is there without one, or None."""

    @classmethod
    def from_filename(
        cls, filename: str, url: str, *, sha256: str | None = None, metadata: str | None = None
    ) -> Wheel:
        """Make a wheel from its file name; raises packaging's InvalidWheelFilename."""
        name, version, build, tags = _parse(filename)
        return cls(filename, name, version, build, tags, url, sha256, metadata)


def _parse(filename: str) -> tuple[NormalizedName, Version, BuildTag, frozenset[Tag]]:
    """Read a name in two halves, each of which a page of thousands repeats over and over."""
    if len(filename) > _LONGEST:
        raise InvalidWheelFilename(f"{filename[:_LONGEST]!r} is longer than any wheel's name")
    try:
        name, version, tail = filename.split("-", 2)
    except ValueError:
        raise InvalidWheelFilename(f"{filename!r} has too few parts for a wheel's name") from None
    return (*_name_and_version(f"{name}-{version}"), *_build_and_tags(tail))


def _tags_in(filename: str) -> int:
    """Count the tags that a name spells: ``py2.py3-none-any`` are two (PEP 425)."""
    return prod(part.count(".") + 1 for part in filename.removesuffix(".whl").split("-")[-3:])


@lru_cache(maxsize=4096)
def _name_and_version(half: str) -> tuple[NormalizedName, Version]:
    name, version, _, _ = parse_wheel_filename(f"{half}-py3-none-any.whl")
    return name, version


@lru_cache(maxsize=4096)
def _build_and_tags(half: str) -> tuple[BuildTag, frozenset[Tag]]:
    if _tags_in(half) > _MOST_TAGS:
        raise InvalidWheelFilename(f"{half!r} is longer than any wheel's name")
    _, _, build, tags = parse_wheel_filename(f"any-0-{half}")
    return build, tags
