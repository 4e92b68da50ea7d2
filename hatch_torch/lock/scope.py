"""What a lock is for: which backends, on which Pythons and platforms."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from packaging.specifiers import InvalidSpecifier, SpecifierSet

from hatch_torch.catalog import target as targets
from hatch_torch.catalog.backend import Backend
from hatch_torch.catalog.releases import known_backends
from hatch_torch.config.validation import bad_backend, is_backend, table_at
from hatch_torch.errors import ConfigurationError
from hatch_torch.resolution.strategies import plain

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping

    from hatch_torch.catalog.target import Target
    from hatch_torch.config.config import Config
    from hatch_torch.lock.model import Narrowed

PYTHONS = tuple(f"3.{minor}" for minor in range(10, 15))
"""The Pythons that a lock is made for, as far as the project admits them."""

Place = tuple[Backend, "Target"]
"""A backend on a Python and a platform: what a wheel of each member is locked for."""

_LAST_PATCH = 99


def places(config: Config, pyproject: Mapping[str, Any], narrowed: Narrowed) -> tuple[Place, ...]:
    """Return every place that a project supports, or those that it is narrowed to.

    Raises ConfigurationError for a backend, a Python or a platform that there is not, or that the
    project does not have.
    """
    pythons = narrowed.pythons or admitted(pyproject)
    every = [
        targets.of(python, platform)
        for platform in narrowed.platforms or targets.PLATFORMS
        for python in pythons
    ]
    wanted = _parsed(narrowed.backends)
    found = tuple(
        (backend, target)
        for target in every
        for backend in _supported(config, target, wanted)
        if not wanted or backend in wanted
    )
    missing = set(wanted) - {backend for backend, _ in found}
    if missing or not found:
        raise ConfigurationError([_nothing(config, sorted(map(str, missing)))])
    return found


def admitted(pyproject: Mapping[str, Any]) -> tuple[str, ...]:
    """Return which of PYTHONS `project.requires-python` admits, with any of their patches."""
    text = table_at(pyproject, "project").get("requires-python", "")
    try:
        versions = SpecifierSet(text if isinstance(text, str) else "")
    except InvalidSpecifier:  # hatchling tells
        versions = SpecifierSet()
    return tuple(
        python
        for python in PYTHONS
        if any(versions.contains(f"{python}.{patch}") for patch in range(_LAST_PATCH))
    )


def _parsed(names: Iterable[str]) -> tuple[Backend, ...]:
    faults = [bad_backend(name, "--backend", ()) for name in names if not is_backend(name)]
    if faults:
        raise ConfigurationError(faults)
    return tuple(map(Backend.parse, names))


def _supported(config: Config, target: Target, wanted: Iterable[Backend]) -> Iterator[Backend]:
    """Yield a platform's backends that the project supports; a Mac always has its plain wheel."""
    if not config.extras:
        yield from known_backends(target.platform)
        yield from (one for one in wanted if _may_have(target, one))
        return
    for extra in config.extras:
        if extra.backend in known_backends(target.platform) or _may_have(
            target, extra.backend, foreign=bool(extra.index_url)
        ):
            yield extra.backend
    own = {extra.backend for extra in config.extras}
    if target.platform.startswith("macos") and plain(target) not in own:
        yield plain(target)


def _may_have(target: Target, backend: Backend, *, foreign: bool = False) -> bool:
    """Answer whether only the index can tell: no table knows the backend, or this index of it."""
    is_unknown = foreign or backend not in known_backends()
    return is_unknown and not target.platform.startswith("macos")


def _nothing(config: Config, missing: Collection[str]) -> str:
    supported = [extra.name for extra in config.extras] or [str(one) for one in known_backends()]
    what = f"of {', '.join(missing)}" if missing else "for these Pythons"
    return f"there is nothing to lock {what}; this project supports {', '.join(supported)}"
