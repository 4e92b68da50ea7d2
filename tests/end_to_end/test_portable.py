"""What is made for any machine holds the requirements as they were written, and nothing else."""

from __future__ import annotations

import sys
import tarfile
import zipfile
from typing import TYPE_CHECKING

import pytest
from uv import find_uv_bin

if TYPE_CHECKING:
    from pathlib import Path

    from tests.end_to_end.conftest import Sandbox

pytestmark = pytest.mark.end_to_end

FAMILY = ["torch<2.15,>=2.3", "torchvision"]
# Hatchling writes out what an extra contains: `all` is `rocm64`, so it holds the same.
EXTRAS = ("all", "cpu", "cu126", "cu128", "rocm64", "rocm70")
WITH_AUDIO = ["numpy", "torch<2.15,>=2.3", "torchaudio", "torchvision"]
FORMS = {
    "smallest": WITH_AUDIO,
    "one-table": WITH_AUDIO,
    "one-hook": WITH_AUDIO,
    "full": [
        *("numpy", *FAMILY, "torchaudio; extra == 'sound'"),
        *(f"{line}; extra == '{extra}'" for extra in EXTRAS for line in FAMILY),
    ],
}
BUILDS = {
    "build": (sys.executable, "-m", "build", "--outdir"),
    "build-without-isolation": (sys.executable, "-m", "build", "--no-isolation", "--outdir"),
    "hatchling": (sys.executable, "-m", "hatchling", "build", "--directory"),
    "uv": (find_uv_bin(), "build", "--out-dir"),
}


def requirements_of(artefact: Path) -> list[str]:
    """Return the requirements of a wheel's METADATA or of an sdist's PKG-INFO, sorted."""
    if artefact.suffix == ".whl":
        with zipfile.ZipFile(artefact) as wheel:
            (name,) = (name for name in wheel.namelist() if name.endswith(".dist-info/METADATA"))
            text = wheel.read(name).decode()
            assert not [name for name in wheel.namelist() if "torch-variant" in name]
    else:
        with tarfile.open(artefact) as sdist:
            file = sdist.extractfile("my_app-1.0/PKG-INFO")
            text = file.read().decode() if file else ""
    lines = [line for line in text.splitlines() if line.startswith("Requires-Dist: ")]
    return sorted(line.removeprefix("Requires-Dist: ") for line in lines)


def assert_portable(folder: Path, form: str, count: int) -> None:
    """Check that each artefact requires what the project wrote, whatever machine made it."""
    artefacts = [*folder.glob("my_app-1.0*")]
    assert len(artefacts) == count
    for artefact in artefacts:
        requirements = requirements_of(artefact)
        assert requirements == sorted(FORMS[form])
        assert not [
            line for line in requirements if any(mark in line for mark in ("@", "+", "://"))
        ]


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("build", ["hatchling", "uv"])
def test_sdist_and_wheel(sandbox: Sandbox, build: str, form: str, tmp_path: Path) -> None:
    """An sdist and a wheel are portable, also where one process makes both."""
    sandbox.write(form)

    sandbox.on("rtx-4090").run(*BUILDS[build], tmp_path / "out")

    assert_portable(tmp_path / "out", form, 2)


@pytest.mark.parametrize(
    ("build", "form"),
    [("build", "full"), ("build-without-isolation", "smallest"), ("build", "one-hook")],
)
def test_python_build(sandbox: Sandbox, build: str, form: str, tmp_path: Path) -> None:
    """`python -m build` makes a portable wheel from a portable sdist."""
    sandbox.write(form)

    sandbox.on("rtx-4090").run(*BUILDS[build], tmp_path / "out")

    assert_portable(tmp_path / "out", form, 2)


@pytest.mark.parametrize("form", ["full", "one-table"])
def test_hatch_build(sandbox: Sandbox, form: str, tmp_path: Path) -> None:
    """`hatch build` makes both from the checkout."""
    pytest.importorskip("hatch", reason="hatch is not installed")
    sandbox.write(form)

    sandbox.on("rtx-4090").run(sys.executable, "-m", "hatch", "build", tmp_path / "out")

    assert_portable(tmp_path / "out", form, 2)


@pytest.mark.parametrize("form", ["full", "smallest", "one-hook"])
def test_pip_wheel(sandbox: Sandbox, form: str, tmp_path: Path) -> None:
    """`pip wheel` is portable."""
    sandbox.write(form)

    sandbox.on("rtx-4090").pip("wheel", ".", "--no-deps", "-w", tmp_path / "out")

    assert_portable(tmp_path / "out", form, 1)


@pytest.mark.parametrize("tool", ["pip", "uv"])
def test_install_from_the_sdist(sandbox: Sandbox, tool: str, tmp_path: Path) -> None:
    """An install from an sdist gets torch as any other package does, and never goes without it."""
    sandbox.write("one-table")
    cuda = sandbox.on("rtx-4090")
    cuda.run(*BUILDS["hatchling"], tmp_path / "out")
    (sdist,) = (tmp_path / "out").glob("*.tar.gz")

    if tool == "pip":
        cuda.pip("install", sdist)
    else:
        cuda.uv("pip", "install", sdist)

    assert sandbox.versions() == {
        "torch": "2.14.1",
        "torchaudio": "2.11.0",
        "torchvision": "0.29.2",
    }
    assert sandbox.exact() == {}


@pytest.mark.parametrize(
    "command",
    [
        ("pip", "lock", "-e", ".", "-o", "-"),
        ("uv", "pip", "compile", "pyproject.toml"),
        ("uv", "export"),
        ("uv", "tree"),
    ],
    ids=" ".join,
)
@pytest.mark.parametrize("form", ["full", "one-table"])
def test_locks(sandbox: Sandbox, form: str, command: tuple[str, ...]) -> None:
    """What is locked or shown for any machine knows torch from the default index alone."""
    sandbox.write(form)
    tool, *arguments = command
    cuda = sandbox.on("rtx-4090")

    output = (cuda.pip if tool == "pip" else cuda.uv)(*arguments)

    assert "torch" in output
    assert "2.14.1" in output
    assert sandbox.index.torch_index not in output
    assert not [mark for mark in ("+cu", "%2Bcu", "+cpu") if mark in output]


def test_folder_called_install(sandbox: Sandbox, tmp_path: Path) -> None:
    """A word of the command line that only looks like a sub-command decides nothing."""
    sandbox.write("full")
    sandbox.project.rename(sandbox.folder / "install")
    cuda, folder = sandbox.on("rtx-4090"), sandbox.folder
    out = tmp_path / "pip install"

    cuda.run(
        sandbox.python, "-m", "pip", "wheel", "./install", "--no-deps", "-w", out, folder=folder
    )

    assert_portable(out, "full", 1)


def test_folder_called_wheel(sandbox: Sandbox) -> None:
    """An install of a folder called wheel is an install."""
    sandbox.write("full")
    sandbox.project.rename(sandbox.folder / "wheel")
    cuda, folder = sandbox.on("rtx-4090"), sandbox.folder

    cuda.run(sandbox.python, "-m", "pip", "install", "-e", "./wheel", folder=folder)

    assert sandbox.exact() == {"torch": "2.14.1+cu126", "torchvision": "0.29.2+cu126"}
