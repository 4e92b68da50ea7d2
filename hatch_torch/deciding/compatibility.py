"""Which releases of Hugging Face's libraries go with the torch that was chosen."""

from __future__ import annotations

from typing import TYPE_CHECKING

from packaging.utils import canonicalize_name
from packaging.version import Version

from hatch_torch.deciding.additions import Addition
from hatch_torch.tables import rows

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from packaging.requirements import Requirement

_NEVER = "9999"
_LIBRARIES = ("transformers", "diffusers", "accelerate", "huggingface-hub")


def bounds(release: Version) -> Mapping[str, str]:
    """Return the ranges that go with a release of torch, by library.

    A nightly or a release candidate counts as the release that it becomes.
    """
    becomes = Version(release.base_version)
    for row in rows("compatibility"):
        if Version(row["first"]) <= becomes < Version(row.get("below", _NEVER)):
            return {name: row[name] for name in _LIBRARIES}
    return {}


def bounded(requirements: Iterable[Requirement], release: Version) -> Iterator[Addition]:
    """Yield a bound for each of the libraries that a project requires, under its own marker."""
    known = bounds(release)
    for one in requirements:
        versions = known.get(canonicalize_name(one.name))
        if versions:
            yield Addition(f"{one.name}{versions}" + (f" ; {one.marker}" if one.marker else ""))
