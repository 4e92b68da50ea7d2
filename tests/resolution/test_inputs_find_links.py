"""The wheel source of an offline install: folders of wheels, else the cache."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet

from hatch_torch.catalog import target as targets
from hatch_torch.catalog.backend import Backend
from hatch_torch.config.config import Config
from hatch_torch.errors import NoAnswerError
from hatch_torch.frontend.request import BuildRequest
from hatch_torch.hardware.model import Hardware
from hatch_torch.index.find_links import FindLinks
from hatch_torch.index.pytorch_index import PyTorchIndex
from hatch_torch.resolution.decide import decide
from hatch_torch.resolution.inputs import collect_inputs
from hatch_torch.resolution.model import Pin

if TYPE_CHECKING:
    from pathlib import Path

    from hatch_torch.resolution.model import ResolutionInputs

CU126, CU128, CPU = map(Backend.parse, ("cu126", "cu128", "cpu"))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Fill a folder: two of PyPI's wheels, which are CUDA 12.8's, and one of CUDA 12.6."""
    for name, version in (
        ("torch", "2.8.0"),
        ("torchvision", "0.23.0"),
        ("torch", "2.7.1+cu126"),
        ("numpy", "2.0.0"),
    ):
        (tmp_path / f"{name}-{version}-cp312-cp312-manylinux_2_28_x86_64.whl").touch()
    return tmp_path


def case(tmp_path: Path, *find_links: str, offline: bool = True) -> ResolutionInputs:
    """Return the inputs for Python 3.12 on Linux."""
    return collect_inputs(
        Config(),
        {"TORCH_VARIANT_CACHE_DIR": str(tmp_path / "cache")},
        request=BuildRequest(offline=offline, find_links=find_links),
        target=targets.foreign_interpreter("3.12", "linux_x86_64"),
    )


def pinned(case: ResolutionInputs, backend: Backend, name: str = "torch") -> list[str]:
    """Return the candidates of a backend as they would be pinned."""
    found = case.finder.candidates(backend, name, SpecifierSet())
    return [Pin.from_candidate(pick).requirement for pick in found]


def test_wheelhouse(folder: Path) -> None:
    """Offline, a folder with torch is the only source, and pins are by version."""
    made = case(folder, str(folder))

    assert isinstance(made.finder.index, FindLinks)
    assert pinned(made, CU126) == ["torch==2.7.1+cu126"]
    assert pinned(made, CPU) == []


def test_wheels_without_local_version(folder: Path) -> None:
    """A wheel without a local version has the backend of PyPI's default wheel."""
    made = case(folder, str(folder))

    assert pinned(made, CU128) == ["torch==2.8.0"]
    assert pinned(made, CU128, "torchvision") == ["torchvision==0.23.0"]
    assert pinned(made, CU126, "torchvision") == []
    assert pinned(made, CU126, "numpy") == ["numpy==2.0.0"]


def test_no_torch_in_the_folder(folder: Path, tmp_path: Path) -> None:
    """Without torch in the folder, or with a URL, the source is the index."""
    empty = tmp_path / "empty"
    empty.mkdir()

    places = (str(empty), "https://example.org/wheels")
    assert isinstance(case(folder, *places).finder.index, PyTorchIndex)


def test_online(folder: Path) -> None:
    """With a network the source is the index."""
    assert isinstance(case(folder, str(folder), offline=False).finder.index, PyTorchIndex)


def test_error_without_torch_in_the_folder(tmp_path: Path) -> None:
    """Where the folder has no wheel, the error names the wheels and the command."""
    made = case(tmp_path, str(tmp_path))
    lines = (Requirement("torch>=2.3,<2.9"), Requirement("torchvision"))
    made = made._replace(config=Config(dependencies=lines), probe=lambda _: Hardware())
    with pytest.raises(NoAnswerError) as refused:
        decide(made)
    machine = "--backend cpu --python 3.12 --platform linux_x86_64"
    files = "torch-2.8.0+cpu-*.whl, torchvision-0.23.0+cpu-*.whl"
    command = f"run hatch-torch download -d FOLDER {machine}, which fetches {files}"
    assert f"\nhint: on a machine with a network, {command}\n" in str(refused.value)
    assert "the network is switched off" in str(refused.value)
    assert len(str(refused.value).splitlines()) <= 12
