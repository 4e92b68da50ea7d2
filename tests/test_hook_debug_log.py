"""The debug log of a hook run."""

from __future__ import annotations

from hatch_torch.catalog.backend import Backend
from hatch_torch.compatibility.support import Verdict
from hatch_torch.frontend.request import BuildRequest
from hatch_torch.hardware.model import Hardware, ProbeReport
from hatch_torch.hook import describe_decision, describe_request
from hatch_torch.resolution.model import Decision


def test_request() -> None:
    """The installer, its sub-command, the purpose and the extras are lines."""
    request = BuildRequest(
        "pip", "pip install", "install", "pip installs", extras=frozenset({"b", "a"})
    )
    assert [*describe_request(request)] == [
        "installer pip: pip install",
        "purpose install: pip installs",
        "extras a, b",
    ]


def test_decision() -> None:
    """Every probe, verdict and note is a line."""
    hardware = Hardware(probe_reports=(ProbeReport("nvml", "absent", "no driver"),))
    verdict = Verdict(Backend("cpu"), is_compatible=True, reason="runs everywhere")
    decision = Decision(None, "detection", hardware, (verdict,), warnings=("mind",))
    assert [*describe_decision(decision)] == [
        "probe nvml: absent: no driver",
        "cpu usable: runs everywhere",
        "backend none, decided by detection",
        "note mind",
    ]
