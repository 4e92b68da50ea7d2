"""FindLinks: folders of wheels as a wheel source."""

from __future__ import annotations

from typing import TYPE_CHECKING
from zipfile import ZipFile

import pytest

from hatch_torch.catalog.backend import Backend
from hatch_torch.index.find_links import FindLinks

if TYPE_CHECKING:
    from pathlib import Path

CU126, CU128, ROCM = map(Backend.parse, ("cu126", "cu128", "rocm6.4"))
METADATA = "Metadata-Version: 2.1\nName: {}\nVersion: {}\nRequires-Dist: triton==3.2.0\n"


def add(folder: Path, name: str, version: str) -> str:
    """Write a wheel; return its file name."""
    filename = f"{name}-{version}-cp312-cp312-linux_x86_64.whl"
    with ZipFile(folder / filename, "w") as wheel:
        text = METADATA.format(name, version)
        wheel.writestr(f"{name}-{version}.dist-info/METADATA", text)
    return filename


@pytest.fixture
def source(tmp_path: Path) -> FindLinks:
    """Return a folder's source, where wheels without a local version are for CUDA 12.8."""
    for name, version in (
        ("torch", "2.6.0+cu126"),
        ("torch", "2.7.0"),
        ("torch", "2.5.0+rocm6.4"),
        ("triton", "3.2.0+git35c6c7c6"),
    ):
        add(tmp_path, name, version)
    (tmp_path / "torch-2.8.0.whl").touch()
    (tmp_path / "torch-2.9.0.tar.gz").touch()
    return FindLinks([tmp_path, tmp_path / "nothing"], backend_without_local=lambda _: CU128)


@pytest.mark.parametrize(
    ("backend", "versions"),
    [(CU126, ["2.6.0+cu126"]), (CU128, ["2.7.0"]), (ROCM, ["2.5.0+rocm6.4"])],
    ids=str,
)
def test_local_version(source: FindLinks, backend: Backend, versions: list[str]) -> None:
    """A wheel belongs to the backend that its local version names."""
    found = source.load_pages([(backend, "Torch")])[backend, "Torch"]

    assert [str(one.version) for one in found] == versions
    assert [one.url for one in found] == [""]


def test_local_version_of_no_backend(source: FindLinks) -> None:
    """A local version that names no backend (triton's commit) fits any."""
    assert source.get_wheels(CU126, "triton") == source.get_wheels(ROCM, "triton") != ()


def test_what_there_is(source: FindLinks) -> None:
    """The source lists its packages and backends."""
    assert (source.has_package("Torch"), source.has_package("torchvision")) == (True, False)
    assert source.list_backends() == (CU126, CU128, ROCM)


def test_every_wheel(source: FindLinks) -> None:
    """All wheels with valid names are listed, whatever their backend."""
    assert sorted(str(wheel.version) for wheel in source.all_wheels()) == [
        "2.5.0+rocm6.4",
        "2.6.0+cu126",
        "2.7.0",
        "3.2.0+git35c6c7c6",
    ]


def test_requires(source: FindLinks) -> None:
    """A wheel's requirements are read from its METADATA."""
    (torch,) = source.get_wheels(CU126, "torch")

    assert [*map(str, source.read_requirements(torch) or ())] == ["triton==3.2.0"]
    assert source.notes == []


def test_damaged_wheel(tmp_path: Path) -> None:
    """An unreadable wheel is noted, not raised."""
    filename = add(tmp_path, "torch", "2.6.0+cu126")
    (tmp_path / filename).write_bytes(b"PK")
    source = FindLinks([tmp_path])
    (torch,) = source.get_wheels(CU126, "torch")

    assert source.read_requirements(torch) is None
    assert [note.split(":")[0] for note in source.notes] == [filename]


def test_own_folder(source: FindLinks) -> None:
    """No wheel lies on PyTorch's index, whatever its backend."""
    assert source.has_own_folder(CU126)
