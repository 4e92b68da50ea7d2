"""Builds on machines that lack something: the hook through hatchling, with `pip install` above."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any
from zipfile import ZipFile

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.end_to_end.conftest import Sandbox

PROGRAM = Path(__file__).with_name("builds.py")


@dataclass(frozen=True)
class Built:
    """What a build left behind."""

    added: tuple[str, ...]
    """The requirements by URL, as METADATA has them."""
    record: Any
    """The record, None where there is none."""

    @classmethod
    def of(cls, wheel: Path) -> Built:
        """Look into a wheel."""
        with ZipFile(wheel) as archive:
            files = {name.rpartition("/")[2]: archive.read(name) for name in archive.namelist()}
        lines = files["METADATA"].decode("utf-8").splitlines()
        added = (line.removeprefix("Requires-Dist: ") for line in lines if " @ " in line)
        return cls(tuple(added), json.loads(files.get("torch-variant.json", "null")))


@dataclass(frozen=True)
class Builder:
    """Builds a sandbox's project."""

    sandbox: Sandbox

    @property
    def cache(self) -> Path:
        """The cache's folder."""
        return Path(self.sandbox.environ["TORCH_VARIANT_CACHE_DIR"])

    def with_variables(self, *without: str, **variables: str) -> Builder:
        """Return the same with variables set, and others not."""
        sandbox = self.sandbox.on(**variables)
        for name in without:
            sandbox.environ.pop(name, None)  # type: ignore[attr-defined] # it is a dict of our own
        return Builder(sandbox)

    def run(self, *before: str) -> str:
        """Run the program, behind other words; return what it said."""
        program = self.sandbox.folder / "bin" / "pip"
        program.parent.mkdir(exist_ok=True)
        shutil.copy(PROGRAM, program)
        self.wheels.mkdir(exist_ok=True)
        sandbox = self.sandbox.on(WHEELS=str(self.wheels))
        return sandbox.run(*before, sys.executable, program, "install", "-e", ".")

    def __call__(self, *before: str) -> Built:
        """Build once, behind other words (`sh -c …`)."""
        for wheel in self.wheels.glob("*.whl"):
            wheel.unlink()
        self.run(*before)
        (built,) = self.built()
        return built

    def built(self, pattern: str = "*.whl") -> list[Built]:
        """Return what has been built."""
        return [Built.of(path) for path in sorted(self.wheels.glob(pattern))]

    @property
    def wheels(self) -> Path:
        """Where the wheels lie."""
        return self.sandbox.folder / "wheels"


@pytest.fixture
def build(sandbox: Sandbox) -> Builder:
    """Return what builds on a machine with a GPU."""
    return Builder(sandbox.on("rtx-4090"))


@pytest.fixture
def mounted(tmp_path: Path) -> Iterator[Path]:
    """Mount a small file system in memory, where this may be done."""
    folder = tmp_path / "mounted"
    folder.mkdir()
    command = ("mount", "-t", "tmpfs", "-o", "size=16k,mode=700", "none", str(folder))
    if shutil.which("mount") is None or subprocess.run(command, check=False).returncode:
        pytest.skip("nothing may be mounted here")
    yield folder
    away = ("umount", str(folder))
    subprocess.run(away, check=True)


@pytest.fixture
def read_only(mounted: Path) -> Path:
    """Return a folder that nobody may write to, not even root."""
    command = ("mount", "-o", "remount,ro", str(mounted))
    subprocess.run(command, check=True)
    assert not os.access(mounted, os.W_OK)
    return mounted


@pytest.fixture
def without_home() -> tuple[str, ...]:
    """Return the words that make a command that of a user without a name and a home."""
    command = ("unshare", "--user", "--map-user=54321")
    if (
        shutil.which("unshare") is None
        or subprocess.run((*command, "true"), check=False).returncode
    ):
        pytest.skip("nobody may become another user here")
    return ("env", "-u", "HOME", *command)
