"""`hatch-torch export`: real installers take what it writes."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pathlib import Path

    from tests.end_to_end.conftest import World

pytestmark = pytest.mark.end_to_end

ROCM = {"torch": "2.10.0+rocm7.0", "torchvision": "0.25.0+rocm7.0"}
# uv routes by name alone, and each extra by what it requires itself.
ROUTABLE = (
    ('sound = ["torchaudio"]\nall = ["my-app[rocm64]"]\n', ""),
    ("[tool.torch-variant.extras.rocm64]\n", ""),
    ("extras.rocm70]", "extras.rocm70]\ndependencies = [\"triton-rocm; sys_platform == 'linux'\"]"),
    ("torch>=2.3,<2.15", "torch==2.10.*"),
)


def export(world: World, form: str, *more: str | Path) -> str:
    """Run `hatch-torch export` in the checkout; return what it said."""
    command = ("-m", "hatch_torch", "export", "--format", form, *more)
    return world.run(sys.executable, *command)


@pytest.mark.parametrize("tool", ["pip", "uv"])
def test_requirements_of_the_project(world: World, tool: str) -> None:
    """The family and what only its index has come by URL, each fetched once."""
    world = world.on("mi300x")
    export(world, "requirements", "-o", "requirements.txt")
    install(world, tool, "-r", "requirements.txt")
    assert world.versions() == ROCM
    assert world.present() == world.fetched()


@pytest.mark.parametrize(("tool", "variable"), [("pip", "PIP_CONSTRAINT"), ("uv", "UV_CONSTRAINT")])
def test_constraints(world: World, tool: str, variable: str) -> None:
    """A variable leads every install of anything to the wheels of this machine."""
    world = world.on("mi300x")
    export(world, "constraints", "-o", "constraints.txt")
    install(world.on(**{variable: "constraints.txt"}), tool, "timm")
    assert world.versions() == ROCM
    assert world.present() == world.fetched()


def test_command(world: World) -> None:
    """The selector's command gets the same wheels."""
    world = world.on("mi300x")
    words = export(world, "command").split()
    world.pip(*words[words.index("install") :])
    assert world.versions() == ROCM


@pytest.mark.parametrize(("tool", "more"), [("pip", ["--no-deps"]), ("uv", [])])
def test_pylock(world: World, tool: str, more: list[str]) -> None:
    """A lock file is taken where it was made for, and refused elsewhere."""
    takes_locks = (26, 1)
    if tool == "pip" and pip_version(world) < takes_locks:
        pytest.skip("this pip takes no lock files")
    export(world, "pylock", "--backend", "rocm7.0", "-o", "pylock.rocm70.toml")
    export(world, "pylock", "--backend", "cpu", "--platform", "win_amd64", "-o", "pylock.win.toml")

    install(world, tool, *more, "-r", "pylock.rocm70.toml")

    assert world.versions() == ROCM
    assert "triton_rocm-3.6.0" in world.present()
    arguments = ("install", *more, "-r", "pylock.win.toml")
    run = world.pip if tool == "pip" else lambda *words, fails: world.uv("pip", *words, fails=fails)
    assert "environment" in run(*arguments, fails=True)


def test_uv(world: World) -> None:
    """With the pasted tables one portable lock holds every backend, and an extra picks one."""
    world.write("full", *ROUTABLE)
    path = world.project / "pyproject.toml"
    ours, _, _ = path.read_text(encoding="utf-8").partition("conflicts = ")
    path.write_text(ours + export(world, "uv").replace("[tool.uv]\n", ""), encoding="utf-8")

    world.uv("lock")

    synced = {}
    for extra in ("cpu", "cu128", "rocm70"):
        world.uv("sync", "--active", "--extra", extra)
        synced[extra] = world.versions()["torch"]
    expected = {"cpu": "2.10.0+cpu", "cu128": "2.10.0+cu128", "rocm70": "2.10.0+rocm7.0"}
    assert expected == synced


def test_extra(world: World) -> None:
    """A script asks for the extra, and the installer takes it."""
    world = world.on("mi300x")
    name = export(world, "extra").strip()
    world.install("uv", what=f".[{name}]")
    assert world.exact() == ROCM


def install(world: World, tool: str, *arguments: str | Path) -> None:
    """Run `pip install` or `uv pip install`."""
    if tool == "uv":
        world.uv("pip", "install", *arguments)
    else:
        world.pip("install", *arguments)


def pip_version(world: World) -> tuple[int, ...]:
    """Return the first two numbers of the environment's pip."""
    return tuple(map(int, world.pip("--version").split()[1].split(".")[:2]))
