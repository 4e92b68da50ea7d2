"""The state of an environment as JSON: what `hatch-torch status --json` prints."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from hatch_torch.deciding.offers import TORCH
from hatch_torch.environment.changes import changes
from hatch_torch.environment.drift import findings, notes

if TYPE_CHECKING:
    from hatch_torch.environment.installed import Installed
    from hatch_torch.environment.situation import Situation

SCHEMA = 1


def to_json(now: Situation) -> dict[str, Any]:
    """Return the state as a JSON object.

    `backend` is that of the torch which is there, null where its files don't tell; `created`,
    `decided_by` and `recorded` (a backend) are the record's, null without one; `packages` are all
    packages by name, `changed` what is another on this machine since the record.
    """
    torch = now.member(TORCH)
    record = (now.project.record if now.project else None) or {}
    return {
        "schema": SCHEMA,
        "project": now.config.name or None,
        "backend": torch.backend.name if torch and torch.backend else None,
        "recorded": record.get("backend"),
        "decided_by": record.get("decided_by"),
        "created": record.get("created"),
        "python": now.target.environment["python_full_version"],
        "family": [_member(one) for one in now.installed],
        "packages": dict(now.versions or {}),
        "changed": list(changes(now)),
        "findings": [{"why": one.why, "mend": one.mend} for one in findings(now)],
        "notes": list(notes(now)),
    }


def _member(one: Installed) -> dict[str, Any]:
    return {
        "name": one.name,
        "version": str(one.version),
        "backend": one.backend.name if one.backend else None,
        "builder": one.builder,
        "url": one.direct_url,
    }
