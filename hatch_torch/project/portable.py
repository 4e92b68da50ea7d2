"""The portable metadata: what a project declares, the same on every machine."""

from __future__ import annotations

from typing import TYPE_CHECKING

from packaging.utils import canonicalize_name

from hatch_torch.companions import FAMILY

if TYPE_CHECKING:
    from collections.abc import Iterable

    from packaging.requirements import Requirement

    from hatch_torch.project.config import BackendExtra, Config


def declared_extras(config: Config) -> dict[str, tuple[Requirement, ...]]:
    """Return every extra with its requirements: the ordinary ones, then the backends'.

    From PyPI an extra cannot choose a wheel, so a backend's extra repeats the family's
    requirements: `[tool.uv.sources]` can then route them by extra.
    """
    repeated = _family_of(config)
    backends = {extra.name: _backend_extra(extra, repeated) for extra in config.extras}
    return {**config.optional_dependencies, **backends}


def _family_of(config: Config) -> tuple[Requirement, ...]:
    """Return the project's own lines on the family; where torch is optional, the extras' lines."""
    names = {*FAMILY, *config.family}
    optional = (one for lines in config.optional_dependencies.values() for one in lines)
    return _of(names, config.dependencies) or _of(names, optional)


def _of(names: set[str], requirements: Iterable[Requirement]) -> tuple[Requirement, ...]:
    return tuple(dict.fromkeys(one for one in requirements if canonicalize_name(one.name) in names))


def _backend_extra(extra: BackendExtra, repeated: Iterable[Requirement]) -> tuple[Requirement, ...]:
    return tuple(dict.fromkeys((*repeated, *extra.dependencies)))
