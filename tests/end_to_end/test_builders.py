"""Whoever builds a project, the same is decided and goes to the same places."""

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

MATRIX = pytest.mark.matrix
BUILDERS = ("setuptools", "setup-cfg", "setup-py", "pdm", "scikit-build-core", "static", "full")
"""Forms of projects/; `static` is scikit-build-core's with the requirements in `[project]` too."""
IN_DEFAULT = {
    ("setuptools", "pip"),
    ("setup-cfg", "uv"),
    ("pdm", "uv"),
    ("scikit-build-core", "uv"),
}
CASES = [
    pytest.param(form, tool, marks=() if (form, tool) in IN_DEFAULT else MATRIX)
    for form in BUILDERS
    for tool in ("pip", "uv")
]
WRITTEN = {"numpy", "torch<2.15,>=2.3", "torchvision"}
ON_CUDA = {"torch": "2.14.1+cu126", "torchvision": "0.29.2+cu126"}
ON_ROCM = {"torch": "2.9.1+rocm6.4", "torchvision": "0.24.1+rocm6.4"}
PLAIN = {"torch": "2.14.1", "torchvision": "0.29.2"}
BUILDS = {
    "build": (sys.executable, "-m", "build", "--outdir"),
    "no isolation": (sys.executable, "-m", "build", "--no-isolation", "--outdir"),
    "uv": (find_uv_bin(), "build", "--out-dir"),
}


def write(sandbox: Sandbox, form: str) -> None:
    """Write a project of one of BUILDERS."""
    if form != "static":
        sandbox.write(form)
        return
    own = 'dependencies = ["torch>=2.3,<2.15", "torchvision", "numpy"]'
    sandbox.write(
        "scikit-build-core",
        (f"[tool.torch-variant]\n{own}\n", ""),
        ('version = "1.0"\n', f'version = "1.0"\n{own}\n'),
    )


def plain(lines: list[str]) -> set[str]:
    """Return the requirements that the project wrote, as one backend writes them."""
    own = {line.replace(" ", "").split(";")[0] for line in lines if "@" not in line}
    return {
        "torch<2.15,>=2.3" if requirement.startswith("torch>") else requirement
        for requirement in own
        if "[" not in requirement
    }


@pytest.mark.parametrize(("form", "tool"), CASES)
def test_install(sandbox: Sandbox, form: str, tool: str) -> None:
    """An install gets this machine's wheels, and a second one moves nothing."""
    write(sandbox, form)
    there = sandbox.on("rtx-4090")

    there.install(tool)

    assert there.exact() == ON_CUDA
    assert there.present() == there.fetched() or form == "static"  # what is static stands in front
    assert plain(there.requirements()) >= WRITTEN
    there.index.forget()
    there.install(tool)
    assert there.versions() == ON_CUDA
    assert there.fetched() == set()
    assert form in {"scikit-build-core", "static"} or there.record()["backend"] == "cu126"
    status = (sys.executable, "-m", "hatch_torch", "status")
    there.on(VIRTUAL_ENV=str(there.venv)).run(*status)


@MATRIX
@pytest.mark.parametrize(("form", "tool"), [(f, t) for f in BUILDERS for t in ("pip", "uv")])
def test_an_extra_chooses(sandbox: Sandbox, form: str, tool: str) -> None:
    """A backend's extra decides, also in an install that is not editable."""
    write(sandbox, form)
    there = sandbox.on("rtx-4090")

    if tool == "pip":
        there.pip("install", ".[rocm64]")
    else:
        there.uv("pip", "install", ".[rocm64]")

    assert there.exact() == ON_ROCM
    assert form in {"scikit-build-core", "static"} or there.record()["decided_by"] == "extra rocm64"


@pytest.mark.parametrize(
    ("form", "build"),
    [
        pytest.param(form, build, marks=() if (form, build) in few else MATRIX)
        for few in [{("setuptools", "no isolation"), ("pdm", "uv")}]
        for form in BUILDERS
        for build in BUILDS
    ],
)
def test_portable(sandbox: Sandbox, form: str, build: str, tmp_path: Path) -> None:
    """An sdist, and a wheel from it, hold the requirements as written, after an install as well."""
    write(sandbox, form)
    cuda = sandbox.on("rtx-4090")
    if build == "uv":
        cuda.install("uv")

    cuda.run(*BUILDS[build], tmp_path / "out")

    for artefact in (tmp_path / "out").glob("my_app-1.0*"):
        text = read(artefact)
        requirements = [line for line in text.splitlines() if line.startswith("Requires-Dist: ")]
        assert plain([line.removeprefix("Requires-Dist: ") for line in requirements]) >= WRITTEN
        assert not [
            line for line in requirements if any(mark in line for mark in ("@", "+", "://"))
        ]
        assert "Provides-Extra: rocm64" in text
    assert len([*(tmp_path / "out").glob("my_app-1.0*")]) == 2


def read(artefact: Path) -> str:
    """Return a wheel's METADATA or an sdist's PKG-INFO; neither has a record."""
    if artefact.suffix == ".whl":
        with zipfile.ZipFile(artefact) as wheel:
            assert not [name for name in wheel.namelist() if "torch-variant" in name]
            return wheel.read("my_app-1.0.dist-info/METADATA").decode()
    with tarfile.open(artefact) as sdist:
        assert not [name for name in sdist.getnames() if name.endswith("torch-variant.json")]
        file = sdist.extractfile("my_app-1.0/PKG-INFO")
        return file.read().decode() if file else ""


@MATRIX
@pytest.mark.parametrize("form", BUILDERS)
def test_from_the_sdist(sandbox: Sandbox, form: str, tmp_path: Path) -> None:
    """An install from an sdist gets torch as any other package does; so does `uv lock`."""
    write(sandbox, form)
    cuda = sandbox.on("rtx-4090")
    cuda.run(find_uv_bin(), "build", "--sdist", "--out-dir", tmp_path / "out")

    cuda.uv("pip", "install", next((tmp_path / "out").glob("*.tar.gz")))

    assert cuda.versions() == PLAIN
    assert cuda.exact() == {}
    if form not in {"setup-cfg", "setup-py"}:  # uv locks what has a `[project]`
        cuda.uv("lock")
        assert cuda.index.torch_index not in (cuda.project / "uv.lock").read_text(encoding="utf-8")
