"""A decision as JSON: what `hatch-torch explain --json` prints and what an install records."""

from __future__ import annotations

import platform
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any

from hatch_torch import __version__

if TYPE_CHECKING:
    from collections.abc import Iterable

    from hatch_torch.compatibility.support import Verdict
    from hatch_torch.resolution.model import Decision, Node, Pin

SCHEMA = 1


def to_json(decision: Decision) -> dict[str, Any]:
    """Return the decision as a JSON object; `backend` is null where nothing is added."""
    return {
        "schema": SCHEMA,
        "backend": decision.backend.name if decision.backend else None,
        "decided_by": decision.decided_by,
        "hardware": decision.hardware.to_json(),
        "candidates": [_candidate(one) for one in decision.verdicts],
        "wheels": [_wheel(one) for one in decision.pins],
        "index": _index(decision),
        "added": [one.line for one in decision.additions],
        "warnings": list(decision.warnings),
        **({"nodes": [_node(one) for one in decision.nodes]} if decision.nodes else {}),
    }


def record(
    decision: Decision, *, frontend: str, purpose: str, extras: Iterable[str] = ()
) -> dict[str, Any]:
    """Return the record of an install: the decision, and when, for whom and by what it was made.

    `extras` are those that the install asked for, with which `sync` installs again.
    """
    return {
        **to_json(decision),
        "created": datetime.now(timezone.utc).isoformat(timespec="seconds"),
        "python": platform.python_version(),
        "frontend": frontend,
        "purpose": purpose,
        "extras": sorted(extras),
        "hatch_torch": __version__,
    }


def _index(decision: Decision) -> dict[str, str] | None:
    if decision.origin is None:
        return None
    url, named_by = decision.origin
    return {"url": url, "named_by": named_by}


def _candidate(verdict: Verdict) -> dict[str, Any]:
    return {
        "backend": verdict.backend.name,
        "usable": verdict.usable,
        "reason": verdict.reason,
    }


def _node(node: Node) -> dict[str, Any]:
    return {
        "name": node.name,
        "usable": [one.name for one in node.usable],
        "runs": node.refusal is None,
        "reason": node.refusal,
    }


def _wheel(pin: Pin) -> dict[str, Any]:
    return {
        "name": pin.name,
        "version": str(pin.version),
        "url": pin.url,
        "sha256": pin.sha256,
    }
