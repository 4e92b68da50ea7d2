"""A run in words."""

from __future__ import annotations

from hatch_torch.backend import Backend
from hatch_torch.choose import Verdict
from hatch_torch.deciding.decision import Decision
from hatch_torch.frontend import Request
from hatch_torch.hardware.facts import Hardware, Source
from hatch_torch.steps import steps


def test_who_asks() -> None:
    """The installer, its sub-command, the purpose and the extras are told."""
    request = Request("pip", "pip install", "install", "pip installs", extras=frozenset({"b", "a"}))
    assert [*steps(request)] == [
        "asked by pip: pip install",
        "purpose install: pip installs",
        "extras a, b",
    ]


def test_what_was_decided() -> None:
    """Every probe, verdict and note is a line."""
    hardware = Hardware(sources=(Source("nvml", "absent", "no driver"),))
    verdict = Verdict(Backend("cpu"), usable=True, reason="runs everywhere")
    decision = Decision(None, "detection", hardware, (verdict,), warnings=("mind",))
    assert [*steps(decision)] == [
        "probe nvml: absent: no driver",
        "cpu usable: runs everywhere",
        "backend none, decided by detection",
        "note mind",
    ]
