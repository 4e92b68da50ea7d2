"""Hatch's plugin: a metadata hook for the portable metadata, and a build hook for installs.

Imports are inside of the functions: hatchling imports this module in a process of its own only to
ask for build requirements, where most projects have none.
"""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface
from hatchling.metadata.plugin.interface import MetadataHookInterface
from hatchling.plugin import hookimpl

if TYPE_CHECKING:
    from hatchling.builders.config import BuilderConfig

    from hatch_torch.hook import GetAncestors, HookRun


@hookimpl
def hatch_register_metadata_hook() -> type[MetadataHookInterface]:
    """Return the metadata hook."""
    return TorchVariantMetadataHook


@hookimpl
def hatch_register_build_hook() -> type[BuildHookInterface[Any]]:
    """Return the build hook."""
    return TorchVariantBuildHook


class TorchVariantMetadataHook(MetadataHookInterface):
    """Fills the dynamic fields: the same requirements and extras on every machine."""

    PLUGIN_NAME = "torch-variant"
    get_ancestors: GetAncestors | None = None
    """What returns the processes above this one, for tests; None: the system does."""

    def update(self, metadata: dict[str, Any]) -> None:
        """Fill the fields in `project.dynamic`; inject requirements if there is no build hook."""
        from hatch_torch.config.pyproject import read_project
        from hatch_torch.integrations import _common as common

        with common.report_errors():
            config = read_project(Path(self.root))
            dependencies = common.portable_dependencies(config)
            extras = common.portable_extras(config)
            is_editable = common.active_hook("hatchling.build", "build_editable")
            if config.build_system.metadata_hook_only and is_editable:
                run = _run_hook(Path(self.root), self.get_ancestors, editable=True)
                common.prepend_requirements(run.decision, dependencies, extras)
        fields = {"dependencies": dependencies, "optional-dependencies": extras}
        metadata |= {key: fields[key] for key in fields.keys() & metadata.get("dynamic", ())}


class TorchVariantBuildHook(BuildHookInterface[Any]):
    """Injects the exact wheels for this machine, only into what is being installed here."""

    PLUGIN_NAME = "torch-variant"
    get_ancestors: GetAncestors | None = None
    """What returns the processes above this one, for tests; None: the system does."""
    _record_folder: TemporaryDirectory[str] | None = None

    def dependencies(self) -> list[str]:
        """Return the members of the torch family that the build environment needs."""
        # An invalid project is reported by the build itself, which comes next.
        if self.target_name != "wheel" or not self.config.get("build-requires"):
            return []
        from hatch_torch.frontend import process_tree
        from hatch_torch.hook import list_build_requirements
        from hatch_torch.integrations._common import report_errors

        get_ancestors = self.get_ancestors or process_tree.get_ancestors
        with report_errors():
            return list_build_requirements(Path(self.root), os.environ, get_ancestors=get_ancestors)

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Insert the injected requirements in front of the project's, and add the record.

        `version` is hatchling's word for the kind of wheel: `editable` or `standard`.
        """
        # Hatchling writes what a build hook adds into an sdist's PKG-INFO too.
        if self.target_name != "wheel":
            _exclude_checkout_files(self.build_config)
            return
        from hatch_torch.integrations import _common as common

        with common.report_errors():
            run = _run_hook(Path(self.root), self.get_ancestors, editable=version == "editable")
        # Undocumented: METADATA is written from these very lists. Behind the plain requirement an
        # injected one would come too late: pip would fetch the default index's torch first.
        core = self.metadata.core
        common.prepend_requirements(run.decision, core.dependencies, core.optional_dependencies)
        if run.record:
            with suppress(OSError):  # a full disk: the install is right without a record
                self._record_folder = TemporaryDirectory(prefix="hatch-torch-")
                path = common.write_record(Path(self._record_folder.name), run.record)
                build_data["extra_metadata"][str(path)] = common.RECORD

    def finalize(self, version: str, build_data: dict[str, Any], artifact_path: str) -> None:  # noqa: ARG002 (hatchling's signature)
        """Remove the record's temporary file."""
        if self._record_folder:
            self._record_folder.cleanup()


def _run_hook(root: Path, get_ancestors: GetAncestors | None, *, editable: bool) -> HookRun:
    from hatch_torch.frontend import process_tree
    from hatch_torch.hook import run_hook

    get_ancestors = get_ancestors or process_tree.get_ancestors
    return run_hook(root, os.environ, editable=editable, get_ancestors=get_ancestors)


def _exclude_checkout_files(config: BuilderConfig) -> None:
    """Add NOT_IN_SDISTS to the `exclude` of a target; the user's own patterns stay.

    Undocumented: hatchling reads `exclude` after the hooks, and has no other way to add to it.
    """
    exclude = config.target_config.get("exclude", config.build_config.get("exclude", []))
    if isinstance(exclude, list):  # hatchling reports anything else
        from hatch_torch.integrations._common import NOT_IN_SDISTS

        config.target_config["exclude"] = [*exclude, *(f"/{name}" for name in NOT_IN_SDISTS)]
