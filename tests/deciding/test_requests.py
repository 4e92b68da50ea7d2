"""What a decision costs: requests to the index."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.deciding.conftest import Workbench

MOST = 8
# Its two newest backends have no torchaudio, which only their pages tell.
STEPS_BACK = {"h200-on-615": 11}
APPLE = "apple-m2"


def _requests(bench: Workbench, machine: str, *requirements: str) -> list[str]:
    bench.server.forget()
    platform = "macos_arm64" if machine == APPLE else "linux_x86_64"
    bench.decide(machine, *requirements, index=bench.index(), platform=platform)
    # A missing page sends us to the folder itself, but never on PyTorch's own hosts.
    return [path for _, path in bench.server.requests if path.count("/") > 3 or ".whl" in path]


@pytest.mark.parametrize("range_", [">=2.3", ">=2.4,<2.7"])
def test_few(bench: Workbench, range_: str) -> None:
    """Every kind of machine has its whole family with a handful of requests and no wheel."""
    for machine in bench.machines.keys() - {"alpine"}:
        asked = _requests(bench, machine, f"torch{range_}", "torchvision", "torchaudio")
        assert len(asked) <= STEPS_BACK.get(machine, MOST), (machine, asked)
    assert bench.server.wheels_fetched == []


def test_one_backend(bench: Workbench) -> None:
    """Where the tables know the answer, no page of another backend is read."""
    asked = _requests(bench, "gtx-1080-on-580", "torch>=2.4,<2.7", "torchvision")
    assert {path.split("/")[2] for path in asked} == {"cu126"}
    assert len(asked) == 3


def test_nothing_is_asked_twice(bench: Workbench) -> None:
    """A page is asked for once."""
    asked = _requests(bench, "rtx-5090-on-570", "torch", "torchvision", "torchaudio")
    assert len(asked) == len(set(asked))
