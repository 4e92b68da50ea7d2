"""A stub of torch can be imported, and knows what it is."""

from __future__ import annotations

import io
import json
import subprocess
import sys
from typing import TYPE_CHECKING
from zipfile import ZipFile

import pytest

from hatch_torch.demo.catalog import STABLE, File, list_files, list_pypi_files
from hatch_torch.demo.wheels import build_wheel, make_stub
from hatch_torch.environment.packages import read_family_packages

if TYPE_CHECKING:
    from pathlib import Path

_ASK = """
import json, torch, torchvision
print(json.dumps([
    torch.__version__, torch.version.cuda, torch.version.hip, torch.version.xpu,
    torch.cuda.is_available(), torch.cuda.get_arch_list(), torchvision.__version__,
]))
"""


def _first(files: tuple[File, ...], start: str) -> File:
    return next(file for file in files if file.name.startswith(start))


def _unpacked(folder: Path, *files: File) -> Path:
    for file in files:
        with ZipFile(io.BytesIO(build_wheel(make_stub(file)))) as archive:
            archive.extractall(folder)
    return folder


@pytest.mark.parametrize(
    ("backend", "expected"),
    [
        ("cu126", ["12.6", None, None, False, [f"sm_{capability}" for capability in (80, 90)]]),
        ("rocm6.4", [None, "6.4.0", None, False, ["gfx900", "gfx906"]]),
        ("xpu", [None, None, "20250301", False, []]),
        ("cpu", [None, None, None, False, []]),
    ],
)
def test_imports(tmp_path: Path, backend: str, expected: list[object]) -> None:
    """A real interpreter imports it, and reads its variant."""
    torch = _first(list_files(STABLE, backend, "torch"), f"torch-2.9.1+{backend}")
    vision = _first(list_files(STABLE, backend, "torchvision"), "torchvision-0.24.1")
    _unpacked(tmp_path, torch, vision)
    completed = subprocess.run(
        [sys.executable, "-I", "-c", f"import sys; sys.path[:0] = [{str(tmp_path)!r}]\n{_ASK}"],
        check=True,
        capture_output=True,
        text=True,
    )
    version, *versions, architectures, companion = json.loads(completed.stdout)
    assert [f"2.9.1+{backend}", expected[:-1]] == [version, versions]
    assert set(map(str, expected[-1])) <= set(architectures)  # type: ignore[call-overload] # a list
    assert companion == vision.name.split("-")[1]


def test_installed_reads_it(tmp_path: Path) -> None:
    """What reads a real torch's files finds the backend in the stub's, by no local version."""
    _unpacked(
        tmp_path, _first(list_pypi_files("torch"), "torch-2.9.1-cp312-cp312-manylinux_2_28_x86_64")
    )
    (package,) = read_family_packages([tmp_path], ["torch"])
    assert (str(package.version), str(package.backend)) == ("2.9.1", "cu128")


def test_mac_has_no_backend_in_its_version() -> None:
    """The wheel for macOS has no local version anywhere."""
    stub = make_stub(_first(list_pypi_files("torch"), "torch-2.15.0-cp312-cp312-macosx"))
    assert "__version__ = '2.15.0'" in dict(stub.sources)["torch/version.py"]


def test_tritons_are_one_module() -> None:
    """Every triton is imported by one name."""
    stub = make_stub(list_files(STABLE, "rocm6.4", "pytorch-triton-rocm")[0])
    assert [path for path, _ in stub.sources] == ["triton/__init__.py"]


def test_ptx_is_an_architecture() -> None:
    """Where the wheel holds PTX, the list says compute_NN, as torch does."""
    all_sources = [dict(make_stub(file).sources) for file in list_files(STABLE, "cu128", "torch")]
    assert any("compute_" in sources["torch/cuda/__init__.py"] for sources in all_sources)
