"""The build backends of before, and pips: what the doors lean on is not always documented."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.end_to_end.conftest import Sandbox
    from tests.end_to_end.matrix.conftest import Tool, WithPip

pytestmark = [pytest.mark.end_to_end, pytest.mark.matrix]

ON_CUDA = {"torch": "2.14.1+cu126", "torchvision": "0.29.2+cu126"}
VERSIONS = [
    ("setuptools", ("setuptools==69.0.0", "wheel==0.42.0")),
    ("setuptools", ("setuptools",)),
    ("setup-cfg", ("setuptools==69.0.0", "wheel==0.42.0")),
    ("pdm", ("pdm-backend==2.4.0",)),
    ("scikit-build-core", ("scikit-build-core==1.0.0",)),
]
STRANGER = """
from setuptools import setup
setup(name="my-app", version="1.0", py_modules=["my_app"], install_requires=["numpy"])
"""
# A setup.py that is run by hand in an environment where we are.
COMMANDS = [("bdist_wheel",), ("egg_info",), ("sdist",)]


def carried(sandbox: Sandbox, wheels: Tool, *requirements: str) -> None:
    """Install build backends from the package index, and us, into the sandbox's environment."""
    folder = wheels(*requirements)
    sandbox.pip("install", *requirements, "--no-index", "--find-links", folder)
    sandbox.pip("install", "hatch-torch")


@pytest.mark.parametrize(("form", "requirements"), VERSIONS, ids=str)
@pytest.mark.parametrize("way", [("-e", "."), (".",)], ids=" ".join)
def test_versions(
    sandbox: Sandbox, wheels: Tool, form: str, requirements: tuple[str, ...], way: tuple[str, ...]
) -> None:
    """Each version of a backend that is supported installs the exact wheels and nothing else."""
    sandbox.write(form)
    cuda = sandbox.on("rtx-4090")
    carried(cuda, wheels, *requirements)

    cuda.pip("install", "--no-build-isolation", *way)

    assert cuda.exact() == ON_CUDA
    assert cuda.fetched() == cuda.present()
    assert form == "scikit-build-core" or cuda.record()["backend"] == "cu126"


@pytest.mark.parametrize(
    ("form", "version"),
    [
        *((form, version) for form in ("setuptools", "pdm") for version in ("22.3", "newest")),
        # pip 22.3 discards scikit-build-core's own wheel for what its metadata says.
        *(("scikit-build-core", version) for version in ("23.2", "newest")),
    ],
)
def test_pips(with_pip: WithPip, form: str, version: str) -> None:
    """Every pip reads the same from each backend."""
    cuda = with_pip(version).on("rtx-4090")
    cuda.write(form)

    cuda.pip("install", "-e", ".")

    assert cuda.exact() == ON_CUDA
    assert cuda.fetched() == cuda.present()


@pytest.mark.parametrize(
    ("version", "broken"),
    [
        ("==69.0.0", ""),
        ("", ""),
        ("", "[tool.torch-variant\n"),
        ("", "tool = 'torch-variant'\n"),
    ],
)
def test_a_stranger(sandbox: Sandbox, wheels: Tool, version: str, broken: str) -> None:
    """Another's project is built beside us as without us, and is as wrong as it was."""
    carried(sandbox, wheels, f"setuptools{version}", "wheel==0.42.0")
    (sandbox.project / "pyproject.toml").unlink()
    sandbox.add("setup.py", STRANGER)
    if broken:
        sandbox.add("pyproject.toml", broken)
    for command in () if broken else COMMANDS:
        sandbox.run(sandbox.python, "setup.py", *command)

    output = sandbox.pip("install", "--no-build-isolation", ".", fails=bool(broken))

    assert "hatch" not in output.lower().replace("hatch-torch-cache", "")
    assert broken or sandbox.requirements() == ["numpy"]


def test_hatchling_takes_both(sandbox: Sandbox, wheels: Tool) -> None:
    """A field that is static and dynamic (PEP 808) is refused by hatchling, until it is not."""
    own = '"numpy"]\ndynamic = ["dependencies", "optional-dependencies"]'
    sandbox.write("full", ('"numpy"]\ndynamic = ["optional-dependencies"]', own))
    cuda = sandbox.on("rtx-4090")
    carried(cuda, wheels, "hatchling", "editables")
    command = (cuda.python, "-m", "pip", "install", "--no-build-isolation", "-e", ".")
    if "cannot be both statically defined" in cuda.run(*command, fails=True):
        pytest.skip("hatchling does not take it yet")
    assert cuda.exact() == ON_CUDA
