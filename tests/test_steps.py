"""A run in words."""

from __future__ import annotations

from hatch_torch.catalog.backend import Backend
from hatch_torch.compatibility.support import Verdict
from hatch_torch.frontend.request import Request
from hatch_torch.hardware.model import Hardware, Source
from hatch_torch.hook import steps
from hatch_torch.resolution.model import Decision


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
