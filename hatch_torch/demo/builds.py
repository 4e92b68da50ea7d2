"""A build: a wheel of the family that PyTorch made, and the rules that say which there are."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from packaging.specifiers import SpecifierSet
from packaging.version import Version

from hatch_torch.tables import rows

if TYPE_CHECKING:
    from collections.abc import Iterator

    from hatch_torch.backend import Backend

HERE = Path(__file__).parent
"""The folder of this index's own tables."""

PYTORCH = "pytorch"
PYPI = "pypi"
STABLE = "stable"

_OLDEST, _NEWEST = Version("0"), Version("9999")


@dataclass(frozen=True, slots=True)
class Release:
    """A release of torch, with its family."""

    like: Version
    """The published release that it is, or that it is made like."""
    channel: str = STABLE
    names: tuple[tuple[str, str], ...] = ()
    """The versions in its file names, by package, where they are not those of `like`."""
    backends: tuple[str, ...] = ()
    """The backends that it was built for; empty: all that `like` was built for."""

    def shown(self, package: str, version: Version) -> str:
        """Return the public version of a package in its file name."""
        return dict(self.names).get(package, str(version))


@dataclass(frozen=True, slots=True)
class Build:
    """A package built for a release of torch, a backend, a platform and a Python."""

    package: str
    version: Version
    """The published version, which the rules go by."""
    release: Release
    backend: Backend
    platform: str
    python: str
    on: str = PYTORCH
    """The index that has it: ``pytorch`` or ``pypi``."""

    @property
    def shown(self) -> str:
        """The public version in its file name."""
        return self.release.shown(self.package, self.version)


@dataclass(frozen=True, slots=True)
class Rule:
    """Conditions on a build, and what follows where all of them hold."""

    package: str
    first: Version
    last: Version
    torch: SpecifierSet
    among: tuple[tuple[str, frozenset[str]], ...]
    """What a build's platform, backend, Python and index must be among."""
    row: dict[str, Any]

    @classmethod
    def of(cls, row: dict[str, Any]) -> Rule:
        """Read a row."""
        keys = {"platforms": "platform", "backends": "backend", "pythons": "python", "on": "on"}
        return cls(
            row["package"],
            Version(row["first"]) if "first" in row else _OLDEST,
            Version(row["last"]) if "last" in row else _NEWEST,
            SpecifierSet(row.get("torch", "")),
            tuple((name, frozenset(row[key])) for key, name in keys.items() if key in row),
            row,
        )

    def fits(self, build: Build) -> bool:
        """Say whether the conditions hold."""
        return (
            self.first <= build.version <= self.last
            and all(str(getattr(build, name)) in values for name, values in self.among)
            and (not self.torch or self.torch.contains(build.release.like))
        )


@cache
def _rules(table: str, package: str) -> tuple[Rule, ...]:
    return tuple(Rule.of(row) for row in rows(table, HERE) if row["package"] == package)


def filenames(build: Build) -> Iterator[str]:
    """Yield the names of the files of a build: most have one, some more, some were never made."""
    if any(rule.fits(build) for rule in _rules("holes", build.package)):
        return
    fitting = [rule.row for rule in _rules("tags", build.package) if rule.fits(build)]
    for place, row in enumerate(fitting):
        if place == 0 or row.get("also"):
            yield _filename(build, row)


def _filename(build: Build, row: dict[str, Any]) -> str:
    version = build.shown
    if build.on == PYTORCH and row.get("local", True):
        version += f"+{build.backend.name}"
    python = "cp" + build.python.replace(".", "")
    parts = [build.package.replace("-", "_"), version, row.get("build", "")]
    parts += [row.get("python", python.rstrip("t")), row.get("abi", python), row["tag"]]
    return "-".join(filter(None, parts)) + ".whl"
