"""An environment that has a torch already: what stays, what moves, and what is refused."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from hatch_torch.environment.prefix import find_site_packages

if TYPE_CHECKING:
    from pathlib import Path

    from tests.end_to_end.conftest import Sandbox

pytestmark = [pytest.mark.end_to_end, pytest.mark.matrix]

ON_CUDA = {"torch": "2.14.1+cu126", "torchvision": "0.29.2+cu126"}
ON_ROCM = {"torch": "2.9.1+rocm6.4", "torchvision": "0.24.1+rocm6.4"}
OLD = {"torch": "2.13.0+cu126", "torchvision": "0.28.0+cu126"}
TOOLS = pytest.mark.parametrize("tool", ["pip", "uv"])
ALONE = ('"torch>=2.3,<2.15", "torchvision", "numpy"', '"torch>=2.3,<2.15", "numpy"')
HASH = "a" * 40


@pytest.fixture
def cuda(sandbox: Sandbox) -> Sandbox:
    """Return the sandbox on a machine with an RTX 4090."""
    return sandbox.on("rtx-4090")


def put(sandbox: Sandbox, tool: str, family: dict[str, str], backend: str = "cu126") -> None:
    """Install the family from a backend's folder, as people do by hand; forget what was fetched."""
    lines = [f"{name}=={version.partition('+')[0]}" for name, version in family.items()]
    index = f"{sandbox.index.torch_index}/{backend}"
    if tool == "uv":
        sandbox.uv("pip", "install", "--default-index", index, *lines)
    else:
        sandbox.pip("install", "--index-url", index, *lines)
    sandbox.index.forget()


@TOOLS
def test_older_in_range(cuda: Sandbox, tool: str) -> None:
    """An older one that somebody installed by hand is kept; uv fetches it once more, by its URL."""
    put(cuda, tool, OLD)

    cuda.install(tool)

    assert cuda.versions() == OLD
    again = {f"{name}-{version}" for name, version in OLD.items()}
    assert cuda.fetched() == (again if tool == "uv" else set())
    cuda.index.forget()
    cuda.install(tool)
    assert cuda.fetched() == set()


@TOOLS
def test_out_of_range(cuda: Sandbox, tool: str) -> None:
    """One that the project does not want is replaced."""
    put(cuda, tool, {"torch": "2.13.0", "torchvision": "0.28.0"})
    cuda.write("full", ("torch>=2.3,<2.15", "torch>=2.14,<2.15"))

    cuda.install(tool)

    assert cuda.exact() == ON_CUDA


@TOOLS
def test_another_backend_asked_for(cuda: Sandbox, tool: str) -> None:
    """Another backend is swapped in where an extra asks for it, and out again without."""
    put(cuda, tool, OLD)

    cuda.install(tool, what=".[rocm64]")

    assert cuda.exact() == ON_ROCM


@TOOLS
def test_half_a_family(cuda: Sandbox, tool: str) -> None:
    """A torch without its torchvision stays, and gets the one that goes with it."""
    put(cuda, tool, {"torch": "2.13.0"})

    cuda.install(tool)

    assert cuda.versions() == OLD
    assert cuda.fetched() - {"torch-2.13.0+cu126"} == {"torchvision-0.28.0+cu126"}


@TOOLS
def test_a_member_of_another_backend(cuda: Sandbox, tool: str) -> None:
    """A torchvision of another backend is none of the family."""
    put(cuda, "pip", {"torch": "2.13.0", "torchvision": "0.28.0"}, "cpu")
    put(cuda, "pip", {"torch": "2.14.1"})
    assert cuda.versions() == {"torch": "2.14.1+cu126", "torchvision": "0.28.0+cpu"}

    cuda.install(tool)

    assert cuda.versions() == ON_CUDA


def test_upgrade(cuda: Sandbox) -> None:
    """`-U` takes the newest, also where it is there already."""
    put(cuda, "pip", OLD)
    for _ in range(2):
        cuda.install("pip", "-U")

        assert cuda.exact() == ON_CUDA


@pytest.mark.parametrize(("way", "expected"), [("option", OLD), ("variable", OLD), ("uv", ON_CUDA)])
def test_target(cuda: Sandbox, way: str, expected: dict[str, str]) -> None:
    """`--target` takes the URLs: pip those of what the environment has, uv those of the newest."""
    put(cuda, "pip", OLD)
    target = cuda.folder / "target"

    if way == "uv":
        cuda.uv("pip", "install", ".", "--target", target)
    elif way == "option":
        cuda.pip("install", ".", "--target", target)
    else:
        cuda.on(PIP_TARGET=str(target)).pip("install", ".")

    installed = {info.name.removesuffix(".dist-info") for info in target.glob("torch*.dist-info")}
    assert installed == {f"{name}-{version}" for name, version in expected.items()}
    assert cuda.versions() == OLD


@TOOLS
def test_conda(cuda: Sandbox, tool: str) -> None:
    """Conda's torch is kept and pinned, and the record says so."""
    cuda.write("full", ALONE)
    info = write_torch(cuda, "2.8.0", "cuda = '12.9'\n")
    (info / "INSTALLER").unlink()
    meta = cuda.venv / "conda-meta" / "pytorch-2.8.0-cuda129_py311_0.json"
    meta.parent.mkdir()
    meta.write_text('{"name": "pytorch", "version": "2.8.0"}')

    cuda.install(tool)

    assert_kept(cuda, "2.8.0", "conda")


@TOOLS
def test_source(cuda: Sandbox, tool: str) -> None:
    """A torch that somebody built is kept and pinned."""
    cuda.write("full", ALONE)
    write_torch(cuda, f"2.9.0a0+git{HASH[:7]}", f"cuda = '12.9'\ngit_version = '{HASH}'\n")

    cuda.install(tool)

    assert_kept(cuda, f"2.9.0a0+git{HASH[:7]}", "source")


def test_replace(cuda: Sandbox) -> None:
    """`existing = "replace"` puts PyTorch's build in the place of another one."""
    cuda.write("full", ALONE, more='\n[tool.torch-variant]\nexisting = "replace"\n')
    write_torch(cuda, "2.8.0a0+5228986c39.nv25.5", "cuda = '12.9'\n")

    cuda.install("pip")

    assert cuda.exact() == {"torch": "2.14.1+cu126"}


def assert_kept(sandbox: Sandbox, version: str, builder: str) -> None:
    """Check that torch stayed, that the project pins it, and that the record names its builder."""
    assert sandbox.versions() == {"torch": version}
    assert sandbox.requirements()[0] == f"torch=={version}"
    assert sandbox.fetched() == set()
    assert builder in " ".join(sandbox.record()["warnings"])


def write_torch(sandbox: Sandbox, version: str, own: str) -> Path:
    """Put a torch into the environment, as an image has it; return its dist-info."""
    (folder,) = find_site_packages(sandbox.python.parents[1])
    info = folder / f"torch-{version}.dist-info"
    paths = [f"{info.name}/{name}" for name in ("METADATA", "WHEEL", "INSTALLER", "RECORD")]
    texts = {
        info / "METADATA": f"Metadata-Version: 2.1\nName: torch\nVersion: {version}\n",
        info / "WHEEL": "Wheel-Version: 1.0\nRoot-Is-Purelib: false\nTag: py3-none-any\n",
        info / "INSTALLER": "pip\n",
        info / "RECORD": "".join(f"{path},,\n" for path in ("torch/version.py", *paths)),
        folder / "torch" / "version.py": f"__version__ = '{version}'\n{own}hip = None\n",
    }
    for path, text in texts.items():
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return info
