"""A decision as JSON: what `hatch-torch explain --json` prints and what an install records."""

from __future__ import annotations

import platform
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any

from hatch_torch import __version__

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from hatch_torch.compatibility.support import Verdict
    from hatch_torch.resolution.model import Bound, Decision, Pin
    from hatch_torch.resolution.multi_host import Host

SCHEMA = 1


def to_json(decision: Decision, hosts: Sequence[Host] = ()) -> dict[str, Any]:
    """Return the decision as a JSON object; `backend` is null where nothing is injected.

    `hosts`: those that the decision was made for, where it was made for profiles.
    """
    return {
        "schema": SCHEMA,
        "backend": decision.backend.name if decision.backend else None,
        "decided_by": decision.decided_by,
        "hardware": decision.hardware.to_json(),
        "candidates": [_verdict_to_json(verdict) for verdict in decision.verdicts],
        "wheels": [_pin_to_json(pin) for pin in decision.pins],
        "index": _index_to_json(decision),
        "bounds": _bounds_to_json(decision.bounds) if decision.bounds else [],
        "added": [requirement.requires_dist for requirement in decision.injected],
        "warnings": list(decision.warnings),
        **({"nodes": [_host_to_json(host) for host in hosts]} if hosts else {}),
    }


def make_record(
    decision: Decision, *, installer: str, purpose: str, extras: Iterable[str] = ()
) -> dict[str, Any]:
    """Return the record of an install: the decision, and when, for whom and by what it was made.

    `extras` are those that the install requested; `sync` installs with them again.
    """
    return {
        **to_json(decision),
        "created": datetime.now(timezone.utc).isoformat(timespec="seconds"),
        "python": platform.python_version(),
        "frontend": installer,
        "purpose": purpose,
        "extras": sorted(extras),
        "hatch_torch": __version__,
    }


def _index_to_json(decision: Decision) -> dict[str, str] | None:
    if decision.index_origin is None:
        return None
    url, named_by = decision.index_origin
    return {"url": url, "named_by": named_by}


def _bounds_to_json(bounds: Sequence[Bound]) -> list[dict[str, str | None]]:
    from hatch_torch.resolution.bounds import bounds_to_json  # noqa: PLC0415 (few installs have any)

    return bounds_to_json(bounds)


def _verdict_to_json(verdict: Verdict) -> dict[str, Any]:
    return {
        "backend": verdict.backend.name,
        "usable": verdict.is_compatible,
        "reason": verdict.reason,
    }


def _host_to_json(host: Host) -> dict[str, Any]:
    return {
        "name": host.name,
        "usable": [backend.name for backend in host.usable],
        "runs": host.incompatibility is None,
        "reason": host.incompatibility,
    }


def _pin_to_json(pin: Pin) -> dict[str, Any]:
    return {
        "name": pin.name,
        "version": str(pin.version),
        "url": pin.url,
        "sha256": pin.sha256,
    }
