"""Who decides: extras, variables, the table, requirements and constraints, before detection."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.end_to_end.conftest import Sandbox

pytestmark = pytest.mark.end_to_end

ON_ROCM64 = {"torch": "2.9.1+rocm6.4", "torchvision": "0.24.1+rocm6.4"}
ON_CUDA = {"torch": "2.14.1+cu126", "torchvision": "0.29.2+cu126"}
ON_CPU = {"torch": "2.14.1+cpu", "torchvision": "0.29.2+cpu"}
OTHER = """
[build-system]
requires = ["hatchling"]
build-backend = "hatchling.build"

[project]
name = "other"
version = "1.0"
dependencies = ["my-app[rocm64]"]
"""
OWN_VARIABLE = '\n[tool.torch-variant]\nenvironment-variable = "My_App__Backend"\n'


@pytest.mark.parametrize("tool", ["pip", "uv"])
def test_extra(sandbox: Sandbox, tool: str) -> None:
    """`pip install -e '.[rocm64]'` chooses ROCm 6.4, whatever the hardware and the variables."""
    sandbox.on("rtx-4090", TORCH_VARIANT="cpu").install(tool, what=".[rocm64]")

    assert sandbox.exact() == ON_ROCM64
    assert sandbox.present() == sandbox.fetched()
    assert sandbox.record()["decided_by"] == "extra rocm64"


@pytest.mark.parametrize("tool", ["pip", "uv"])
def test_extra_that_contains_a_backend(sandbox: Sandbox, tool: str) -> None:
    """An extra that contains a backend's extra asks for that backend."""
    sandbox.on("rtx-4090").install(tool, what=".[all]")

    assert sandbox.exact() == ON_ROCM64


@pytest.mark.parametrize("tool", ["pip", "uv"])
def test_extra_in_a_requirements_file(sandbox: Sandbox, tool: str) -> None:
    """An extra that is asked for by a line of a requirements file counts."""
    sandbox.add("requirements.txt", "numpy\n-e .[rocm64]\n")

    if tool == "pip":
        sandbox.on("rtx-4090").pip("install", "-r", "requirements.txt")
    else:
        sandbox.on("rtx-4090").uv("pip", "install", "-r", "requirements.txt")

    assert sandbox.exact() == ON_ROCM64


def test_ordinary_extra(sandbox: Sandbox) -> None:
    """torchaudio, of an extra that is asked for, comes with the family; else it stays away."""
    cuda = sandbox.on("rtx-4090")
    cuda.install("uv")
    assert sandbox.exact() == ON_CUDA
    assert any("torchaudio @ " in line for line in sandbox.requirements())

    cuda.install("uv", what=".[sound]")

    assert sandbox.exact() == {**ON_CUDA, "torchaudio": "2.11.0+cu126"}


@pytest.mark.parametrize(
    ("variables", "decided_by", "expected"),
    [
        ({"TORCH_VARIANT": "cpu"}, "TORCH_VARIANT", ON_CPU),
        ({"TORCH_VARIANT": "ROCm6.4", "My_App__Backend": "cpu"}, "TORCH_VARIANT", ON_ROCM64),
        ({"My_App__Backend": "CPU", "UV_TORCH_BACKEND": "rocm6.4"}, "My_App__Backend", ON_CPU),
        ({"UV_TORCH_BACKEND": "cpu"}, "UV_TORCH_BACKEND", ON_CPU),
        ({}, "tool.torch-variant.backend", ON_ROCM64),
    ],
)
def test_precedence(
    sandbox: Sandbox, variables: dict[str, str], decided_by: str, expected: dict[str, str]
) -> None:
    """TORCH_VARIANT goes before the project's variable, uv's variable, and the table."""
    sandbox.write("full", more=OWN_VARIABLE + 'backend = "rocm64"\n')

    sandbox.on("rtx-4090", **variables).install("uv")

    assert sandbox.exact() == expected
    assert sandbox.record()["decided_by"] == decided_by


def test_foreign_wish_of_uv(sandbox: Sandbox) -> None:
    """UV_TORCH_BACKEND, which people export for everything, is ignored where it can't be."""
    sandbox.on("rtx-4090", UV_TORCH_BACKEND="cu118").install("pip")

    assert sandbox.exact() == ON_CUDA
    assert any("UV_TORCH_BACKEND" in warning for warning in sandbox.record()["warnings"])


def test_family_in_the_table(sandbox: Sandbox) -> None:
    """`backend = "cuda"` takes the best CUDA even beside a GPU that has none."""
    sandbox.write("full", more='\n[tool.torch-variant]\nbackend = "cuda"\n')

    sandbox.on("rtx-4090").install("uv")

    assert sandbox.exact() == ON_CUDA
    record = sandbox.record()
    assert (record["backend"], record["decided_by"]) == ("cu126", "tool.torch-variant.backend")


@pytest.mark.parametrize("tool", ["pip", "uv"])
def test_constraints(sandbox: Sandbox, tool: str) -> None:
    """A constraints file takes part."""
    sandbox.add("constraints.txt", "torch<2.8\n")

    sandbox.on("rtx-4090").install(tool, "-c", "constraints.txt")

    assert sandbox.exact() == {"torch": "2.7.1+cu128", "torchvision": "0.22.1+cu128"}


@pytest.mark.parametrize("tool", ["pip", "uv"])
def test_constraints_by_variable(sandbox: Sandbox, tool: str) -> None:
    """PIP_CONSTRAINT and UV_CONSTRAINT take part."""
    path = sandbox.add("constraints.txt", "torchvision==0.21.*\n")

    sandbox.on("rtx-4090", **{f"{tool.upper()}_CONSTRAINT": str(path)}).install(tool)

    assert sandbox.exact() == {"torch": "2.6.0+cu126", "torchvision": "0.21.0+cu126"}


def test_requirement_that_names_its_backend(sandbox: Sandbox) -> None:
    """`torch==2.6.0+cu124` is obeyed, and its family follows."""
    sandbox.write("one-table", ("torch>=2.3,<2.15", "torch==2.6.0+cu124"))

    sandbox.on("mi300x").install("uv")

    expected = {"torch": "2.6.0", "torchaudio": "2.6.0", "torchvision": "0.21.0"}
    assert sandbox.exact() == {name: f"{version}+cu124" for name, version in expected.items()}
    assert "torch==2.6.0+cu124" in sandbox.requirements()


@pytest.mark.parametrize("tool", ["pip", "uv"])
def test_member_that_a_dependency_asks_for(sandbox: Sandbox, tool: str) -> None:
    """`family = ["torchvision"]` pins what only timm asks for."""
    more = '\n[tool.torch-variant]\nfamily = ["torchvision"]\n'
    sandbox.write("full", ('"torchvision", "numpy"', '"timm"'), more=more)

    sandbox.on("rtx-4090").install(tool)

    assert sandbox.exact() == ON_CUDA
    assert sandbox.present() == sandbox.fetched()


@pytest.mark.parametrize("tool", ["pip", "uv"])
def test_extra_that_could_not_be_seen(sandbox: Sandbox, tool: str) -> None:
    """The extra of another backend than the chosen one fails where another package asks for it."""
    sandbox.add("other/pyproject.toml", OTHER)
    sandbox.add("other/other.py", "")

    output = sandbox.on("rtx-4090").refusal(tool, "./other")

    assert "torch<0" in output
    assert sandbox.versions() == {}


def test_extra_of_the_chosen_backend(sandbox: Sandbox) -> None:
    """The extra of the backend that was chosen may be asked for by another package."""
    sandbox.add("other/pyproject.toml", OTHER)
    sandbox.add("other/other.py", "")

    sandbox.on("mi300x", TORCH_VARIANT="rocm6.4").install("uv", "./other")

    assert sandbox.exact() == ON_ROCM64


def test_packages_that_uv_routes(sandbox: Sandbox) -> None:
    """A package that `[tool.uv.sources]` routes is uv's, and the record says so."""
    index = f'name = "cpu"\nurl = "{sandbox.index.torch_index}/cpu"\nexplicit = true'
    routes = "".join(f'{name} = {{ index = "cpu" }}\n' for name in ON_CPU)
    sandbox.write("full", more=f"\n[[tool.uv.index]]\n{index}\n[tool.uv.sources]\n{routes}")

    sandbox.on("rtx-4090").install("uv")

    assert sandbox.versions() == ON_CPU
    assert sandbox.record()["added"] == []
    assert any("tool.uv.sources" in warning for warning in sandbox.record()["warnings"])
