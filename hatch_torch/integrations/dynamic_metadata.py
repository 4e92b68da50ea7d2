"""The door for scikit-build-core, and for whatever else reads `[[tool.dynamic-metadata]]`."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from hatch_torch.config.pyproject import read_project
from hatch_torch.frontend.process_tree import ancestors
from hatch_torch.hook import build_requirements, run
from hatch_torch.integrations._common import (
    plainly,
    portable_dependencies,
    portable_extras,
    put_in_front,
    running,
)

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

_SKBUILD = "scikit_build_core.build"


class Provider:
    """Sets the fields that are dynamic, or adds to them (PEP 808); it has no settings."""

    above = staticmethod(ancestors)
    """Which processes the build runs for."""
    _state = "wheel"

    def build_state(self, state: str) -> None:
        """Take what is built: `sdist`, `wheel`, `editable` or the metadata of these two."""
        self._state = state

    def dynamic_metadata(
        self, settings: Mapping[str, Any], project: Mapping[str, Any]
    ) -> dict[str, Any]:
        """Return the fields; of one that is static too, what is added to it."""
        del settings  # a project's faults are told by what reads its tables
        root = Path.cwd()
        with plainly():
            config = read_project(root)
            done = None
            if self._state != "sdist":
                editable = self._state.endswith("editable")
                done = run(root, os.environ, editable=editable, above=self.above)
        lines, extras = project.get("dependencies", []), project.get("optional-dependencies", {})
        # What is static stays in front, whatever is returned.
        dependencies = portable_dependencies(config)[len(lines) :]
        optional = {
            key: [] if key in extras else own for key, own in portable_extras(config).items()
        }
        put_in_front(done.decision if done else None, dependencies, optional)
        fields = {"dependencies": dependencies, "optional-dependencies": optional}
        return {key: fields[key] for key in config.wiring.dynamic}

    def get_requires_for_dynamic_metadata(self, settings: Mapping[str, Any]) -> list[str]:
        """Return what `build-requires` names: the very wheels of the install; none for an sdist."""
        del settings
        if running(_SKBUILD, "get_requires_for_build_sdist"):
            return []
        with plainly():
            return build_requirements(Path.cwd(), os.environ, above=self.above)
