"""Which requirements of the whole install really restrict torch, the tightest first."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hatch_torch.catalog.releases import TORCH, has_companions, torch_releases

if TYPE_CHECKING:
    from collections.abc import Iterable

    from packaging.version import Version

    from hatch_torch.resolution.model import Bound


def sort_bounds(bounds: Iterable[Bound]) -> list[Bound]:
    """Return the bounds that exclude something; first those that exclude the newest torch.

    Of those that admit the same newest torch, the one that admits the fewest releases comes first.
    """
    return sorted((bound for bound in dict.fromkeys(bounds) if bound.need.specifier), key=_measure)


def bounds_to_json(bounds: Iterable[Bound]) -> list[dict[str, str | None]]:
    """Return the bounds as `explain --json` and the record have them, the tightest first."""
    return [
        {
            "requirement": str(bound.need),
            "stated_by": bound.stated_by,
            "required_by": bound.required_by,
        }
        for bound in sort_bounds(bounds)
    ]


def _measure(bound: Bound) -> tuple[int, int]:
    """Return the place of the newest known torch that a bound admits, and how many it admits."""
    admitted = [place for place, release in enumerate(torch_releases()) if _admits(bound, release)]
    return max(admitted, default=-1), len(admitted)


def _admits(bound: Bound, release: Version) -> bool:
    name, specifier = bound.need.name, bound.need.specifier
    if name == TORCH:
        return specifier.contains(release, prereleases=True)
    return has_companions(release, {name: specifier})
