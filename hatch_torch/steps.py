"""A run in words, step by step: what `TORCH_VARIANT_LOG=debug` prints."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hatch_torch.frontend.request import Request

if TYPE_CHECKING:
    from collections.abc import Iterator

    from hatch_torch.deciding.decision import Decision


def steps(done: Request | Decision) -> Iterator[str]:
    """Yield what was read of a run, or what was decided for it."""
    return _asked(done) if isinstance(done, Request) else _decided(done)


def _asked(request: Request) -> Iterator[str]:
    """Yield who asks, and for what; nothing of a command line but its sub-command."""
    yield f"asked by {request.frontend}: {request.command or 'no command'}"
    yield f"purpose {request.purpose}: {request.why}"
    if request.extras:
        yield f"extras {', '.join(sorted(request.extras))}"


def _decided(decision: Decision) -> Iterator[str]:
    """Yield what was found, judged, picked and added."""
    for source in decision.hardware.sources:
        yield f"probe {source.probe}: {source.result}: {source.detail}"
    for verdict in decision.verdicts:
        usable = "usable" if verdict.usable else "not usable"
        yield f"{verdict.backend} {usable}: {verdict.reason}"
    yield f"backend {decision.backend or 'none'}, decided by {decision.decided_by}"
    for pin in decision.pins:
        yield f"pin {pin.requirement}"
    for addition in decision.additions:
        yield f"add {addition.line}"
    for warning in decision.warnings:
        yield f"note {warning}"
