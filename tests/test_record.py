"""A decision as JSON, and as the record of an install."""

from __future__ import annotations

import json
import platform
from datetime import datetime, timedelta, timezone

from packaging.specifiers import SpecifierSet
from packaging.version import Version

from hatch_torch import __version__
from hatch_torch.catalog.backend import Backend
from hatch_torch.compatibility.support import Verdict
from hatch_torch.hardware.model import Accelerator, Hardware, Nvidia
from hatch_torch.record import make_record, to_json
from hatch_torch.resolution.model import Bound, Decision, InjectedRequirement, Need, Pin

_URL = "https://download.pytorch.org/whl/cu124/torch-2.6.0%2Bcu124-cp312-cp312-linux_x86_64.whl"
_HARDWARE = Hardware(
    system="Linux",
    accelerators=(Accelerator("nvidia", "NVIDIA H200", "sm_90", 143771),),
    nvidia=Nvidia("550.54.15", "12.4"),
)
_DECISION = Decision(
    Backend("cuda", (12, 4)),
    "detection",
    _HARDWARE,
    verdicts=(
        Verdict(Backend("cuda", (13, 0)), is_compatible=False, reason="the driver is too old"),
    ),
    pins=(Pin("torch", Version("2.6.0+cu124"), _URL, "ab" * 32),),
    injected=(InjectedRequirement(f"torch @ {_URL}", "train"),),
    warnings=("a note",),
    bounds=(
        Bound(Need("torch"), ("my-app",)),
        Bound(Need("torch", SpecifierSet("<2.12")), ("lerobot 0.6.1", "my-app")),
    ),
    index_origin=("https://m.example.org/whl", "PIP_INDEX_URL"),
)


def test_to_json() -> None:
    """The object has the documented keys, and is JSON."""
    record = to_json(_DECISION)
    assert json.loads(json.dumps(record)) == {
        "schema": 1,
        "backend": "cu124",
        "decided_by": "detection",
        "hardware": json.loads(json.dumps(_HARDWARE.to_json())),
        "candidates": [{"backend": "cu130", "usable": False, "reason": "the driver is too old"}],
        "wheels": [
            {"name": "torch", "version": "2.6.0+cu124", "url": _URL, "sha256": "ab" * 32},
        ],
        "index": {"url": "https://m.example.org/whl", "named_by": "PIP_INDEX_URL"},
        "bounds": [
            {
                "requirement": "torch<2.12",
                "stated_by": "lerobot 0.6.1",
                "required_by": "my-app",
            }
        ],
        "added": [f'torch @ {_URL} ; extra == "train"'],
        "warnings": ["a note"],
    }


def test_nothing_is_added() -> None:
    """Without a backend there is no wheel, and the object has the same keys."""
    record = to_json(Decision(None, "TORCH_VARIANT", Hardware()))
    assert record.keys() == to_json(_DECISION).keys()
    assert (record["backend"], record["wheels"], record["added"]) == (None, [], [])


def test_record() -> None:
    """The record adds when, for which installer and purpose, and by which version it was made."""
    record = make_record(_DECISION, installer="pip", purpose="install", extras={"train", "dev"})
    created = datetime.fromisoformat(record.pop("created"))
    assert timedelta() <= datetime.now(timezone.utc) - created < timedelta(minutes=1)
    assert record == {
        **to_json(_DECISION),
        "python": platform.python_version(),
        "frontend": "pip",
        "purpose": "install",
        "extras": ["dev", "train"],
        "hatch_torch": __version__,
    }


def test_with_warnings() -> None:
    """Each warning is added once."""
    decision = _DECISION.with_warnings("another", "a note", "another")
    assert decision.warnings == ("a note", "another")
    assert _DECISION.warnings == ("a note",)
