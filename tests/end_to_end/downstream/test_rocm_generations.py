"""fixtures/projects/rocm-generations: servers with ROCm 5.7, 6.5 and 7.0, and the way up."""

from __future__ import annotations

import operator
import sys
from typing import TYPE_CHECKING

import pytest
from packaging.version import Version

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.end_to_end.conftest import Sandbox

pytestmark = [
    pytest.mark.end_to_end,
    pytest.mark.skipif(sys.version_info >= (3, 13), reason="torch 2.3.1 has no wheel for it"),
]

LIBRARIES = ("transformers", "diffusers", "accelerate", "huggingface-hub")
OLD = {
    "torch": "2.3.1+rocm5.7",
    "torchvision": "0.18.1+rocm5.7",
    "torchaudio": "2.3.1+rocm5.7",
}
NEW = {
    "torch": "2.10.0.dev20251120+rocm7.0",
    "torchvision": "0.25.0.dev20251120+rocm7.0",
    "torchaudio": "2.10.0.dev20251120+rocm7.0",
}


def libraries(sandbox: Sandbox) -> list[Version]:
    """Return the versions of the four libraries that are installed."""
    frozen = dict(line.split("==") for line in sandbox.pip("freeze").splitlines() if "==" in line)
    return [Version(frozen[name]) for name in LIBRARIES]


def test_from_5_7_to_7_0(checkout: Callable[[str], Sandbox]) -> None:
    """A server is set up without a question, and moved up with its libraries by one command."""
    server = checkout("rocm-generations").on("linux-amd-mi210-rocm-5.7")

    server.on(TORCH_VARIANT="rocm57").run("./set-up.sh", server.python.parents[1])

    assert server.versions() == OLD
    before = libraries(server)
    assert [*map(str, before)] == ["4.49.0", "0.31.0", "0.34.2", "0.29.3"]
    # 1. Keep what is there. 2. and 3. ROCm is upgraded, and seen.
    server.add("requirements_backup.txt", server.pip("freeze"))
    upgraded = server.on("linux-amd-mi210-rocm-7.0")
    assert "✓ ROCm: 7.0.0" in upgraded.run(server.python, "-m", "rocm_generations")
    # 4. and 5. Torch and its libraries, together.
    upgraded.pip("install", "-U", "--upgrade-strategy", "eager", "-e", ".[rocm70]")
    # 6. What is there goes together.
    summary, after = upgraded.run(server.python, "-m", "rocm_generations"), libraries(server)
    assert server.versions() == NEW
    assert all(map(operator.gt, after, before))
    assert "✓ PyTorch: 2.10.0.dev20251120+rocm7.0, built for rocm7.0" in summary
    assert f"✓ transformers: {after[0]} (>=4.45.0)" in summary
    assert "✗" not in summary
    assert server.record()["decided_by"] == "extra rocm70"
