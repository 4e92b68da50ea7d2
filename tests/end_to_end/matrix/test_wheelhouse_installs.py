"""No network, and a folder of wheels: the one for this machine is pinned by its version."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pathlib import Path

    from tests.end_to_end.conftest import Sandbox

pytestmark = [pytest.mark.end_to_end, pytest.mark.matrix]

CARRIED = ("hatchling", "hatch-torch", "editables", "numpy")
ON_CUDA = {"torch": "2.13.0+cu126", "torchvision": "0.28.0+cu126"}


@pytest.fixture
def wheelhouse(sandbox: Sandbox) -> Path:
    """Carry the wheels of two backends, one of them newer, to a machine without network."""
    folder = sandbox.folder / "wheels"
    sandbox.pip("download", "--quiet", "-d", folder, *CARRIED)
    for backend, family in {
        "cu126": ("torch==2.13.0", "torchvision==0.28.0"),
        "cpu": ("torch==2.14.1", "torchvision==0.29.2"),
    }.items():
        index = f"{sandbox.index.torch_index}/{backend}"
        sandbox.pip("download", "--quiet", "-d", folder, "--index-url", index, *family)
    sandbox.index.forget()
    return folder


def offline(sandbox: Sandbox) -> Sandbox:
    """Take the network away: whoever asks the index asks a port where nobody is."""
    nobody = "http://127.0.0.1:9/"
    return sandbox.on("rtx-4090", TORCH_VARIANT_INDEX_URL=nobody, PIP_INDEX_URL=nobody)


@pytest.mark.parametrize("by", ["option", "variable", "uv"])
def test_wheelhouse(sandbox: Sandbox, wheelhouse: Path, by: str) -> None:
    """`--no-index --find-links` gets the wheel of the best backend that is there."""
    options = ("-e", ".", "--no-index", "--find-links", wheelhouse)
    if by == "option":
        offline(sandbox).pip("install", *options)
    elif by == "uv":
        offline(sandbox).uv("pip", "install", *options)
    else:
        carried = offline(sandbox).on(PIP_NO_INDEX="1", PIP_FIND_LINKS=str(wheelhouse))
        carried.pip("install", "-e", ".")

    assert sandbox.versions() == ON_CUDA
    assert "torch==2.13.0+cu126" in sandbox.requirements()
    assert sandbox.index.requests == []


def test_requirements_file(sandbox: Sandbox, wheelhouse: Path) -> None:
    """A requirements file that names the folder, from its own place, is read too."""
    sandbox.add("requirements.txt", f"--no-index\n--find-links ../../{wheelhouse.name}\n-e .\n")

    offline(sandbox).pip("install", "-r", "requirements.txt")

    assert sandbox.versions() == ON_CUDA


def test_nothing_fits(sandbox: Sandbox, wheelhouse: Path) -> None:
    """Where the folder has no wheel for what was asked, the refusal says so."""
    options = ("--no-index", "--find-links", wheelhouse)

    output = offline(sandbox).refusal("pip", *options, what=".[rocm64]")

    assert "rocm6.4" in output
    assert sandbox.versions() == {}
