"""The fields of `[project]` that are left to a build: the same requirements on every machine."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hatch_torch.project.portable import declared_extras

if TYPE_CHECKING:
    from hatch_torch.project.config import Config


def portable_dependencies(config: Config) -> list[str]:
    """Return the project's requirements, as they were written."""
    return [*map(str, config.dependencies)]


def portable_extras(config: Config) -> dict[str, list[str]]:
    """Return every extra with its requirements, those of the backends too."""
    return {key: [*map(str, lines)] for key, lines in declared_extras(config).items()}
