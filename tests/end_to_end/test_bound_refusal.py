"""A package that no torch satisfies: the refusal names it, and a change that works."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.end_to_end.conftest import Sandbox

pytestmark = pytest.mark.end_to_end

PROJECT = """\
[build-system]
requires = ["hatchling>=1.27", "hatch-torch"]
build-backend = "hatchling.build"

[project]
name = "my-app"
version = "1.0"
dependencies = {dependencies}
dynamic = ["optional-dependencies"]

[tool.hatch.metadata.hooks.torch-variant]
[tool.hatch.build.hooks.torch-variant]

[tool.uv]
cache-keys = [{{ file = "pyproject.toml" }}, {{ file = ".torch-variant.stamp" }}]
"""


@pytest.mark.parametrize("tool", ["pip", "uv"])
def test_allennlp(sandbox: Sandbox, tool: str) -> None:
    """Every release of torch for this Python is newer than allennlp admits."""
    sandbox.add("pyproject.toml", PROJECT.format(dependencies='["torch", "allennlp"]'))
    machine = sandbox.on("linux-nvidia-h200")

    refusal = machine.refusal(tool)

    assert "no torch fits this project" in refusal
    bound = "torch <1.13.0,>=1.10.0: allennlp 2.10.1, required by my-app"
    assert f"bounded by {bound}" in refusal
    assert "hint: remove allennlp, which no torch here satisfies: cu13" in refusal

    sandbox.add("pyproject.toml", PROJECT.format(dependencies='["torch"]'))
    machine.install(tool, "--dry-run")
