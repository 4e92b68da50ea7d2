"""uv keeps a hook's answers: locks and installs share one warm cache, undisturbed."""

from __future__ import annotations

import re
import shutil
import sys
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.end_to_end.conftest import World

pytestmark = pytest.mark.end_to_end

ON_CUDA = {"torch": "2.14.1+cu126", "torchvision": "0.29.2+cu126"}
ON_CPU = {"torch": "2.14.1+cpu", "torchvision": "0.29.2+cpu"}
FORMS = ["full", pytest.param("one-table", marks=pytest.mark.matrix)]
STAMP = ".torch-variant.stamp"
COUNTING = """
from hatchling.builders.hooks.plugin.interface import BuildHookInterface
class Counting(BuildHookInterface):
    def initialize(self, version, build_data):
        with open("asked.log", "a", encoding="utf-8") as log:
            log.write(f"{version}\\n")
"""
KEY = 'cache-keys = [{ file = "pyproject.toml" }, { file = ".torch-variant.stamp" }]'


def locked(world: World) -> str:
    """Lock anew, and return what uv.lock holds."""
    (world.project / "uv.lock").unlink(missing_ok=True)
    world.uv("lock")
    return (world.project / "uv.lock").read_text(encoding="utf-8")


def assert_portable(world: World, lock: str) -> None:
    """Check that a lock knows torch from the default index alone, in no variant."""
    assert 'name = "torch"\nversion = "2.14.1"\n' in lock
    assert world.index.torch_index not in lock
    assert not re.search(r"(\+|%2B)(cu|cpu|rocm|xpu)", lock)


@pytest.mark.parametrize("form", FORMS)
def test_install_then_lock(world: World, form: str) -> None:
    """A lock after an install is portable, and a fresh environment gets the exact wheel again."""
    world.write(form)
    cuda = world.on("rtx-4090")
    cuda.install("uv")

    assert_portable(world, locked(cuda))

    shutil.rmtree(world.venv)
    cuda.install("uv")
    assert cuda.exact().items() >= ON_CUDA.items()


@pytest.mark.parametrize("form", FORMS)
def test_lock_then_install(world: World, form: str) -> None:
    """An install after a lock gets the exact wheel, and the lock is the same on any machine."""
    world.write(form)
    lock = locked(world.on("rtx-4090"))

    world.on("rtx-4090").install("uv")

    assert world.exact().items() >= ON_CUDA.items()
    assert locked(world.on("none")) == lock
    world.install("uv")
    assert world.exact().items() >= ON_CPU.items()
    assert locked(world.on("rtx-4090")) == lock


def test_sync(world: World) -> None:
    """`uv sync` installs what the lock says, also on a cache that holds this machine's answer."""
    world.on("rtx-4090").install("uv")

    world.on("rtx-4090").uv("sync")

    (torch,) = (world.project / ".venv").rglob("torch-*.dist-info")
    assert torch.name == "torch-2.14.1.dist-info"
    assert world.exact() == ON_CUDA


def test_smallest_form(world: World) -> None:
    """Uv never asks a project with nothing dynamic: it is told what to paste, which then works."""
    world.write("smallest")
    cuda = world.on("rtx-4090")

    told = cuda.refusal("uv")

    lines = ('dynamic = ["optional-dependencies"]', "[tool.hatch.metadata.hooks.torch-variant]")
    assert all(line in told for line in lines)
    assert "TORCH_VARIANT=portable" in told
    assert world.versions() == {}

    world.write("smallest", ("[tool.hatch.build", "\n".join([*lines, "[tool.hatch.build"])))
    cuda.install("uv")
    assert cuda.exact().items() >= ON_CUDA.items()


def test_smallest_form_portable(world: World) -> None:
    """With TORCH_VARIANT=portable uv installs the smallest form as any other project."""
    world.write("smallest")

    world.on("rtx-4090", TORCH_VARIANT="portable").install("uv")

    assert world.versions()["torch"] == "2.14.1"
    assert world.exact() == {}


def test_missing_cache_key(world: World) -> None:
    """Without the stamp among the cache keys an install beside a uv.lock is refused, else noted."""
    world.write("full", (KEY, ""))

    world.on("rtx-4090").install("uv")

    assert world.exact() == ON_CUDA
    assert KEY in " ".join(world.record()["warnings"])

    world.add("uv.lock", "version = 1\n")

    assert KEY in world.on("rtx-4090").refusal("uv")


def asked(world: World) -> list[str]:
    """Return the kinds of build that hatchling made since the last look, one a build."""
    log = world.project / "asked.log"
    kinds = log.read_text(encoding="utf-8").split() if log.exists() else []
    log.unlink(missing_ok=True)
    return kinds


def test_asks_each_time(world: World) -> None:
    """Each run of uv asks the hook; once, where the stamp is a link that the first run left."""
    world.write("full", more="\n[tool.hatch.build.hooks.custom]\n")
    world.add("hatch_build.py", COUNTING)
    world.uv("lock")
    assert asked(world)

    for command in (("pip", "install", "-e", "."), ("lock", "--upgrade"), ("lock", "--upgrade")):
        world.uv(*command)
        builds = asked(world)
        assert builds == ["editable"] if sys.platform == "linux" else builds

    assert world.exact() == ON_CPU


def test_stamp(world: World) -> None:
    """Each run under uv rewrites a stamp that git does not ignore; pip leaves it alone."""
    world.add(".gitignore", "")
    stamps = []
    for command in (("lock",), ("pip", "install", "-e", "."), ("lock", "--upgrade")):
        world.uv(*command)
        stamps.append((world.project / STAMP).read_text(encoding="utf-8"))
    assert world.exact() == ON_CPU

    world.install("pip")

    stamps.append((world.project / STAMP).read_text(encoding="utf-8"))
    assert len(set(stamps)) == 3
    assert stamps[2] == stamps[3]
    assert world.versions() == ON_CPU


def test_pip_needs_no_stamp(world: World) -> None:
    """Only uv has a cache of answers."""
    world.install("pip")

    assert not (world.project / STAMP).exists()
    assert world.versions() == ON_CPU
