"""What to do where the index does not answer: the plain wheels of PyPI, as far as they run here."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hatch_torch.companions import paired
from hatch_torch.deciding.offers import TORCH
from hatch_torch.deciding.pins import Pin
from hatch_torch.releases import published, pypi_backend, pythons, torch_releases

if TYPE_CHECKING:
    from collections.abc import Collection

    from packaging.version import Version

    from hatch_torch.backend import Backend
    from hatch_torch.deciding.courses import Course
    from hatch_torch.deciding.offers import Wants
    from hatch_torch.target import Target


def default_pins(
    course: Course, wants: dict[Backend, Wants], target: Target
) -> tuple[Backend, tuple[Pin, ...]] | None:
    """Pin the newest release in range whose plain wheel is a backend of the course and runs here.

    The tables know the plain wheels of PyPI; the default index of the user serves them.
    """
    for release in reversed(torch_releases()):
        backend = pypi_backend(release, target.platform)
        if backend not in wants or target.python not in pythons(release, target.platform):
            continue
        if course.fits(backend, release) is None:
            pins = _pins(release, wants[backend])
            if pins:
                return backend, pins
    return None


def by_tables(course: Course, backend: Backend, wants: Wants, target: Target) -> tuple[Pin, ...]:
    """Name the newest family in range that a backend has and that runs here, as the tables know it.

    Nothing where they know of none.
    """
    found = (
        _pins(release, wants)
        for release in reversed(published(backend, target.platform))
        if target.python in pythons(release, target.platform)
        and course.fits(backend, release) is None
    )
    return next(filter(None, found), ())


def _pins(release: Version, wants: Wants) -> tuple[Pin, ...]:
    chosen = {TORCH: _newest([release], TORCH, wants)}
    for name in wants.keys() - {TORCH}:
        chosen[name] = _newest(paired(release).get(name, ()), name, wants)
    return (
        tuple(Pin(name, version, by_version=True) for name, version in chosen.items() if version)
        if all(chosen.values())
        else ()
    )


def _newest(versions: Collection[Version], name: str, wants: Wants) -> Version | None:
    return max((one for one in versions if wants[name].contains(one)), default=None)
