"""Every pip, every way into an environment: the exact wheels, and no other is fetched."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.end_to_end.conftest import Sandbox

pytestmark = [pytest.mark.end_to_end, pytest.mark.matrix]

ON_CUDA = {"torch": "2.14.1+cu126", "torchvision": "0.29.2+cu126"}
ON_ROCM = {"torch": "2.9.1+rocm6.4", "torchvision": "0.24.1+rocm6.4"}
EARLIER = {"torch": "2.13.0+cu126", "torchvision": "0.28.0+cu126"}


def assert_exact(sandbox: Sandbox, expected: dict[str, str]) -> None:
    """Check what came from the index by URL and hash, and that nothing else was fetched."""
    assert sandbox.exact() == expected
    assert sandbox.fetched() == sandbox.present()


@pytest.mark.parametrize("way", [("-e", "."), (".",)], ids=" ".join)
def test_install(pips: Sandbox, way: tuple[str, ...]) -> None:
    """`pip install -e .` and `pip install .` get this machine's wheels."""
    pips.pip("install", *way)

    assert_exact(pips, ON_CUDA)


@pytest.mark.parametrize("way", [("-e", "."), (".",)], ids=" ".join)
def test_without_build_isolation(pips: Sandbox, way: tuple[str, ...]) -> None:
    """So they do where the build runs in the environment itself."""
    pips.pip("install", "hatchling", "hatch-torch", "editables")

    pips.pip("install", "--no-build-isolation", *way)

    assert_exact(pips, ON_CUDA)


def test_requirements_file(pips: Sandbox) -> None:
    """An extra in a requirements file chooses, whatever the hardware."""
    pips.add("requirements.txt", "numpy\n-e .[rocm64]\n")

    pips.pip("install", "-r", "requirements.txt")

    assert_exact(pips, ON_ROCM)


@pytest.mark.parametrize("variable", ["", "PIP_CONSTRAINT"])
def test_constraint(pips: Sandbox, variable: str) -> None:
    """A constraint takes part in the choice, from the command line or from the environment."""
    path = str(pips.add("constraints.txt", "torch<2.14\n"))

    if variable:
        pips.on(**{variable: path}).pip("install", "-e", ".")
    else:
        pips.pip("install", "-e", ".", "-c", path)

    assert_exact(pips, EARLIER)
