"""Real packages of PyPI through the real pip, nothing of them installed: `pytest -m network`.

The stubs of the embedded index stand for PyTorch's wheels, which weigh gigabytes.
"""

from __future__ import annotations

import os
import re
import sys
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from packaging.specifiers import SpecifierSet

from tests.end_to_end.test_whole_install import H200, write

if TYPE_CHECKING:
    from tests.end_to_end.conftest import Sandbox

pytestmark = [pytest.mark.end_to_end, pytest.mark.network]

PACKAGES = {
    "accelerate": ">=2.0.0",
    "chatterbox-tts==0.1.7": "==2.6.0",
    "colpali-engine==0.3.18": "<2.14",
    "e3nn": ">=2.2.0",
    "facenet-pytorch==2.6.0": "<2.3",
    "kornia": ">=2.5.1",
    "lerobot==0.4.4": "<2.11",
    "llmcompressor==0.14.0.1": "<=2.14.0",
    "lmdeploy==0.18.0": "<=2.12.1",
    "monai": ">=2.8.0",
    "peft": ">=1.13.0",
    "pyannote-audio": ">=2.8.0",
    "sentence-transformers": ">=2.2",
    "speechbrain": ">=2.7.1",
    "stable-baselines3": ">=2.8",
    "timm": ">=2",
    "torchmetrics": ">=2.0.0",
    "ultralytics": ">=1.8.0",
    "whisperx==3.8.6": "~=2.8.0",
    "xformers==0.0.31": "==2.7.1",
}
"""Packages, and what they require of torch."""


@pytest.mark.parametrize("package", PACKAGES)
def test_package(sandbox: Sandbox, package: str) -> None:
    """`pip install --dry-run` succeeds, with a pinned torch that the package admits."""
    write(sandbox, [package])
    machine = sandbox.on(H200, TORCH_VARIANT_TIMEOUT="60")
    own = {key: value for key, value in machine.environ.items() if not key.startswith("PIP_")}
    configured = {key: value for key, value in os.environ.items() if key.startswith("PIP_")}
    machine = replace(machine, environ={**own, **configured, "HOME": os.environ["HOME"]})

    pip = (sys.executable, "-m", "pip", "install", "--dry-run", "--ignore-installed")
    output = machine.run(*pip, "--no-build-isolation", "-e", ".")

    torch = re.search(r"Would install .*\btorch-(\d[\d.]*)\+cu", output)
    assert torch
    assert torch[1] in SpecifierSet(PACKAGES[package])
