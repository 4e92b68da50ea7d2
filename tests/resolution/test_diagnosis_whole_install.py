"""The refusal where the other packages of an install exclude every torch."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from hatch_torch.errors import NoAnswerError

if TYPE_CHECKING:
    from tests.support.package_index import Packages
    from tests.support.sandbox import Sandbox

ALLENNLP: Packages = {
    "allennlp": {"2.10.1": ["torch<1.13.0,>=1.10.0"], "2.10.0": ["torch<1.12.0,>=1.10.0"]}
}
VLLM: Packages = {"vllm": {"0.33.0": ["torch==2.13.0"], "0.11.0": ["torch==2.8.0"]}}


def refuse(sandbox: Sandbox, pypi: Packages, *dependencies: str) -> list[str]:
    """Return the lines of the refusal."""
    with pytest.raises(NoAnswerError) as error:
        sandbox.decide(pypi, *dependencies)
    lines = str(error.value).splitlines()
    assert len(lines) <= 12
    return lines


def test_a_package_that_no_torch_satisfies(sandbox: Sandbox) -> None:
    """It names the package, its version and its requirement, and suggests to remove it."""
    lines = refuse(sandbox, ALLENNLP, "torch", "allennlp")
    assert "  bounded by   torch <1.13.0,>=1.10.0: allennlp 2.10.1, required by my-app" in lines
    assert "hint: remove allennlp, which no torch here satisfies: cu130 has torch 2.13.0" in lines


def test_through_another_package(sandbox: Sandbox) -> None:
    """What leads to it is named, and it is that which has to be removed."""
    pypi = {"allennlp": ALLENNLP["allennlp"], "nlp-tools": {"3.1": ["allennlp==2.10.1"]}}
    lines = refuse(sandbox, pypi, "nlp-tools", "torch")
    assert (
        "  bounded by   torch <1.13.0,>=1.10.0: allennlp 2.10.1, required by nlp-tools 3.1" in lines
    )
    assert any(line.startswith("hint: remove nlp-tools, which no torch") for line in lines)


def test_the_range_of_the_project(sandbox: Sandbox) -> None:
    """The nearest change is the range of torch that the project itself requires."""
    lines = refuse(sandbox, VLLM, "torch>=2.10", "vllm==0.11.0")
    assert "  bounded by   torch ==2.8.0: vllm 0.11.0, required by my-app" in lines
    change = "hint: require torch==2.8.0 instead of torch>=2.10: cu128 has torch 2.8.0"
    assert change in lines


def test_another_release_of_the_package(sandbox: Sandbox) -> None:
    """Where another release of the package fits, that is the change."""
    pypi: Packages = {"vllm": {"0.33.0": ["torch==2.13.0"], "0.8.0": ["torch==2.5.0"]}}
    lines = refuse(sandbox, pypi, "torch", "vllm==0.8.0")
    assert "hint: require vllm 0.33.0: cu130 has torch 2.13.0" in lines
