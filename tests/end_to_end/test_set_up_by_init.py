"""A project that `init` set up, with real installers: uv from one portable lock, and pip."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from hatch_torch.cli.main import main

if TYPE_CHECKING:
    from tests.end_to_end.conftest import Sandbox

pytestmark = pytest.mark.end_to_end

PROJECT = """\
[build-system]
requires = ["hatchling", "hatch-torch"]
build-backend = "hatchling.build"

[project]
name = "my-app"
version = "1.0"
requires-python = ">=3.11,<3.13"
dependencies = ["torch>=2.6,<2.13", "torchvision"]

[project.optional-dependencies]
dev = ["numpy"]
"""
BACKENDS = {
    "cu126": {"torch==2.12.1+cu126", "torchvision==0.27.1+cu126", "triton==3.7.1"},
    "rocm64": {"torch==2.9.1+rocm6.4", "torchvision==0.24.1+rocm6.4", "pytorch-triton-rocm==3.5.1"},
    "rocm72": {"torch==2.12.1+rocm7.2", "torchvision==0.27.1+rocm7.2", "triton-rocm==3.7.1"},
    "xpu": {"torch==2.12.1+xpu", "torchvision==0.27.1+xpu", "triton-xpu==3.7.1"},
    "cpu": {"torch==2.12.1+cpu", "torchvision==0.27.1+cpu"},
}


@pytest.fixture
def project(sandbox: Sandbox) -> Sandbox:
    """Return a project that `init` set up for all of them, over the embedded index."""
    path = sandbox.add("pyproject.toml", PROJECT)
    assert main(["init", str(sandbox.project), "--yes", "--backends", ",".join(BACKENDS)]) == 0
    text = path.read_text(encoding="utf-8")
    sandbox.add(
        "pyproject.toml",
        text.replace("https://download.pytorch.org/whl", sandbox.index.torch_index),
    )
    return sandbox


def test_uv_syncs_each_backend_from_one_lock(project: Sandbox) -> None:
    """`uv sync --extra` takes the whole family of a backend, and triton, from its own index."""
    project.uv("lock")
    lock = (project.project / "uv.lock").read_bytes()
    for extra, expected in BACKENDS.items():
        output = project.uv("sync", "--locked", "--dry-run", "--extra", extra)
        family = {line[3:] for line in output.splitlines() if line.startswith(" + ")}
        assert {
            name for name in family if name.startswith(("torch", "triton", "pytorch"))
        } == expected
    assert (project.project / "uv.lock").read_bytes() == lock


def test_pip_takes_an_extra(project: Sandbox) -> None:
    """The extra that pip is asked for brings the same, with the triton that it names."""
    project.install("pip", what=".[rocm64]")
    assert project.versions() == {"torch": "2.9.1+rocm6.4", "torchvision": "0.24.1+rocm6.4"}
    assert "pytorch_triton_rocm-3.5.1" in project.present()


@pytest.mark.parametrize("tool", ["pip", "uv"])
def test_detection_still_decides(project: Sandbox, tool: str) -> None:
    """Without an extra it is this machine's."""
    project.on("none").install(tool)
    assert project.versions()["torch"] == "2.12.1+cpu"
