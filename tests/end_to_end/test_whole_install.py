"""Packages that bound torch: each gets the torch that it admits, with pip and with uv."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING
from urllib.parse import unquote

import pytest
from packaging.version import Version

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tests.end_to_end.conftest import Sandbox

pytestmark = pytest.mark.end_to_end

H200 = "linux-nvidia-h200"
PROJECT = """\
[build-system]
requires = ["hatchling>=1.27", "hatch-torch"]
build-backend = "hatchling.build"

[project]
name = "my-app"
version = "1.0"
dependencies = {dependencies}
dynamic = ["optional-dependencies"]

[tool.hatch.metadata.hooks.torch-variant]
[tool.hatch.build.hooks.torch-variant]

[tool.uv]
cache-keys = [{{ file = "pyproject.toml" }}, {{ file = ".torch-variant.stamp" }}]
"""
NEWEST = "2.15.0"
UNBOUNDED = [
    "accelerate",
    "chgnet",
    "clip-anytorch",
    "descript-audio-codec",
    "e3nn",
    "easyocr",
    "flair",
    "gfpgan",
    "invokeai",
    "kokoro",
    "kornia",
    "mace-torch",
    "marker-pdf",
    "monai",
    "nemo-toolkit",
    "optimum",
    "peft",
    "pyannote-audio",
    "pytorch-forecasting",
    "pytorch-lightning",
    "realesrgan",
    "rfdetr",
    "rl-games",
    "schnetpack",
    "segment-anything-hq",
    "sentence-transformers",
    "spandrel",
    "speechbrain",
    "stable-baselines3",
    "tianshou",
    "timm",
    "torchmetrics",
    "torchsde",
    "transformer-lens",
    "ultralytics",
    "unstructured-inference",
    "xformers",
]
"""Packages whose newest release admits the newest torch."""
BOUNDED = {
    "chatterbox-tts": "2.6.0",
    "colpali-engine": "2.13.0",
    "facenet-pytorch": "2.2.2",
    "lerobot": "2.10.0",
    "llmcompressor": "2.14.0",
    "lmdeploy": "2.12.1",
    "sglang==0.5.23": "2.14.1",
    "unsloth": "2.14.1",
    "vllm": "2.14.0",
    "vllm==0.11.0": "2.8.0",
    "whisperx": "2.8.0",
    "xformers==0.0.31": "2.7.1",
}
"""The others, with the torch that each of them gets."""
ALONE = ["flair", "invokeai"]
"""Packages that each require another transformers than the rest."""
TOGETHER = [
    ([name for name in UNBOUNDED if name not in ALONE], NEWEST),
    (["torch>=2.4", "xformers==0.0.31"], "2.7.1"),
    (["torch", "whisperx"], "2.8.0"),
    (["torch", "lerobot"], "2.10.0"),
    (["ultralytics", "lmdeploy"], "2.12.1"),
    (["torch", "chatterbox-tts"], "2.6.0"),
]
"""Installs of several packages each, with the torch that they get."""


def write(sandbox: Sandbox, dependencies: Iterable[str]) -> None:
    """Write a project that requires some packages."""
    text = PROJECT.format(dependencies=json.dumps([*dependencies]))
    sandbox.add("pyproject.toml", text)


def resolve(sandbox: Sandbox, tool: str, *more: str) -> dict[str, str]:
    """Return the versions that `install -e . --dry-run` would install, by name."""
    output = sandbox.install(tool, "--dry-run", *more)
    if tool == "uv":
        exact = dict(re.findall(r"^ \+ ([\w-]+)==(\S+)", output, re.MULTILINE))
        from_url = re.findall(r"^ \+ ([\w-]+) @ \S+/\w+-([^-]+)-", unquote(output), re.MULTILINE)
        return exact | dict(from_url)
    (line,) = (line for line in output.splitlines() if line.startswith("Would install "))
    return dict(word.rsplit("-", 1) for word in line.split()[2:])


def public(version: str) -> str:
    """Return a version without its local part."""
    return Version(version).public


@pytest.mark.parametrize("tool", ["pip", "uv"])
@pytest.mark.parametrize(("dependencies", "torch"), TOGETHER, ids=[one[0][-1] for one in TOGETHER])
def test_torch_that_the_install_admits(
    sandbox: Sandbox, tool: str, dependencies: list[str], torch: str
) -> None:
    """An install ends with the highest torch that all of its packages admit."""
    write(sandbox, dependencies)

    versions = resolve(sandbox.on(H200), tool)

    assert public(versions["torch"]) == torch
    assert "+cu" in versions["torch"]


@pytest.mark.matrix
@pytest.mark.parametrize("tool", ["pip", "uv"])
@pytest.mark.parametrize("package", [*ALONE, *BOUNDED])
def test_package(sandbox: Sandbox, tool: str, package: str) -> None:
    """A package alone ends with the torch that its requirements admit."""
    write(sandbox, [package])

    versions = resolve(sandbox.on(H200), tool)

    assert public(versions["torch"]) == BOUNDED.get(package, NEWEST)


def test_newest_release_is_kept(sandbox: Sandbox) -> None:
    """The newest whisperx is installed, and not an older one that requires no torch."""
    write(sandbox, ["torch", "whisperx"])

    sandbox.on(H200).install("pip")

    assert {name: public(version) for name, version in sandbox.exact().items()} == {
        "torch": "2.8.0",
        "torchaudio": "2.8.0",
        "torchvision": "0.23.0",
    }
    (whisperx,) = sandbox.infos("whisperx")
    assert whisperx.name == "whisperx-3.8.6.dist-info"
    assert "No broken requirements" in sandbox.pip("check")


@pytest.mark.parametrize("tool", ["pip", "uv"])
def test_member_through_a_dependency(sandbox: Sandbox, tool: str) -> None:
    """A torchvision that only timm requires comes from the index that torch comes from."""
    write(sandbox, ["torch==2.13.0", "timm"])

    sandbox.install(tool)

    assert sandbox.exact() == {"torch": "2.13.0+cpu", "torchvision": "0.28.0+cpu"}


@pytest.mark.parametrize("tool", ["pip", "uv"])
def test_refusal(sandbox: Sandbox, tool: str) -> None:
    """Where no torch is admitted, the error names package and range, and a change that works."""
    write(sandbox, ["torch", "allennlp"])
    machine = sandbox.on(H200)

    output = machine.refusal(tool)

    assert "no torch fits this project" in output
    bound = "torch <1.13.0,>=1.10.0: allennlp 2.10.1, required by my-app"
    assert f"bounded by {bound}" in output
    assert "hint: remove allennlp, which no torch here satisfies: cu13" in output

    write(sandbox, ["torch"])
    machine.install(tool, "--dry-run")


def test_two_projects_in_one_command(sandbox: Sandbox) -> None:
    """Two local projects of one command get one torch, that both admit."""
    write(sandbox, ["torch"])
    other = sandbox.folder / "checkout" / "other"
    other.mkdir()
    text = PROJECT.format(dependencies='["torch<2.10"]').replace("my-app", "other")
    (other / "pyproject.toml").write_text(text, encoding="utf-8")
    for project, module in ((sandbox.project, "my_app"), (other, "other")):
        (project / f"{module}.py").write_text("", encoding="utf-8")

    sandbox.on(H200).pip("install", "-e", ".", "-e", str(other))

    assert public(sandbox.exact()["torch"]) == "2.9.1"
