"""What PDM's build backend calls: the same as Hatch's two hooks, for what PDM builds."""

from __future__ import annotations

import os
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from hatch_torch.doors.fields import portable_dependencies, portable_extras
from hatch_torch.doors.placing import (
    NOT_IN_SDISTS,
    RECORD,
    RECORD_FOLDER,
    put_in_front,
    write_record,
)
from hatch_torch.doors.plainly import plainly
from hatch_torch.hardware.processes import ancestors
from hatch_torch.install import run
from hatch_torch.project.files import read_project

if TYPE_CHECKING:
    from typing import Any

    from hatch_torch.install import Above
    from hatch_torch.project.config import Config


def pdm_build_initialize(context: Any, above: Above = ancestors) -> None:  # noqa: ANN401 (see below)
    """Set the fields that are left to us, and add the decision in front.

    PDM lets a hook keep what it needs in the context, so that this has no type of PDM's. `above`
    tells which processes the build runs for.
    """
    metadata = context.config.metadata
    context.torch_variant = None
    if (context.root / "PKG-INFO").exists():
        return  # PDM wrote this pyproject.toml into the sdist, with every field as it was set
    with plainly():
        config = read_project(context.root)
        _declare(metadata, config)
        if context.target == "sdist":
            return
        done = run(context.root, os.environ, editable=context.target == "editable", above=above)
    extras = metadata.get("optional-dependencies", {})
    put_in_front(done.decision, metadata.setdefault("dependencies", []), extras)
    context.torch_variant = done.record


def pdm_build_update_files(context: Any, files: dict[str, Path]) -> None:  # noqa: ANN401 (likewise)
    """Put the record into a wheel's dist-info; leave out what is for the checkout alone."""
    for name in NOT_IN_SDISTS:
        files.pop(name, None)
    if context.torch_variant:
        context.torch_variant_folder = TemporaryDirectory(prefix="hatch-torch-")
        folder = Path(context.torch_variant_folder.name)
        info = f"{context.builder.dist_info_name}/{RECORD_FOLDER}/{RECORD}"
        files[info] = write_record(folder, context.torch_variant)


def pdm_build_finalize(context: Any, artifact: Path) -> None:  # noqa: ANN401, ARG001 (PDM's signature)
    """Remove the record's temporary file."""
    if context.torch_variant:
        context.torch_variant_folder.cleanup()


def _declare(metadata: dict[str, Any], config: Config) -> None:
    """Set what is dynamic; PDM may have put its own requirements there already."""
    fields = {
        "dependencies": [*portable_dependencies(config), *metadata.get("dependencies", [])],
        "optional-dependencies": portable_extras(config),
    }
    for name in config.wiring.sets:
        metadata[name] = fields[name]
        metadata["dynamic"] = [one for one in metadata["dynamic"] if one != name]
