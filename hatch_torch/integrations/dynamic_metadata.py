"""The provider for scikit-build-core, and for whatever else reads `[[tool.dynamic-metadata]]`."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from hatch_torch.config.pyproject import read_project
from hatch_torch.frontend import process_tree
from hatch_torch.hook import list_build_requirements, run_hook
from hatch_torch.integrations._common import (
    active_hook,
    portable_dependencies,
    portable_extras,
    prepend_requirements,
    report_errors,
)

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

_SCIKIT_BUILD = "scikit_build_core.build"


class Provider:
    """Fills the dynamic fields, or adds to them (PEP 808); it has no settings."""

    get_ancestors = staticmethod(process_tree.get_ancestors)
    """Returns the processes above this one; replaced by tests."""
    _state = "wheel"

    def build_state(self, state: str) -> None:
        """Take what is built: `sdist`, `wheel`, `editable`, or the metadata of one of these."""
        self._state = state

    def dynamic_metadata(
        self, settings: Mapping[str, Any], project: Mapping[str, Any]
    ) -> dict[str, Any]:
        """Return the dynamic fields; of a field that is static too, only what is added to it."""
        del settings  # read_project reports them
        root = Path.cwd()
        with report_errors():
            config = read_project(root)
            decision = None
            if self._state != "sdist":
                decision = run_hook(
                    root,
                    os.environ,
                    editable=self._state.endswith("editable"),
                    get_ancestors=self.get_ancestors,
                ).decision
        # The protocol puts what is static in front of what is returned here.
        static = project.get("dependencies", [])
        static_extras = project.get("optional-dependencies", {})
        dependencies = portable_dependencies(config)[len(static) :]
        extras = {
            extra: [] if extra in static_extras else requirements
            for extra, requirements in portable_extras(config).items()
        }
        prepend_requirements(decision, dependencies, extras)
        fields = {"dependencies": dependencies, "optional-dependencies": extras}
        return {field: fields[field] for field in config.build_system.dynamic}

    def get_requires_for_dynamic_metadata(self, settings: Mapping[str, Any]) -> list[str]:
        """Return the wheels of the install that `build-requires` names; none for an sdist."""
        del settings
        if active_hook(_SCIKIT_BUILD, "get_requires_for_build_sdist"):
            return []
        with report_errors():
            return list_build_requirements(Path.cwd(), os.environ, get_ancestors=self.get_ancestors)
