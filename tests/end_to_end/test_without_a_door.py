"""Projects whose build no plugin can reach: what is decided comes from outside."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.end_to_end.conftest import Sandbox

pytestmark = pytest.mark.end_to_end

ON_CUDA = {"torch": "2.14.1+cu126", "torchvision": "0.29.2+cu126"}


def exported(sandbox: Sandbox) -> None:
    """Write the constraints that `export` gives."""
    command = ("-m", "hatch_torch", "export", "--format", "constraints", "-o", "constraints.txt")
    sandbox.run(sys.executable, *command)


@pytest.mark.parametrize(
    ("form", "tool"),
    [
        ("flit", "uv"),
        pytest.param("flit", "pip", marks=pytest.mark.matrix),
        pytest.param("poetry", "uv", marks=pytest.mark.matrix),
        pytest.param("poetry", "pip", marks=pytest.mark.matrix),
    ],
)
def test_constraints(sandbox: Sandbox, form: str, tool: str) -> None:
    """`export` writes constraints, with which any installer gets this machine's wheels."""
    sandbox.write(form)
    cuda = sandbox.on("rtx-4090")
    exported(cuda)

    cuda.install(tool, "-c", "constraints.txt")

    assert cuda.versions() == ON_CUDA
    assert cuda.present() == cuda.fetched()


@pytest.mark.parametrize("form", [pytest.param("flit", marks=pytest.mark.matrix), "poetry"])
def test_install(sandbox: Sandbox, form: str) -> None:
    """`install` installs the project with this machine's wheels, and then has nothing to do."""
    sandbox.write(form)
    cuda = sandbox.on("rtx-4090", VIRTUAL_ENV=str(sandbox.python.parents[1]))

    cuda.run(sys.executable, "-m", "hatch_torch", "install")

    assert cuda.versions() == ON_CUDA
    assert cuda.present() == cuda.fetched()
    cuda.index.forget()
    cuda.pip("install", "-e", ".")
    assert cuda.fetched() == set()
