"""What an install required of the torch family when it was last resolved.

A tree of a hundred packages takes a second to read, and it is the same until a page changes. What
is remembered holds for the very same question: requirements, constraints, options, indexes,
interpreter and installed releases are its key; the pages that were read have to be fresh still, or
the index has to confirm them.
"""

from __future__ import annotations

import json
from hashlib import sha256
from typing import TYPE_CHECKING, Any, NamedTuple

from packaging.specifiers import SpecifierSet
from packaging.version import Version

from hatch_torch import __version__
from hatch_torch.index.http_cache import PageState
from hatch_torch.resolution.model import Bound, Need, Release, Tree

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from hatch_torch.index.client import Client
    from hatch_torch.index.project_index import ProjectIndex
    from hatch_torch.resolution.model import Offer
    from hatch_torch.resolution.packages import InstallerPackages


class RememberedTree(NamedTuple):
    """The result of a search."""

    versions: dict[str, str]
    """Of the family; empty where nothing of the install requires any of it."""
    bounds: tuple[Bound, ...]
    releases: dict[str, Release]
    ranges: dict[str, SpecifierSet]

    def resolve(self, offer: Offer) -> Tree | None:
        """Return the install with the family that is offered now; None where that differs."""
        ranges: dict[str, SpecifierSet] = {}
        for need in (bound.need for bound in self.bounds):
            ranges[need.name] = ranges.get(need.name, SpecifierSet()) & need.specifier
        choice = next(iter(offer(ranges)), None)
        if choice is None or _spell(choice.versions) != self.versions:
            return None
        return Tree(choice, self.bounds, self.releases, self.ranges)


class TreeMemory:
    """Stores the last result for a question among the pages of the client's cache."""

    def __init__(
        self,
        question: Iterable[object],
        client: Client,
        open_index: Callable[[], ProjectIndex],
        packages: InstallerPackages,
    ) -> None:
        """Take what the result depends on, apart from pages and what is installed."""
        asked = [__version__, *question, packages.installed_versions]
        text = json.dumps(asked, default=_to_json, sort_keys=True)
        self._key = f"tree#{sha256(text.encode()).hexdigest()}"
        self._client = client
        self._open_index = open_index
        self._packages = packages

    def recall(self) -> RememberedTree | None:
        """Return the last result; None where there is none, or where it may hold no more."""
        content = self._client.cache_get(self._key)
        if content is None:
            return None
        try:
            entry = json.loads(content)
            pages = [PageState(*state) for state in entry["pages"]]
            tree = _from_json(entry)
            stamps = [[*stamp] for stamp in self._packages.find_stamps(tree.releases)]
            if stamps != entry["installed"]:
                return None
        except (ValueError, KeyError, TypeError):
            return None
        if all(map(self._client.is_fresh, pages)):
            return tree
        confirmed = self._open_index().confirm(pages)
        if confirmed is None:
            return None
        self._write({**entry, "pages": confirmed})
        return tree

    def store(self, tree: Tree) -> None:
        """Remember a result, unless it depends on what no index can confirm."""
        pages = self._open_index().page_states
        if pages is None or tree.went_back or not tree.is_complete:
            return
        self._write(
            {
                "pages": pages,
                "installed": self._packages.find_stamps(tree.releases),
                "versions": _spell(tree.choice.versions) if tree.choice else {},
                "bounds": tree.bounds,
                "ranges": {**tree.ranges},
                "releases": {name: one.version for name, one in tree.releases.items()},
            }
        )

    def _write(self, entry: object) -> None:
        content = json.dumps(entry, default=_to_json).encode()
        self._client.cache_put(self._key, content, is_permanent=True)


def _spell(versions: object) -> dict[str, str]:
    return {name: str(version) for name, version in dict(versions).items()}  # type: ignore[call-overload]


def _from_json(entry: dict[str, Any]) -> RememberedTree:
    bounds: Sequence[Any] = entry["bounds"]
    return RememberedTree(
        entry["versions"],
        tuple(
            Bound(Need(name, SpecifierSet(specifier), frozenset(extras), url), tuple(path))
            for (name, specifier, extras, url), path in bounds
        ),
        {
            name: Release(name, Version(version) if version else None)
            for name, version in entry["releases"].items()
        },
        {name: SpecifierSet(text) for name, text in entry["ranges"].items()},
    )


def _to_json(value: object) -> object:
    """Return what stands for a value: a set in one order, anything else as text."""
    return sorted(value) if isinstance(value, frozenset) else str(value)
