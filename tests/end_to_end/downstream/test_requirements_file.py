"""fixtures/projects/requirements-file: a checkout with nothing but a requirements.txt."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.end_to_end.conftest import Sandbox

pytestmark = pytest.mark.end_to_end

MINE = "this-machine.txt"
CU126 = {"torch": "2.14.1+cu126", "torchaudio": "2.11.0+cu126"}


@pytest.mark.parametrize("tool", ["pip", "uv"])
def test_file_for_this_machine(checkout: Callable[[str], Sandbox], tool: str) -> None:
    """One command writes the file for this machine; the original then leaves torch alone."""
    sandbox = checkout("requirements-file").on("linux-nvidia-rtx-4090")
    install = sandbox.pip if tool == "pip" else lambda *words: sandbox.uv("pip", *words)
    export = ("export", "--format", "requirements", "-r", "requirements.txt", "-o", MINE)

    output = sandbox.run(sys.executable, "-m", "hatch_torch", *export)

    assert "xformers is unchanged" in output
    assert "choose a version for torch 2.14.1" in output
    install("install", "-r", MINE)
    assert sandbox.versions() == CU126
    fetched = sandbox.fetched()
    again = install("install", "-r", "requirements.txt")
    assert (sandbox.versions(), sandbox.fetched()) == (CU126, fetched)
    assert {name.split("-")[0] for name in fetched} == {"torch", "torchaudio", "triton"}
    assert tool == "uv" or "Requirement already satisfied: torch " in again
