"""A member of the family pinned to one wheel, and the requirement that says so."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from packaging.version import Version

    from hatch_torch.deciding.offers import Pick


class Pin(NamedTuple):
    """A package at one version, by the URL of its wheel or by the version alone."""

    name: str
    version: Version
    url: str | None = None
    sha256: str | None = None
    by_version: bool = False
    """Named by its version, though the URL may be known: it is installed already."""

    @classmethod
    def of(cls, pick: Pick) -> Pin:
        """Pin a pick to its wheel; by the version alone where no page links to it."""
        return cls(pick.name, pick.version, pick.wheel.url or None, pick.wheel.sha256)

    @classmethod
    def at(cls, name: str, version: Version, link: str | None, *, by_version: bool = False) -> Pin:
        """Pin to what a link names, whose fragment may hold its hash (`#sha256=…`)."""
        url, _, fragment = (link or "").partition("#")
        sha256 = fragment.removeprefix("sha256=") or None
        return cls(name, version, url or None, sha256, by_version)

    @property
    def requirement(self) -> str:
        """The requirement (PEP 508), without a marker."""
        if self.url is None or self.by_version:
            return f"{self.name}=={self.version}"
        fragment = f"#sha256={self.sha256}" if self.sha256 else ""
        return f"{self.name} @ {self.url}{fragment}"
