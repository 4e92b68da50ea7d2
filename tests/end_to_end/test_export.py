"""`hatch-torch export`: real installers take what it writes."""

from __future__ import annotations

import sys
from functools import partial
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pathlib import Path

    from tests.end_to_end.conftest import Sandbox

pytestmark = pytest.mark.end_to_end

ROCM = {"torch": "2.10.0+rocm7.0", "torchvision": "0.25.0+rocm7.0"}
# uv routes by name alone, and each extra by what it requires itself.
ROUTABLE = (
    ('sound = ["torchaudio"]\nall = ["my-app[rocm64]"]\n', ""),
    ("[tool.torch-variant.extras.rocm64]\n", ""),
    ("extras.rocm70]", "extras.rocm70]\ndependencies = [\"triton-rocm; sys_platform == 'linux'\"]"),
    ("torch>=2.3,<2.15", "torch==2.10.*"),
)


def export(sandbox: Sandbox, form: str, *more: str | Path) -> str:
    """Run `hatch-torch export` in the checkout; return what it said."""
    command = ("-m", "hatch_torch", "export", "--format", form, *more)
    return sandbox.run(sys.executable, *command)


@pytest.mark.parametrize("tool", ["pip", "uv"])
def test_requirements_of_the_project(sandbox: Sandbox, tool: str) -> None:
    """The family and what only its index has come by URL, each fetched once."""
    sandbox = sandbox.on("mi300x")
    export(sandbox, "requirements", "-o", "requirements.txt")
    install(sandbox, tool, "-r", "requirements.txt")
    assert sandbox.versions() == ROCM
    assert sandbox.present() == sandbox.fetched()


@pytest.mark.parametrize(("tool", "variable"), [("pip", "PIP_CONSTRAINT"), ("uv", "UV_CONSTRAINT")])
def test_constraints(sandbox: Sandbox, tool: str, variable: str) -> None:
    """A variable leads every install of anything to the wheels of this machine."""
    sandbox = sandbox.on("mi300x")
    export(sandbox, "constraints", "-o", "constraints.txt")
    install(sandbox.on(**{variable: "constraints.txt"}), tool, "timm")
    assert sandbox.versions() == ROCM
    assert sandbox.present() == sandbox.fetched()


def test_command(sandbox: Sandbox) -> None:
    """The selector's command gets the same wheels."""
    sandbox = sandbox.on("mi300x")
    words = export(sandbox, "command").split()
    sandbox.pip(*words[words.index("install") :])
    assert sandbox.versions() == ROCM


@pytest.mark.parametrize("tool", ["pip", "uv"])
def test_pylock(sandbox: Sandbox, tool: str) -> None:
    """A lock file holds the whole install where it was made for, and is refused elsewhere."""
    takes_locks = (26, 1)
    if tool == "pip" and pip_version(sandbox) < takes_locks:
        pytest.skip("this pip takes no lock files")
    sandbox.write("full", ('"numpy"', '"numpy", "timm"'))
    export(sandbox, "pylock", "--backend", "rocm7.0", "-o", "pylock.rocm70.toml")
    export(
        sandbox, "pylock", "--backend", "cpu", "--platform", "win_amd64", "-o", "pylock.win.toml"
    )

    install(sandbox, tool, "-r", "pylock.rocm70.toml")

    assert sandbox.versions() == ROCM
    assert "triton_rocm-3.6.0" in sandbox.present()
    assert sandbox.infos("timm")
    assert sandbox.infos("sympy")
    sandbox.uv("pip", "check")
    run = sandbox.pip if tool == "pip" else partial(sandbox.uv, "pip")
    assert "environment" in run("install", "-r", "pylock.win.toml", fails=True)


@pytest.mark.parametrize("tool", ["pip", "uv"])
def test_requirements_with_hashes(sandbox: Sandbox, tool: str) -> None:
    """Every package of the install has a hash, which both installers check."""
    sandbox.write("full", ('"numpy"', '"numpy", "timm"'))
    export(sandbox.on("mi300x"), "requirements", "--hashes", "-o", "requirements.txt")
    install(sandbox, tool, "--require-hashes", "-r", "requirements.txt")
    assert sandbox.versions() == ROCM
    assert sandbox.infos("timm")
    sandbox.uv("pip", "check")


def test_packages_that_cannot_be_known(sandbox: Sandbox) -> None:
    """A package that only a build could know is named, and the others are locked."""
    sandbox.write("full", ('"numpy"', '"numpy", "mine @ git+https://git.example.org/mine"'))
    output = export(sandbox, "pylock", "--backend", "cpu", "-o", "pylock.toml")
    assert "warning: mine is left out: no index has a file of it" in output
    assert 'name = "sympy"' in (sandbox.project / "pylock.toml").read_text(encoding="utf-8")


def test_uv(sandbox: Sandbox) -> None:
    """With the pasted tables one portable lock holds every backend, and an extra picks one."""
    sandbox.write("full", *ROUTABLE)
    path = sandbox.project / "pyproject.toml"
    ours, _, _ = path.read_text(encoding="utf-8").partition("conflicts = ")
    path.write_text(ours + export(sandbox, "uv").replace("[tool.uv]\n", ""), encoding="utf-8")

    sandbox.uv("lock")

    synced = {}
    for extra in ("cpu", "cu128", "rocm70"):
        sandbox.uv("sync", "--active", "--extra", extra)
        synced[extra] = sandbox.versions()["torch"]
    expected = {"cpu": "2.10.0+cpu", "cu128": "2.10.0+cu128", "rocm70": "2.10.0+rocm7.0"}
    assert expected == synced


def test_extra(sandbox: Sandbox) -> None:
    """A script asks for the extra, and the installer takes it."""
    sandbox = sandbox.on("mi300x")
    name = export(sandbox, "extra").strip()
    sandbox.install("uv", what=f".[{name}]")
    assert sandbox.exact() == ROCM


def install(sandbox: Sandbox, tool: str, *arguments: str | Path) -> None:
    """Run `pip install` or `uv pip install`."""
    if tool == "uv":
        sandbox.uv("pip", "install", *arguments)
    else:
        sandbox.pip("install", *arguments)


def pip_version(sandbox: Sandbox) -> tuple[int, ...]:
    """Return the first two numbers of the environment's pip."""
    return tuple(map(int, sandbox.pip("--version").split()[1].split(".")[:2]))
