"""Which function of a build backend runs: few of them tell a plugin what they build.

How every door tells a user what is wrong.

The fields of `[project]` that are left to a build: the same requirements on every machine.

Where a decision goes in what a build backend writes, and what never goes into it.
"""

from __future__ import annotations

import logging
import os
import sys
from contextlib import contextmanager
from traceback import walk_stack
from typing import TYPE_CHECKING

from packaging.utils import canonicalize_name

from hatch_torch.config.config import declared_extras
from hatch_torch.errors import HatchTorchError
from hatch_torch.frontend.uv_cache import STAMP
from hatch_torch.lock import LOCK

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path
    from typing import Any

    from hatch_torch.config.config import Config
    from hatch_torch.resolution.model import Decision


def running(module: str, *names: str) -> str | None:
    """Return the first of a module's functions that is on the call stack; None: none of them."""
    return next(
        (
            frame.f_code.co_name
            for frame, _ in walk_stack(None)
            if frame.f_globals.get("__name__") == module and frame.f_code.co_name in names
        ),
        None,
    )


@contextmanager
def plainly() -> Iterator[None]:
    """Show a user what is wrong, without a traceback, and every step to who asks for that."""
    if os.environ.get("TORCH_VARIANT_LOG") == "debug":
        logging.basicConfig(format="hatch-torch: %(message)s", stream=sys.stderr)
        logging.getLogger("hatch_torch").setLevel(logging.DEBUG)
    try:
        yield
    except HatchTorchError as error:
        sys.exit(f"hatch-torch: {error}")


def portable_dependencies(config: Config) -> list[str]:
    """Return the project's requirements, as they were written."""
    return [*map(str, config.dependencies)]


def portable_extras(config: Config) -> dict[str, list[str]]:
    """Return every extra with its requirements, those of the backends too."""
    return {key: [*map(str, lines)] for key, lines in declared_extras(config).items()}


RECORD = "torch-variant.json"
RECORD_FOLDER = "extra_metadata"
"""The folder in dist-info where the record lies."""
NOT_IN_SDISTS = (LOCK, STAMP)
"""What is for the checkout alone."""


def put_in_front(
    decision: Decision | None, dependencies: list[str], extras: dict[str, list[str]]
) -> None:
    """Put the additions in front, each under its extra; only extras that are declared count.

    The lists are changed in place. Hatchling normalizes the names of extras, so that `rocm7.0` is
    `rocm7-0`.
    """
    named = {canonicalize_name(extra): lines for extra, lines in extras.items()}
    for one in reversed(decision.additions if decision else ()):
        lines = named.get(canonicalize_name(one.extra), []) if one.extra else dependencies
        lines.insert(0, one.requirement)


def write_record(folder: Path, record: dict[str, Any]) -> Path:
    """Write the record into a folder, which is made; return its path."""
    import json  # noqa: PLC0415 (a portable build has no record)

    folder.mkdir(parents=True, exist_ok=True)
    path = folder / RECORD
    path.write_text(json.dumps(record, indent=2) + "\n", encoding="utf-8")
    return path
