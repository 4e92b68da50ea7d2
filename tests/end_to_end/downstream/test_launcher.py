"""fixtures/projects/launcher: models are installed from requirements files that name no machine."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.end_to_end.conftest import Sandbox

pytestmark = pytest.mark.end_to_end

REPORT = """\
Operating System: Linux
Machine Architecture: x86_64
CUDA Available: True
CUDA Version: 12.4
MPS Available (Apple Silicon): False
Recommended Install: cu126
Installation command: pip install 'torch>=2.7.0' torchvision torchaudio \
--index-url https://download.pytorch.org/whl/cu126
Current PyTorch: not installed
"""


def launcher(sandbox: Sandbox, *words: str, fails: bool = False) -> str:
    """Run the launcher in its environment; return what it said."""
    return sandbox.run(sandbox.python, "-m", "launcher", *words, fails=fails)


def test_launcher(checkout: Callable[[str], Sandbox]) -> None:
    """It reports, installs a model's torch, then only what another one lacks, and verifies."""
    sandbox = checkout("launcher").on("linux-nvidia-rtx-4090")
    sandbox.install("pip")
    assert sandbox.fetched() == set()

    assert launcher(sandbox, "report") == REPORT

    both = launcher(sandbox, "recommend", "moondream", "whisper")
    assert both == "torch 2.14.1+cu126\ntorchvision 0.29.2+cu126\ntorchaudio 2.11.0+cu126\n"

    launcher(sandbox, "install", "moondream")

    expected = {"torch": "2.14.1+cu126", "torchvision": "0.29.2+cu126"}
    assert sandbox.versions() == expected
    assert "every requirement is installed already" in launcher(sandbox, "install", "moondream")
    sandbox.index.forget()

    launcher(sandbox, "install", "whisper")

    assert sandbox.fetched() == {"torchaudio-2.11.0+cu126"}
    assert sandbox.versions() == {**expected, "torchaudio": "2.11.0+cu126"}
    report = json.loads(launcher(sandbox, "verify", "--json"))
    assert (report["torch"], report["findings"]) == ("2.14.1+cu126", [])
    later = launcher(sandbox.on("linux-nvidia-driver-610"), "report")
    assert "Current PyTorch: 2.14.1+cu126" in later
    assert "the NVIDIA driver changed from 550.144.03 (CUDA 12.4) to 610" in later
