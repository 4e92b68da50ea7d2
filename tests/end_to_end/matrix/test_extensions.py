"""Extensions: compiled against the very torch that they will run with, whoever compiles."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.end_to_end.conftest import Sandbox

pytestmark = [
    pytest.mark.end_to_end,
    pytest.mark.matrix,
    pytest.mark.skipif(
        not (shutil.which("g++") and shutil.which("cmake")), reason="needs g++ and cmake"
    ),
]

BUILT_WITH = "import torch, my_ext; print(torch.__version__, my_ext.built_with())"


@pytest.mark.parametrize("tool", ["pip", "uv"])
@pytest.mark.parametrize("form", ["extension", "extension-cmake"])
@pytest.mark.parametrize("extra", ["", "[rocm64]"])
def test_the_same_wheel(sandbox: Sandbox, form: str, tool: str, extra: str) -> None:
    """The build environment gets the wheel that is installed, of the backend that was chosen."""
    sandbox.write(form)
    cuda = sandbox.on("rtx-4090")

    if tool == "pip":
        cuda.pip("install", f".{extra}")
    else:
        cuda.uv("pip", "install", f".{extra}")

    installed, built = cuda.run(cuda.python, "-c", BUILT_WITH).split()
    assert installed == built == ("2.9.1+rocm6.4" if extra else "2.14.1+cu126")


@pytest.mark.parametrize("form", ["extension", "extension-cmake"])
def test_portable(sandbox: Sandbox, form: str) -> None:
    """A wheel for others is compiled against PyPI's torch, as the project asks for it."""
    sandbox.write(form)

    sandbox.on("rtx-4090").pip("wheel", ".", "--no-deps", "-w", sandbox.folder / "out")

    (wheel,) = (sandbox.folder / "out").glob("*.whl")
    sandbox.on("rtx-4090").pip("install", wheel)
    installed, built = sandbox.run(sandbox.python, "-c", BUILT_WITH).split()
    assert installed == built
    assert sandbox.exact() == {}
