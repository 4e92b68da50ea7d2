"""Where a decision goes in what a build backend writes, and what never goes into it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from packaging.utils import canonicalize_name

from hatch_torch.frontend.stamp import STAMP
from hatch_torch.lock import LOCK

if TYPE_CHECKING:
    from pathlib import Path
    from typing import Any

    from hatch_torch.deciding.decision import Decision

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
