"""The search with unreadable METADATA, and with too many rounds."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from hatch_torch.errors import NoAnswerError
from hatch_torch.resolution import solve as resolve

if TYPE_CHECKING:
    from hatch_torch.index.pytorch_index import PyTorchIndex
    from tests.resolution.conftest import DecisionBench


@pytest.fixture
def unreadable(bench: DecisionBench, monkeypatch: pytest.MonkeyPatch) -> PyTorchIndex:
    """Return an index whose METADATA cannot be read."""
    index = bench.new_index()
    monkeypatch.setattr(index, "read_requirements", lambda _wheel: None)
    return index


def test_a_triton_that_nobody_knows(bench: DecisionBench, unreadable: PyTorchIndex) -> None:
    """A torch that may need the index's own triton is an error without its METADATA."""
    config = bench.make_config("rocm6.4")
    with pytest.raises(NoAnswerError, match="names the triton that only this index has"):
        bench.decide("mi300-rocm-6.4", "torch==2.8.0", index=unreadable, config=config)


def test_a_torch_without_one(bench: DecisionBench, unreadable: PyTorchIndex) -> None:
    """CUDA's triton is on PyPI, so METADATA is not needed."""
    decision = bench.decide("rtx-4090-on-580", "torch==2.6.0", index=unreadable)
    assert [pin.name for pin in decision.pins] == ["torch"]


def test_too_many_rounds(bench: DecisionBench, monkeypatch: pytest.MonkeyPatch) -> None:
    """A search with too many rounds finds nothing."""
    monkeypatch.setattr(resolve, "_MAX_ROUNDS", 1)
    with pytest.raises(NoAnswerError, match="torch"):
        bench.decide("plain", "torch>=2.3", "torchvision")
