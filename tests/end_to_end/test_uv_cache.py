"""uv keeps a hook's answers: locks and installs share one warm cache, undisturbed."""

from __future__ import annotations

import re
import shutil
import sys
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.end_to_end.conftest import Sandbox

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


def locked(sandbox: Sandbox) -> str:
    """Lock anew, and return what uv.lock holds."""
    (sandbox.project / "uv.lock").unlink(missing_ok=True)
    sandbox.uv("lock")
    return (sandbox.project / "uv.lock").read_text(encoding="utf-8")


def assert_portable(sandbox: Sandbox, lock: str) -> None:
    """Check that a lock knows torch from the default index alone, in no variant."""
    assert 'name = "torch"\nversion = "2.14.1"\n' in lock
    assert sandbox.index.torch_index not in lock
    assert not re.search(r"(\+|%2B)(cu|cpu|rocm|xpu)", lock)


@pytest.mark.parametrize("form", FORMS)
def test_install_then_lock(sandbox: Sandbox, form: str) -> None:
    """A lock after an install is portable, and a fresh environment gets the exact wheel again."""
    sandbox.write(form)
    cuda = sandbox.on("rtx-4090")
    cuda.install("uv")

    assert_portable(sandbox, locked(cuda))

    shutil.rmtree(sandbox.venv)
    cuda.install("uv")
    assert cuda.exact().items() >= ON_CUDA.items()


@pytest.mark.parametrize("form", FORMS)
def test_lock_then_install(sandbox: Sandbox, form: str) -> None:
    """An install after a lock gets the exact wheel, and the lock is the same on any machine."""
    sandbox.write(form)
    lock = locked(sandbox.on("rtx-4090"))

    sandbox.on("rtx-4090").install("uv")

    assert sandbox.exact().items() >= ON_CUDA.items()
    assert locked(sandbox.on("none")) == lock
    sandbox.install("uv")
    assert sandbox.exact().items() >= ON_CPU.items()
    assert locked(sandbox.on("rtx-4090")) == lock


def test_sync(sandbox: Sandbox) -> None:
    """`uv sync` installs what the lock says, also on a cache that holds this machine's answer."""
    sandbox.on("rtx-4090").install("uv")

    sandbox.on("rtx-4090").uv("sync")

    (torch,) = (sandbox.project / ".venv").rglob("torch-*.dist-info")
    assert torch.name == "torch-2.14.1.dist-info"
    assert sandbox.exact() == ON_CUDA


def test_smallest_form(sandbox: Sandbox) -> None:
    """Uv never asks a project with nothing dynamic: it is told what to paste, which then works."""
    sandbox.write("smallest")
    cuda = sandbox.on("rtx-4090")

    output = cuda.refusal("uv")

    lines = ('dynamic = ["optional-dependencies"]', "[tool.hatch.metadata.hooks.torch-variant]")
    assert all(line in output for line in lines)
    assert "TORCH_VARIANT=portable" in output
    assert sandbox.versions() == {}

    sandbox.write("smallest", ("[tool.hatch.build", "\n".join([*lines, "[tool.hatch.build"])))
    cuda.install("uv")
    assert cuda.exact().items() >= ON_CUDA.items()


def test_smallest_form_portable(sandbox: Sandbox) -> None:
    """With TORCH_VARIANT=portable uv installs the smallest form as any other project."""
    sandbox.write("smallest")

    sandbox.on("rtx-4090", TORCH_VARIANT="portable").install("uv")

    assert sandbox.versions()["torch"] == "2.14.1"
    assert sandbox.exact() == {}


def test_missing_cache_key(sandbox: Sandbox) -> None:
    """Without the stamp among the cache keys an install beside a uv.lock is refused, else noted."""
    sandbox.write("full", (KEY, ""))

    sandbox.on("rtx-4090").install("uv")

    assert sandbox.exact() == ON_CUDA
    assert KEY in " ".join(sandbox.record()["warnings"])

    sandbox.add("uv.lock", "version = 1\n")

    assert KEY in sandbox.on("rtx-4090").refusal("uv")


def asked(sandbox: Sandbox) -> list[str]:
    """Return the kinds of build that hatchling made since the last look, one a build."""
    log = sandbox.project / "asked.log"
    kinds = log.read_text(encoding="utf-8").split() if log.exists() else []
    log.unlink(missing_ok=True)
    return kinds


def test_asks_each_time(sandbox: Sandbox) -> None:
    """Each run of uv asks the hook; once, where the stamp is a link that the first run left."""
    sandbox.write("full", more="\n[tool.hatch.build.hooks.custom]\n")
    sandbox.add("hatch_build.py", COUNTING)
    sandbox.uv("lock")
    assert asked(sandbox)

    for command in (("pip", "install", "-e", "."), ("lock", "--upgrade"), ("lock", "--upgrade")):
        sandbox.uv(*command)
        builds = asked(sandbox)
        assert builds == ["editable"] if sys.platform == "linux" else builds

    assert sandbox.exact() == ON_CPU


def test_stamp(sandbox: Sandbox) -> None:
    """Each run under uv rewrites a stamp that git does not ignore; pip leaves it alone."""
    sandbox.add(".gitignore", "")
    stamps = []
    for command in (("lock",), ("pip", "install", "-e", "."), ("lock", "--upgrade")):
        sandbox.uv(*command)
        stamps.append((sandbox.project / STAMP).read_text(encoding="utf-8"))
    assert sandbox.exact() == ON_CPU

    sandbox.install("pip")

    stamps.append((sandbox.project / STAMP).read_text(encoding="utf-8"))
    assert len(set(stamps)) == 3
    assert stamps[2] == stamps[3]
    assert sandbox.versions() == ON_CPU


def test_pip_needs_no_stamp(sandbox: Sandbox) -> None:
    """Only uv has a cache of answers."""
    sandbox.install("pip")

    assert not (sandbox.project / STAMP).exists()
    assert sandbox.versions() == ON_CPU
