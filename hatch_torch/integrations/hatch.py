"""Hatch's plugin: the portable metadata hook and the build hook.

Hatch also imports this module only to ask what a build requires, in a process of its own: what a
build needs is imported where one begins.
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
    from collections.abc import Callable, Sequence

    from hatchling.builders.config import BuilderConfig

    from hatch_torch.frontend.process_tree import Process
    from hatch_torch.hook import Run

    Above = Callable[[], Sequence[Process] | None] | None


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

    PLUGIN_NAME = "torch-variant"
    above: Above = None
    """What tells which processes the build runs for; None: the system does."""

    def update(self, metadata: dict[str, Any]) -> None:
        """Set the fields that `project.dynamic` leaves to it."""
        set_fields(Path(self.root), metadata, self.above)


class TorchVariantBuildHook(BuildHookInterface[Any]):
    """Adds this machine's exact wheels, only to what is being installed here."""

    PLUGIN_NAME = "torch-variant"
    above: Above = None
    """What tells which processes the build runs for; None: the system does."""
    _folder: TemporaryDirectory[str] | None = None

    def dependencies(self) -> list[str]:
        """Return the members of the family that the build environment needs."""
        # What is wrong with the project is told by the build itself, which comes next.
        if self.target_name != "wheel" or not self.config.get("build-requires"):
            return []
        return required(Path(self.root), self.above)

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Add the decision in front of the project's requirements, and record it."""
        # Hatchling writes a build hook's additions into an sdist's PKG-INFO too.
        if self.target_name != "wheel":
            _leave_out_our_files(self.build_config)
            return
        from hatch_torch.integrations._common import (  # noqa: PLC0415 (see above)
            RECORD,
            put_in_front,
            write_record,
        )

        done = made(Path(self.root), version, self.above)
        # Undocumented: METADATA is written from these very lists, and only in front of the
        # plain requirement does an addition keep pip from fetching the default index's torch.
        core = self.metadata.core
        put_in_front(done.decision, core.dependencies, core.optional_dependencies)
        if done.record:
            with suppress(OSError):  # a full disk: what is installed is right without a record, too
                self._folder = TemporaryDirectory(prefix="hatch-torch-")
                path = write_record(Path(self._folder.name), done.record)
                build_data["extra_metadata"][str(path)] = RECORD

    def finalize(self, version: str, build_data: dict[str, Any], artifact_path: str) -> None:  # noqa: ARG002 (hatchling's signature)
        """Remove the record's temporary file."""
        if self._folder:
            self._folder.cleanup()


def _leave_out_our_files(config: BuilderConfig) -> None:
    """Add the lock and uv's stamp to what an artefact excludes; the user's own patterns stay.

    Undocumented: hatchling reads `exclude` only after the hooks, and takes no other word for it.
    """
    own = config.target_config.get("exclude", config.build_config.get("exclude", []))
    if isinstance(own, list):  # hatchling refuses anything else, with a better sentence
        from hatch_torch.integrations._common import NOT_IN_SDISTS  # noqa: PLC0415 (see above)

        config.target_config["exclude"] = [*own, *(f"/{name}" for name in NOT_IN_SDISTS)]


def set_fields(root: Path, metadata: dict[str, Any], above: Above) -> None:
    """Set the fields that `project.dynamic` leaves to us, and add where no build hook does."""
    from hatch_torch.config.pyproject import read_project  # noqa: PLC0415 (see above)
    from hatch_torch.integrations import _common as common  # noqa: PLC0415 (see above)

    with common.plainly():
        config = read_project(root)
        dependencies = common.portable_dependencies(config)
        extras = common.portable_extras(config)
        if config.wiring.one_table and common.running("hatchling.build", "build_editable"):
            from hatch_torch.frontend.process_tree import ancestors  # noqa: PLC0415 (see above)
            from hatch_torch.hook import run  # noqa: PLC0415 (see above)

            done = run(root, os.environ, editable=True, above=above or ancestors)
            common.put_in_front(done.decision, dependencies, extras)
    fields = {"dependencies": dependencies, "optional-dependencies": extras}
    metadata |= {key: fields[key] for key in fields.keys() & metadata.get("dynamic", ())}


def required(root: Path, above: Above) -> list[str]:
    """Return the members of the family that the build environment needs."""
    from hatch_torch.frontend.process_tree import ancestors  # noqa: PLC0415 (see above)
    from hatch_torch.hook import build_requirements  # noqa: PLC0415 (see above)
    from hatch_torch.integrations._common import plainly  # noqa: PLC0415 (see above)

    with plainly():
        return build_requirements(root, os.environ, above=above or ancestors)


def made(root: Path, version: str, above: Above) -> Run:
    """Decide for a wheel; `version` is Hatchling's word for its kind."""
    from hatch_torch.frontend.process_tree import ancestors  # noqa: PLC0415 (see above)
    from hatch_torch.hook import run  # noqa: PLC0415 (see above)
    from hatch_torch.integrations._common import plainly  # noqa: PLC0415 (see above)

    with plainly():
        return run(root, os.environ, editable=version == "editable", above=above or ancestors)
