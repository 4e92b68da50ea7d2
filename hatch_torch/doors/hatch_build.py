"""What Hatch's hooks do in a build; the door itself is imported also where nothing is built."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from hatch_torch.doors.fields import portable_dependencies, portable_extras
from hatch_torch.doors.placing import RECORD, put_in_front, write_record
from hatch_torch.doors.plainly import plainly
from hatch_torch.doors.stack import running
from hatch_torch.hardware.processes import ancestors
from hatch_torch.install import build_requirements, run
from hatch_torch.project.files import read_project

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from hatch_torch.hardware.processes import Process
    from hatch_torch.install import Run

    Above = Callable[[], Sequence[Process] | None] | None

__all__ = [
    "RECORD",
    "made",
    "put_in_front",
    "required",
    "set_fields",
    "write_record",
]


def set_fields(root: Path, metadata: dict[str, Any], above: Above) -> None:
    """Set the fields that `project.dynamic` leaves to us, and add where no build hook does."""
    with plainly():
        config = read_project(root)
        dependencies, extras = portable_dependencies(config), portable_extras(config)
        if config.wiring.one_table and running("hatchling.build", "build_editable"):
            done = run(root, os.environ, editable=True, above=above or ancestors)
            put_in_front(done.decision, dependencies, extras)
    fields = {"dependencies": dependencies, "optional-dependencies": extras}
    metadata |= {key: fields[key] for key in fields.keys() & metadata.get("dynamic", ())}


def required(root: Path, above: Above) -> list[str]:
    """Return the members of the family that the build environment needs."""
    with plainly():
        return build_requirements(root, os.environ, above=above or ancestors)


def made(root: Path, version: str, above: Above) -> Run:
    """Decide for a wheel; `version` is Hatchling's word for its kind."""
    with plainly():
        return run(root, os.environ, editable=version == "editable", above=above or ancestors)
