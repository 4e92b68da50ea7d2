"""The Python API."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

import hatch_torch
from hatch_torch.demo.server import EmbeddedIndex, serve
from hatch_torch.errors import ConfigurationError, NoAnswerError
from hatch_torch.hardware.model import Accelerator, Hardware, Nvidia

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

ADA = Hardware(
    accelerators=(Accelerator("nvidia", "RTX 4090", "sm_89"),), nvidia=Nvidia("550.54.15", "12.4")
)
PROJECT = """
[project]
name = "my-app"
version = "1.0"
dependencies = ["torch>=2.4,<2.7", "torchvision"]
"""


@pytest.fixture(scope="module")
def index() -> Iterator[EmbeddedIndex]:
    """Serve the embedded index."""
    with serve() as running:
        yield running


@pytest.fixture
def environ(tmp_path: Path, index: EmbeddedIndex) -> dict[str, str]:
    """Return variables for the embedded index, an empty environment, and a host without a GPU."""
    return {
        "TORCH_VARIANT_CACHE_DIR": str(tmp_path / "cache"),
        "TORCH_VARIANT_HARDWARE": '{"system": "Linux", "machine": "x86_64"}',
        "TORCH_VARIANT_INDEX_URL": index.torch_index,
        "VIRTUAL_ENV": str(tmp_path / "environment"),
    }


def test_import_is_lazy() -> None:
    """Importing the package imports none of its modules: a hook does not need the API."""
    code = "import hatch_torch, sys; print(sorted(n for n in sys.modules if 'hatch_torch' in n))"
    completed = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert completed.stdout == "['hatch_torch']\n"


def test_names() -> None:
    """The API's names are functions, not modules of the same name; there are no others."""
    names = ("compatible_versions", "decide", "detect", "index_url", "install_command", "status")
    assert {name for name in names if callable(getattr(hatch_torch, name))} == {*names}
    assert {*names, "__version__"} <= {*dir(hatch_torch)}
    with pytest.raises(AttributeError, match="no attribute 'guess'"):
        hatch_torch.guess  # type: ignore[attr-defined]  # noqa: B018 (the access is the test)


def test_detect(environ: dict[str, str]) -> None:
    """The machine is this one, or the one of the variable."""
    assert hatch_torch.detect().system
    assert hatch_torch.detect(environ) == Hardware(system="Linux", machine="x86_64")
    with pytest.raises(ConfigurationError, match="TORCH_VARIANT_HARDWARE: "):
        hatch_torch.detect({"TORCH_VARIANT_HARDWARE": "{"})


def test_decide(environ: dict[str, str], tmp_path: Path) -> None:
    """A decision is made for a project, for requirements, for a backend, or for other hardware."""
    newer = PROJECT.replace("torch>=2.4,<2.7", "torch>=2.4,<2.10")
    (tmp_path / "pyproject.toml").write_text(newer, encoding="utf-8")
    decision = hatch_torch.decide(tmp_path, requirements=["torch!=2.9.1"], environ=environ)
    assert [str(pin.version) for pin in decision.pins] == ["2.9.0+cpu", "0.24.0+cpu"]
    decision = hatch_torch.decide(requirements=["torch<2.10"], hardware=ADA, environ=environ)
    assert [str(pin.version) for pin in decision.pins] == ["2.9.1+cu129"]
    decision = hatch_torch.decide(requirements=["torch<2.10"], backend="cu128", environ=environ)
    assert (str(decision.backend), decision.decided_by) == ("cu128", "backend")


def test_no_decision(environ: dict[str, str]) -> None:
    """An invalid requirement and an impossible one are errors."""
    with pytest.raises(ConfigurationError, match="'torch=>2' is not a valid requirement: "):
        hatch_torch.decide(requirements=["torch=>2"], environ=environ)
    with pytest.raises(NoAnswerError):
        hatch_torch.decide(requirements=["torch>99"], environ=environ)


def test_status(environ: dict[str, str], tmp_path: Path) -> None:
    """An environment is right, or has findings, each with its fix."""
    status = hatch_torch.status(tmp_path, environ)
    assert (status.torch, status.ok, status.notes) == (None, True, ())
    folder = tmp_path / "environment" / "lib" / "python3.12" / "site-packages"
    (folder / "torch-2.6.0+cu124.dist-info").mkdir(parents=True)
    (folder / "torch-2.6.0+cu124.dist-info" / "METADATA").write_text(
        "Name: torch\nVersion: 2.6.0+cu124\n", encoding="utf-8"
    )
    status = hatch_torch.status(tmp_path, environ)
    assert status.torch is not None
    assert (str(status.torch.backend), status.ok) == ("cu124", False)
    assert status.findings[0].fix == "hatch-torch sync"


@pytest.mark.parametrize(
    ("torch", "transformers", "hub"),
    [
        ("2.10.0+rocm7.0", ">=4.45.0", ">=0.25.0"),
        ("2.7.1", ">=4.43.0", ">=0.24.0"),
        ("2.3.1+rocm5.7", ">=4.41.0,<4.50.0", ">=0.23.0,<0.30.0"),
        ("2.1.0", ">=4.35.0,<4.45.0", ">=0.20.0,<0.25.0"),
    ],
)
def test_compatible_versions(torch: str, transformers: str, hub: str) -> None:
    """The table says which libraries work with a torch."""
    versions = hatch_torch.compatible_versions(torch)
    assert [*versions] == ["transformers", "diffusers", "accelerate", "huggingface_hub"]
    assert (versions["transformers"], versions["huggingface_hub"]) == (transformers, hub)


def test_no_compatible_versions() -> None:
    """A torch that is older than the table has none; an invalid version is an error."""
    assert hatch_torch.compatible_versions("1.13.1") == {}
    with pytest.raises(
        ConfigurationError, match=r"torch: expected a version such as .*, got 'new'"
    ):
        hatch_torch.compatible_versions("new")


@pytest.mark.parametrize(
    ("backend", "channel", "path"),
    [
        ("rocm7.0", "stable", "rocm7.0"),
        ("ROCm70", "nightly", "nightly/rocm7.0"),
        ("cu128", "test", "test/cu128"),
        ("mps", "stable", "cpu"),
    ],
)
def test_index_url(backend: str, channel: str, path: str) -> None:
    """A backend in any spelling has its folder, below the channel."""
    assert hatch_torch.index_url(backend, channel=channel).endswith(f"pytorch.org/whl/{path}")
    mirror = hatch_torch.index_url(backend, channel=channel, root="https://mirror.example.org/")
    assert mirror == f"https://mirror.example.org/{path}"


def test_index_that_never_existed() -> None:
    """PyTorch never published ROCm 6.5 or CUDA 12.5; a mirror or a newer index may have others."""
    assert hatch_torch.index_url("rocm65").endswith("/whl/rocm6.4")
    assert hatch_torch.install_command(backend="rocm65").endswith("/whl/rocm6.4")
    assert hatch_torch.index_url("rocm65", root="https://mirror.example.org").endswith("/rocm6.5")
    assert hatch_torch.index_url("cu999").endswith("/whl/cu999")
    with pytest.raises(ConfigurationError, match=r"expected one of cu1.*, cu126, .* got cu125"):
        hatch_torch.index_url("cu125")


def test_no_index_url() -> None:
    """An invalid backend or channel is an error that shows valid ones."""
    with pytest.raises(
        ConfigurationError,
        match=r"backend: expected a backend such as cpu, .*, got 'cuda'",
    ):
        hatch_torch.index_url("cuda")
    with pytest.raises(
        ConfigurationError, match="channel: expected one of stable, test, nightly, got 'new'"
    ):
        hatch_torch.index_url("cpu", channel="new")


def test_install_command(environ: dict[str, str]) -> None:
    """The command is that of pytorch.org's selector, with a single index."""
    expected = "--index-url https://download.pytorch.org/whl"
    command = hatch_torch.install_command(
        "torch", "torchvision", backend="rocm70", channel="nightly"
    )
    assert command == f"pip install --pre torch torchvision {expected}/nightly/rocm7.0"
    assert hatch_torch.install_command(environ=environ) == f"pip install torch {expected}/cpu"
    portable = {**environ, "TORCH_VARIANT": "portable"}
    assert hatch_torch.install_command(environ=portable) == "pip install torch"


def test_profile_round_trip(environ: dict[str, str]) -> None:
    """The JSON of what `detect` returns is a valid profile."""
    profile = json.dumps(ADA.to_json())
    assert hatch_torch.detect({**environ, "TORCH_VARIANT_HARDWARE": profile}) == ADA
