"""fixtures/projects/inference-server with its extra: a real torch, and transformers' models."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from hatch_torch.demo.server import EmbeddedIndex

if TYPE_CHECKING:
    from tests.end_to_end.conftest import Sandbox

pytestmark = [pytest.mark.end_to_end, pytest.mark.inference]

PROJECT = Path(__file__).parents[3] / "fixtures" / "projects" / "inference-server"
CHOSEN = "from inference_server.status import torch_variant; print(torch_variant())"
QUIET = ("-q", "-p", "no:cacheprovider")


def test_with_torch(caller_sandbox: Sandbox, site: str) -> None:
    """The extra brings in the real torch, with which all of the project's own tests pass."""
    installed = replace(caller_sandbox, name="inference-server")
    shutil.copytree(PROJECT, installed.project)
    here = replace(installed.over(EmbeddedIndex(site)), environ=caller_sandbox.environ)
    variables = {"TORCH_VARIANT": "cpu", "TORCH_VARIANT_INDEX_URL": f"{site}/whl"}

    here.on(**variables).install("pip", "mypy", what=".[torch,test]")

    assert here.exact() == {"torch": "2.13.0+cpu"}
    assert here.run(here.python, "-c", CHOSEN).splitlines()[-1] == "cpu"
    for folder in ("tests/unit", "tests/integration"):
        assert " passed" in here.run(here.python, "-m", "pytest", *QUIET, folder).splitlines()[-1]
    assert "Success" in here.run(here.python, "-m", "mypy")
