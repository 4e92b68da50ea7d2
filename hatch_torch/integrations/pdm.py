"""PDM's build hook, which PDM looks at in every build of an environment that has hatch-torch.

A project that does not opt in pays for this module alone: the rest is imported in the functions.
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
    from hatch_torch.hook import Above


def pdm_build_hook_enabled(context: Context) -> bool:
    """Take part where a project has our table; what has another shape is PDM's to tell."""
    tool = context.config.data.get("tool")
    return isinstance(tool, dict) and "torch-variant" in tool


def pdm_build_initialize(context: Any, above: Above | None = None) -> None:  # noqa: ANN401 (see below)
    """Set the fields that are left to us, and add the decision in front.

    PDM lets a hook keep what it needs in the context, so that this has no type of PDM's. `above`
    tells which processes the build runs for.
    """
    from hatch_torch.config.pyproject import read_project  # noqa: PLC0415 (see the module)
    from hatch_torch.frontend.process_tree import ancestors  # noqa: PLC0415 (likewise)
    from hatch_torch.hook import run  # noqa: PLC0415 (likewise)
    from hatch_torch.integrations._common import plainly, put_in_front  # noqa: PLC0415 (likewise)

    metadata = context.config.metadata
    context.torch_variant = None
    if (context.root / "PKG-INFO").exists():
        return  # PDM wrote this pyproject.toml into the sdist, with every field as it was set
    with plainly():
        config = read_project(context.root)
        _declare(metadata, config)
        if context.target == "sdist":
            return
        done = run(
            context.root,
            os.environ,
            editable=context.target == "editable",
            above=above or ancestors,
        )
    extras = metadata.get("optional-dependencies", {})
    put_in_front(done.decision, metadata.setdefault("dependencies", []), extras)
    context.torch_variant = done.record


def pdm_build_update_files(context: Any, files: dict[str, Path]) -> None:  # noqa: ANN401 (likewise)
    """Put the record into a wheel's dist-info; leave out what is for the checkout alone."""
    from hatch_torch.integrations._common import (  # noqa: PLC0415 (likewise)
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
        info = f"{context.builder.dist_info_name}/{RECORD_FOLDER}/{RECORD}"
        files[info] = write_record(folder, context.torch_variant)


def pdm_build_finalize(context: Any, artifact: Path) -> None:  # noqa: ANN401, ARG001 (PDM's signature)
    """Remove the record's temporary file."""
    if context.torch_variant:
        context.torch_variant_folder.cleanup()


def _declare(metadata: dict[str, Any], config: Config) -> None:
    """Set what is dynamic; PDM may have put its own requirements there already."""
    from hatch_torch.integrations._common import (  # noqa: PLC0415 (likewise)
        portable_dependencies,
        portable_extras,
    )

    fields = {
        "dependencies": [*portable_dependencies(config), *metadata.get("dependencies", [])],
        "optional-dependencies": portable_extras(config),
    }
    for name in config.wiring.sets:
        metadata[name] = fields[name]
        metadata["dynamic"] = [one for one in metadata["dynamic"] if one != name]
