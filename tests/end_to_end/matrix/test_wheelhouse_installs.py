"""No network, and a folder of wheels: the one for this machine is pinned by its version."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pathlib import Path

    from tests.end_to_end.conftest import World

pytestmark = [pytest.mark.end_to_end, pytest.mark.matrix]

CARRIED = ("hatchling", "hatch-torch", "editables", "numpy")
ON_CUDA = {"torch": "2.13.0+cu126", "torchvision": "0.28.0+cu126"}


@pytest.fixture
def house(world: World) -> Path:
    """Carry the wheels of two backends, one of them newer, to a machine without network."""
    folder = world.folder / "wheels"
    world.pip("download", "--quiet", "-d", folder, *CARRIED)
    for backend, family in {
        "cu126": ("torch==2.13.0", "torchvision==0.28.0"),
        "cpu": ("torch==2.14.1", "torchvision==0.29.2"),
    }.items():
        index = f"{world.index.torch_index}/{backend}"
        world.pip("download", "--quiet", "-d", folder, "--index-url", index, *family)
    world.index.forget()
    return folder


def offline(world: World) -> World:
    """Take the network away: whoever asks the index asks a port where nobody is."""
    nobody = "http://127.0.0.1:9/"
    return world.on("rtx-4090", TORCH_VARIANT_INDEX_URL=nobody, PIP_INDEX_URL=nobody)


@pytest.mark.parametrize("by", ["option", "variable", "uv"])
def test_wheelhouse(world: World, house: Path, by: str) -> None:
    """`--no-index --find-links` gets the wheel of the best backend that is there."""
    options = ("-e", ".", "--no-index", "--find-links", house)
    if by == "option":
        offline(world).pip("install", *options)
    elif by == "uv":
        offline(world).uv("pip", "install", *options)
    else:
        carried = offline(world).on(PIP_NO_INDEX="1", PIP_FIND_LINKS=str(house))
        carried.pip("install", "-e", ".")

    assert world.versions() == ON_CUDA
    assert "torch==2.13.0+cu126" in world.requirements()
    assert world.index.requests == []


def test_requirements_file(world: World, house: Path) -> None:
    """A requirements file that names the folder, from its own place, is read too."""
    world.add("requirements.txt", f"--no-index\n--find-links ../../{house.name}\n-e .\n")

    offline(world).pip("install", "-r", "requirements.txt")

    assert world.versions() == ON_CUDA


def test_nothing_fits(world: World, house: Path) -> None:
    """Where the folder has no wheel for what was asked, the refusal says so."""
    options = ("--no-index", "--find-links", house)

    told = offline(world).refusal("pip", *options, what=".[rocm64]")

    assert "rocm6.4" in told
    assert world.versions() == {}
