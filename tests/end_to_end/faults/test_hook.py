"""Every fault of an index through the hook: a clear error or the right fallback, in time."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.end_to_end.faults.building import at, build

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager

    from tests.end_to_end.conftest import Sandbox
    from tests.end_to_end.faults.conftest import BrokenIndex

    ServeBrokenIndex = Callable[[str], AbstractContextManager[BrokenIndex]]

pytestmark = pytest.mark.end_to_end


def test_error(
    sandbox: Sandbox,
    serve_broken_index: ServeBrokenIndex,
    broken: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Where nothing stands in for the index, the error tells what came, and what to do."""
    with serve_broken_index(broken) as index, pytest.raises(SystemExit) as end:
        build(at(sandbox.on("mi300x"), index), monkeypatch)
    output = str(end.value)
    assert output.startswith("error: ")
    assert index.told in output
    assert "TORCH_VARIANT=portable" in output
    assert output.replace("\n", " ").isprintable()


def test_fallback(
    sandbox: Sandbox,
    serve_broken_index: ServeBrokenIndex,
    down: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Where the plain wheel runs, it stands in for an index that is broken."""
    with serve_broken_index(down) as index:
        built = build(at(sandbox.on("rtx-4090"), index), monkeypatch)
    assert built.requirements[:2] == ["torch==2.10.0", "torchvision==0.25.0"]
    assert index.told in built.record["warnings"][0]


def test_harmless(
    sandbox: Sandbox,
    serve_broken_index: ServeBrokenIndex,
    harmless: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Some faults do no harm: what is wrong is passed over, and what is right is used."""
    with serve_broken_index(harmless) as index:
        lines = build(at(sandbox.on("mi300x"), index), monkeypatch).requirements
    added = ["torch", "triton-rocm", "torchvision"]
    assert [line.partition(" @ ")[0] for line in lines[:3]] == added
    assert not any("0" * 64 in line for line in lines)
