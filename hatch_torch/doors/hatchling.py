"""The door for Hatch: the portable metadata hook and the build hook."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface
from hatchling.metadata.plugin.interface import MetadataHookInterface
from hatchling.plugin import hookimpl

from hatch_torch.doors.fields import portable_dependencies, portable_extras
from hatch_torch.doors.placing import RECORD, put_in_front, write_record
from hatch_torch.doors.plainly import plainly
from hatch_torch.doors.stack import running
from hatch_torch.hardware.processes import ancestors
from hatch_torch.install import build_requirements, run
from hatch_torch.lock import LOCK
from hatch_torch.project.files import read_project
from hatch_torch.project.wiring import HOOK

if TYPE_CHECKING:
    from hatchling.builders.config import BuilderConfig


@hookimpl
def hatch_register_metadata_hook() -> type[MetadataHookInterface]:
    """Name the metadata hook to Hatch."""
    return TorchVariantMetadataHook


@hookimpl
def hatch_register_build_hook() -> type[BuildHookInterface[Any]]:
    """Name the build hook to Hatch."""
    return TorchVariantBuildHook


class TorchVariantMetadataHook(MetadataHookInterface):
    """Declares what is dynamic: the same requirements and extras on every machine."""

    PLUGIN_NAME = HOOK
    above = staticmethod(ancestors)
    """Which processes the build runs for."""

    def update(self, metadata: dict[str, Any]) -> None:
        """Set the fields that `project.dynamic` leaves to it."""
        root = Path(self.root)
        with plainly():
            config = read_project(root)
            dependencies, extras = portable_dependencies(config), portable_extras(config)
            if config.wiring.one_table and running("hatchling.build", "build_editable"):
                done = run(root, os.environ, editable=True, above=self.above)
                put_in_front(done.decision, dependencies, extras)
        fields = {"dependencies": dependencies, "optional-dependencies": extras}
        metadata |= {key: fields[key] for key in fields.keys() & metadata.get("dynamic", ())}


class TorchVariantBuildHook(BuildHookInterface[Any]):
    """Adds this machine's exact wheels, only to what is being installed here."""

    PLUGIN_NAME = HOOK
    above = staticmethod(ancestors)
    """Which processes the build runs for."""
    _folder: TemporaryDirectory[str] | None = None

    def dependencies(self) -> list[str]:
        """Return the members of the family that the build environment needs."""
        if self.target_name != "wheel":
            return []
        with plainly():
            return build_requirements(Path(self.root), os.environ, above=self.above)

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Add the decision in front of the project's requirements, and record it."""
        # Hatchling writes a build hook's additions into an sdist's PKG-INFO too.
        if self.target_name != "wheel":
            _leave_out(self.build_config, f"/{LOCK}")
            return
        editable = version == "editable"
        with plainly():
            done = run(Path(self.root), os.environ, editable=editable, above=self.above)
        # Undocumented: METADATA is written from these very lists, and only in front of the
        # plain requirement does an addition keep pip from fetching the default index's torch.
        core = self.metadata.core
        put_in_front(done.decision, core.dependencies, core.optional_dependencies)
        if done.record:
            with suppress(OSError):  # a full disk: what is installed is right without a record, too
                build_data["extra_metadata"][self._written(done.record)] = RECORD

    def finalize(self, version: str, build_data: dict[str, Any], artifact_path: str) -> None:  # noqa: ARG002 (hatchling's signature)
        """Remove the record's temporary file."""
        if self._folder:
            self._folder.cleanup()

    def _written(self, record: dict[str, Any]) -> str:
        self._folder = TemporaryDirectory(prefix="hatch-torch-")
        return str(write_record(Path(self._folder.name), record))


def _leave_out(config: BuilderConfig, pattern: str) -> None:
    """Add a pattern to what an artefact excludes; the user's own stay.

    Undocumented: hatchling reads `exclude` only after the hooks, and takes no other word for it.
    """
    own = config.target_config.get("exclude", config.build_config.get("exclude", []))
    if isinstance(own, list):  # hatchling refuses anything else, with a better sentence
        config.target_config["exclude"] = [*own, pattern]
