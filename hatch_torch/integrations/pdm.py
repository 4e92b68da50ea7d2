"""PDM's build hook, which runs in every PDM build of an environment that has hatch-torch.

Imports are inside of the functions, so that a project that does not opt in pays for this module
alone.
"""

from __future__ import annotations

import os
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from typing import Any

    from pdm.backend.hooks import Context

    from hatch_torch.config.config import Config
    from hatch_torch.hook import GetAncestors


def pdm_build_hook_enabled(context: Context) -> bool:
    """Return whether a project has `[tool.torch-variant]`; PDM reports a `tool` of a wrong type."""
    tool = context.config.data.get("tool")
    return isinstance(tool, dict) and "torch-variant" in tool


def pdm_build_initialize(context: Any, get_ancestors: GetAncestors | None = None) -> None:  # noqa: ANN401 (see below)
    """Fill the dynamic fields, and insert the injected requirements in front.

    `context` has no type of PDM's, since a hook may keep its own attributes there.
    `get_ancestors` returns the processes above this one.
    """
    from hatch_torch.config.pyproject import read_project
    from hatch_torch.frontend import process_tree
    from hatch_torch.hook import run_hook
    from hatch_torch.integrations._common import prepend_requirements, report_errors

    metadata = context.config.metadata
    context.torch_variant = None
    if (context.root / "PKG-INFO").exists():
        return  # from an sdist, whose pyproject.toml PDM wrote with every field filled
    with report_errors():
        config = read_project(context.root)
        _fill_dynamic_fields(metadata, config)
        if context.target == "sdist":
            return
        run = run_hook(
            context.root,
            os.environ,
            editable=context.target == "editable",
            get_ancestors=get_ancestors or process_tree.get_ancestors,
        )
    extras = metadata.get("optional-dependencies", {})
    prepend_requirements(run.decision, metadata.setdefault("dependencies", []), extras)
    context.torch_variant = run.record


def pdm_build_update_files(context: Any, files: dict[str, Path]) -> None:  # noqa: ANN401 (likewise)
    """Add the record to a wheel's dist-info; leave out the files of the checkout."""
    from hatch_torch.integrations._common import (
        NOT_IN_SDISTS,
        RECORD,
        RECORD_FOLDER,
        write_record,
    )

    for name in NOT_IN_SDISTS:
        files.pop(name, None)
    if context.torch_variant:
        context.torch_variant_folder = TemporaryDirectory(prefix="hatch-torch-")
        folder = Path(context.torch_variant_folder.name)
        record_path = f"{context.builder.dist_info_name}/{RECORD_FOLDER}/{RECORD}"
        files[record_path] = write_record(folder, context.torch_variant)


def pdm_build_finalize(context: Any, artifact: Path) -> None:  # noqa: ANN401, ARG001 (PDM's signature)
    """Remove the record's temporary file."""
    if context.torch_variant:
        context.torch_variant_folder.cleanup()


def _fill_dynamic_fields(metadata: dict[str, Any], config: Config) -> None:
    from hatch_torch.integrations._common import portable_dependencies, portable_extras

    fields = {
        # PDM may have put requirements of its own there already.
        "dependencies": [*portable_dependencies(config), *metadata.get("dependencies", [])],
        "optional-dependencies": portable_extras(config),
    }
    for field in config.build_system.fills_fields:
        metadata[field] = fields[field]
        metadata["dynamic"] = [name for name in metadata["dynamic"] if name != field]
