"""What all integrations share: errors, portable metadata, injected requirements and the record."""

from __future__ import annotations

import logging
import os
import sys
from contextlib import contextmanager, nullcontext
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


RECORD = "torch-variant.json"
RECORD_FOLDER = "extra_metadata"
"""The record's folder in dist-info."""
NOT_IN_SDISTS = (LOCK, STAMP)
"""Files of the checkout that no sdist contains."""


@contextmanager
def report_errors() -> Iterator[None]:
    """Exit with an error's message instead of a traceback; print the debug log on request.

    `TORCH_VARIANT_LOG=debug` prints every step of the block to stderr.
    """
    debug = os.environ.get("TORCH_VARIANT_LOG") == "debug"
    with _debug_log() if debug else nullcontext():
        try:
            yield
        except HatchTorchError as error:
            sys.exit(error.format())


@contextmanager
def _debug_log() -> Iterator[None]:
    """Print what the package logs in the block; the build backend's own logging stays as it is."""
    logger = logging.getLogger("hatch_torch")
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(logging.Formatter("hatch-torch: %(message)s"))
    level, propagate = logger.level, logger.propagate
    logger.addHandler(handler)
    logger.setLevel(logging.DEBUG)
    logger.propagate = False  # setuptools' handler would print each line again
    try:
        yield
    finally:
        logger.removeHandler(handler)
        logger.setLevel(level)
        logger.propagate = propagate


def active_hook(module: str, *names: str) -> str | None:
    """Return the innermost of a module's functions that is running; None: none of them is.

    Few build backends tell a plugin what they build.
    """
    return next(
        (
            frame.f_code.co_name
            for frame, _ in walk_stack(None)
            if frame.f_globals.get("__name__") == module and frame.f_code.co_name in names
        ),
        None,
    )


def portable_dependencies(config: Config) -> list[str]:
    """Return the project's requirements as written."""
    return [*map(str, config.dependencies)]


def portable_extras(config: Config) -> dict[str, list[str]]:
    """Return every extra, the backends' too, with its requirements as written."""
    return {
        extra: [*map(str, requirements)] for extra, requirements in declared_extras(config).items()
    }


def prepend_requirements(
    decision: Decision | None, dependencies: list[str], extras: dict[str, list[str]]
) -> None:
    """Insert the injected requirements at the front of the lists, in place.

    Those of an extra that is not in `extras` are dropped. The names of extras are compared
    normalized, since hatchling turns `rocm7.0` into `rocm7-0`.
    """
    by_name = {canonicalize_name(extra): items for extra, items in extras.items()}
    for injected in reversed(decision.injected if decision else ()):
        extra = injected.extra
        items = by_name.get(canonicalize_name(extra), []) if extra else dependencies
        items.insert(0, injected.requirement)


def write_record(folder: Path, record: dict[str, Any]) -> Path:
    """Write the record into a folder, which is created if needed, and return the file."""
    import json  # here, since a portable build has no record

    folder.mkdir(parents=True, exist_ok=True)
    path = folder / RECORD
    path.write_text(json.dumps(record, indent=2) + "\n", encoding="utf-8")
    return path
