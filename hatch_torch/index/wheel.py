"""A wheel that an index offers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from packaging.utils import parse_wheel_filename

if TYPE_CHECKING:
    from packaging.tags import Tag
    from packaging.utils import BuildTag, NormalizedName
    from packaging.version import Version


@dataclass(frozen=True, slots=True)
class Wheel:
    """One file of an index page; hash and metadata are as the page gives them."""

    filename: str
    name: NormalizedName
    version: Version
    build: BuildTag
    tags: frozenset[Tag]
    url: str
    """Absolute, percent-encoded as the page has it, without fragment."""
    sha256: str | None = None
    metadata: str | None = None
    """The sha256 of ``<url>.metadata`` (PEP 658), "" where it is there without one, or None."""

    @classmethod
    def from_filename(
        cls, filename: str, url: str, *, sha256: str | None = None, metadata: str | None = None
    ) -> Wheel:
        """Make a wheel from its file name; raises packaging's InvalidWheelFilename."""
        name, version, build, tags = parse_wheel_filename(filename)
        return cls(filename, name, version, build, tags, url, sha256, metadata)
