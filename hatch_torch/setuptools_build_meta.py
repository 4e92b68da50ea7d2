"""setuptools' build backend, with the wheels of the install in the build environment.

`build-backend = "hatch_torch.setuptools_build_meta"` is for extensions that compile against torch.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from setuptools import build_meta
from setuptools.build_meta import (
    build_editable,
    build_sdist,
    build_wheel,
    prepare_metadata_for_build_editable,
    prepare_metadata_for_build_wheel,
)

from hatch_torch.config.pyproject import read_project
from hatch_torch.errors import ConfigurationError
from hatch_torch.frontend import process_tree
from hatch_torch.hook import list_build_requirements
from hatch_torch.integrations._common import report_errors

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    GetRequires = Callable[[Any], list[str]]

__all__ = [
    "build_editable",
    "build_sdist",
    "build_wheel",
    "get_requires_for_build_editable",
    "get_requires_for_build_sdist",
    "get_requires_for_build_wheel",
    "prepare_metadata_for_build_editable",
    "prepare_metadata_for_build_wheel",
]

get_ancestors = process_tree.get_ancestors
"""Returns the processes above this one; replaced by tests."""


def get_requires_for_build_wheel(config_settings: Any = None) -> list[str]:  # noqa: ANN401 (PEP 517)
    """Return setuptools' build requirements, and the wheels that `build-requires` names."""
    requires, _ = _get_setuptools_requires(build_meta.get_requires_for_build_wheel, config_settings)
    return [*requires, *_get_family_requires()]


def get_requires_for_build_editable(config_settings: Any = None) -> list[str]:  # noqa: ANN401 (PEP 660)
    """Return the same for an editable wheel."""
    requires, _ = _get_setuptools_requires(
        build_meta.get_requires_for_build_editable, config_settings
    )
    return [*requires, *_get_family_requires()]


def get_requires_for_build_sdist(config_settings: Any = None) -> list[str]:  # noqa: ANN401 (PEP 517)
    """Return setuptools' build requirements; the wheels only if the setup.py imports them."""
    requires, lacks_family = _get_setuptools_requires(
        build_meta.get_requires_for_build_sdist, config_settings
    )
    return [*requires, *(_get_family_requires() if lacks_family else ())]


def _get_setuptools_requires(
    get_requires: GetRequires,
    config_settings: Any,  # noqa: ANN401 (PEP 517)
) -> tuple[list[str], bool]:
    """Return setuptools' build requirements, and whether the setup.py failed to import the family.

    To answer, setuptools runs the setup.py, which may import torch before it is there. Raises
    ModuleNotFoundError if another module is missing.
    """
    try:
        return get_requires(config_settings), False
    except ModuleNotFoundError as error:
        if canonicalize_name(error.name or "") not in map(_get_name, _get_family_requires()):
            raise
        return [], True


def _get_family_requires() -> list[str]:
    with report_errors():
        config = read_project(Path.cwd())
        if config.build_requires and not config.dependencies:
            raise ConfigurationError(
                ["tool.torch-variant.build-requires: the requirement on torch is not known"],
                hint="move the project's requirements from setup.py to pyproject.toml or setup.cfg",
            )
        return list_build_requirements(Path.cwd(), os.environ, get_ancestors=get_ancestors)


def _get_name(requirement: str) -> str:
    return canonicalize_name(Requirement(requirement).name)
