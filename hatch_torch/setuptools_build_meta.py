"""setuptools' build backend, and torch in the build environment: the very wheels of the install.

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
from hatch_torch.frontend.process_tree import ancestors
from hatch_torch.hook import build_requirements
from hatch_torch.integrations._common import plainly

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    Ask = Callable[[Any], list[str]]

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


_UNSEEN = (
    "tool.torch-variant.build-requires: the requirement on torch has to be seen before setup.py "
    "runs; write the project's requirements into pyproject.toml or setup.cfg"
)


def get_requires_for_build_wheel(config_settings: Any = None) -> list[str]:  # noqa: ANN401 (PEP 517)
    """Return what setuptools asks for, and what `build-requires` names."""
    return [*_asked(build_meta.get_requires_for_build_wheel, config_settings)[0], *_ours()]


def get_requires_for_build_editable(config_settings: Any = None) -> list[str]:  # noqa: ANN401 (PEP 660)
    """Return the same for an editable wheel."""
    return [*_asked(build_meta.get_requires_for_build_editable, config_settings)[0], *_ours()]


def get_requires_for_build_sdist(config_settings: Any = None) -> list[str]:  # noqa: ANN401 (PEP 517)
    """Return what setuptools asks for; an sdist needs torch only where the setup.py imports it."""
    lines, lacking = _asked(build_meta.get_requires_for_build_sdist, config_settings)
    return [*lines, *(_ours() if lacking else ())]


def _asked(ask: Ask, settings: Any) -> tuple[list[str], bool]:  # noqa: ANN401 (PEP 517)
    """Ask setuptools, which runs the setup.py; that may lack what it is to be asked for here.

    Raises ModuleNotFoundError where it lacks something else.
    """
    try:
        return ask(settings), False
    except ModuleNotFoundError as error:
        if canonicalize_name(error.name or "") not in map(_name, _ours()):
            raise
        return [], True


def _ours() -> list[str]:
    with plainly():
        config = read_project(Path.cwd())
        if config.build_requires and not config.dependencies:
            raise ConfigurationError([_UNSEEN])
        return build_requirements(Path.cwd(), os.environ, above=ancestors)


def _name(requirement: str) -> str:
    return canonicalize_name(Requirement(requirement).name)
