"""Where a checkout may lie, and who may install it."""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.end_to_end.conftest import Sandbox

pytestmark = [pytest.mark.end_to_end, pytest.mark.matrix]

ON_CUDA = {"torch": "2.14.1+cu126", "torchvision": "0.29.2+cu126"}
TOOLS = pytest.mark.parametrize("tool", ["pip", "uv"])
MACHINE = (
    '{"accelerators": [{"vendor": "nvidia", "name": "RTX 4090", "architecture": "sm_89"}],'
    ' "nvidia": {"driver": "550.54.15"}}'
)
NOBODY = 65534
IS_ROOT = os.geteuid() == 0


@TOOLS
def test_spaces_and_letters(sandbox: Sandbox, tool: str) -> None:
    """A path with spaces, quotation marks and letters of any script is a path."""
    there = sandbox.on("rtx-4090").elsewhere("Ann's Ünïcode 雪 #1 [a]")
    there.write("full")

    there.install(tool, what=".[sound]")

    assert there.exact() == {**ON_CUDA, "torchaudio": "2.11.0+cu126"}


@TOOLS
def test_full_path(sandbox: Sandbox, tool: str) -> None:
    """So it is where it is written out, with an extra behind it."""
    there = sandbox.on("rtx-4090").elsewhere("Ünïcode 雪 und mehr")
    there.write("full")

    there.install(tool, what=f"{there.project}[rocm64]")

    assert there.versions()["torch"] == "2.9.1+rocm6.4"


@TOOLS
def test_no_home(sandbox: Sandbox, tool: str) -> None:
    """HOME may be unset."""
    environ = {name: value for name, value in sandbox.environ.items() if name != "HOME"}

    replace(sandbox, environ=environ).on("rtx-4090").install(tool)

    assert sandbox.exact() == ON_CUDA


@dataclass(frozen=True)
class User:
    """An ordinary user, who owns an environment but not the checkout."""

    sandbox: Sandbox

    def run(self, *command: str | Path) -> None:
        """Run a command as that user, in the checkout."""
        nobody = ("setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups")
        self.sandbox.run(*(nobody if IS_ROOT else ()), *command)

    def installs(self, tool: str) -> None:
        """Run `pip install -e .`, or that of uv."""
        options = ("install", "-e", ".")
        if tool == "pip":
            self.run(self.sandbox.python, "-m", "pip", *options)
        else:
            self.run(self.sandbox.uv_program, "pip", *options, "--python", self.sandbox.python)


@pytest.fixture
def user(sandbox: Sandbox) -> Iterator[User]:
    """Make a sandbox that others may enter, with a checkout that nobody can write to."""
    with tempfile.TemporaryDirectory() as name:
        there = replace(sandbox, folder=Path(name))
        environ = {
            key: value.replace(str(sandbox.folder), name) for key, value in there.environ.items()
        }
        own = {"TORCH_VARIANT_HARDWARE": MACHINE, "VIRTUALENV_PYTHON": anybodys_python()}
        there = replace(there, environ=environ).on(**own)
        there.write("full")
        assert there.python.exists()
        there.project.chmod(0o555)
        if IS_ROOT:
            give(there.folder)
        yield User(there)
        there.project.chmod(0o755)


def anybodys_python() -> str:
    """Return an interpreter that others may run; root's own often lies in root's home."""
    version = ".".join(map(str, sys.version_info[:2]))
    interpreter = shutil.which(f"python{version}", path=os.defpath) if IS_ROOT else sys.executable
    return interpreter or pytest.skip(f"no Python {version} that an ordinary user may run")


def give(folder: Path) -> None:
    """Make a user who is nobody in particular the owner of all but the checkout."""
    for path in (folder, *folder.rglob("*")):
        if "checkout" not in path.relative_to(folder).parts:
            os.chown(path, NOBODY, NOBODY, follow_symlinks=False)


@TOOLS
def test_read_only_checkout(user: User, tool: str) -> None:
    """An ordinary user installs a checkout that can't be written to."""
    user.installs(tool)

    assert user.sandbox.exact() == ON_CUDA
    assert not (user.sandbox.project / ".torch-variant.stamp").exists()


@pytest.mark.skipif(not IS_ROOT, reason="only root can become somebody without a home")
def test_no_place_for_a_cache(user: User) -> None:
    """Whoever has no home, and nowhere to keep a page, installs all the same."""
    environ = {**user.sandbox.environ, "HOME": "/nonexistent"}
    environ.pop("TORCH_VARIANT_CACHE_DIR")

    User(replace(user.sandbox, environ=environ)).installs("pip")

    assert user.sandbox.exact() == ON_CUDA
