"""How many requests to the index a decision needs."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from hatch_torch.catalog.backend import Backend
from hatch_torch.index.simple_api import Wheel

if TYPE_CHECKING:
    from tests.resolution.conftest import DecisionBench

MOST = 8
APPLE = "apple-m2"
URL = "http://127.0.0.1/whl/cu134/"


def _requests(bench: DecisionBench, machine: str, *requirements: str) -> list[str]:
    bench.server.forget()
    platform = "macos_arm64" if machine == APPLE else "linux_x86_64"
    bench.decide(machine, *requirements, index=bench.new_index(), platform=platform)
    # A missing page sends us to the folder itself, but never on PyTorch's own hosts.
    return [path for _, path in bench.server.requests if path.count("/") > 3 or ".whl" in path]


@pytest.mark.parametrize("range_", [">=2.3", ">=2.4,<2.7"])
def test_few(bench: DecisionBench, range_: str) -> None:
    """No machine needs more than a handful of requests, and none needs a wheel."""
    for machine in bench.machines.keys() - {"alpine"}:
        asked = _requests(bench, machine, f"torch{range_}", "torchvision", "torchaudio")
        assert len(asked) <= MOST, (machine, asked)
    assert bench.server.wheels_fetched == []


def test_one_backend(bench: DecisionBench) -> None:
    """Pages of other backends are not read where the tables exclude them."""
    asked = _requests(bench, "gtx-1080-on-580", "torch>=2.4,<2.7", "torchvision")
    assert {path.split("/")[2] for path in asked} == {"cu126"}
    assert len(asked) == 2


def test_no_page_twice(bench: DecisionBench) -> None:
    """No page is requested twice."""
    asked = _requests(bench, "rtx-5090-on-570", "torch", "torchvision", "torchaudio")
    assert len(asked) == len(set(asked))


def test_a_missing_member(bench: DecisionBench) -> None:
    """Of backends newer than the last torchaudio only its page and torch's are read."""
    asked = _requests(bench, "h200-on-615", "torch", "torchvision", "torchaudio")
    pages = {tuple(path.split("/")[2:4]) for path in asked}
    assert {name for backend, name in pages if backend == "cu134"} == {"torch", "torchaudio"}
    assert {name for backend, name in pages if backend == "cu132"} == {"torch", "torchaudio"}


@pytest.mark.parametrize(
    ("machine", "more"),
    [("rtx-4090-on-550", {}), ("plain", {}), ("mi300-rocm-6.4", {}), ("arc-b580", {}),
     ("gb10", {"platform": "linux_aarch64"})],
)  # fmt: skip
def test_metadata(bench: DecisionBench, machine: str, more: dict[str, str]) -> None:
    """METADATA is read only where torch may need a triton from the index."""
    bench.server.forget()
    bench.decide(machine, "torch==2.9.1", index=bench.new_index(), **more)
    read = [path for _, path in bench.server.requests if path.endswith(".metadata")]
    assert bool(read) == (machine in {"mi300-rocm-6.4", "arc-b580", "gb10"})


def test_a_member_that_came_later(bench: DecisionBench, monkeypatch: pytest.MonkeyPatch) -> None:
    """A torchaudio for a newer backend is taken where the index has one after all."""
    index, newest = bench.new_index(), Backend.parse("cu134")
    name = "torchaudio-2.11.0+cu134-cp312-cp312-manylinux_2_28_x86_64.whl"
    wheels = {(newest, "torchaudio"): (Wheel.from_filename(name, URL + name),)}
    monkeypatch.setattr(index, "_wheels", wheels)

    decision = bench.decide("h200-on-615", "torch", "torchvision", "torchaudio", index=index)

    assert decision.backend == newest
