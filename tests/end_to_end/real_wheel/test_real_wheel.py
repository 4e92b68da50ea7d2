"""PyTorch's own wheel for the CPU comes through the hook, is imported, and multiplies."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from hatch_torch.demo.server import EmbeddedIndex

if TYPE_CHECKING:
    from tests.end_to_end.conftest import Sandbox

pytestmark = pytest.mark.end_to_end

MULTIPLY = "import torch; a = torch.ones(2, 3); print(torch.__version__, (a @ a.T).tolist())"


def test_real_wheel(caller_sandbox: Sandbox, site: str) -> None:
    """The real torch 2.13.0 comes from its URL, its hash checked, and multiplies matrices."""
    caller_sandbox.write("full", ('"torch>=2.3,<2.15", "torchvision", "numpy"', '"torch==2.13.*"'))
    here = replace(caller_sandbox.over(EmbeddedIndex(site)), environ=caller_sandbox.environ)

    here.on(TORCH_VARIANT="cpu", TORCH_VARIANT_INDEX_URL=f"{site}/whl").install("pip")

    assert here.exact() == {"torch": "2.13.0+cpu"}
    output = here.run(here.python, "-W", "ignore", "-c", MULTIPLY).splitlines()[-1]
    assert output == "2.13.0+cpu [[3.0, 3.0], [3.0, 3.0]]"
