"""The family's wheels require what the real ones do."""

from __future__ import annotations

import pytest
from packaging.markers import default_environment
from packaging.requirements import Requirement

from hatch_torch.demo.catalog import FAMILY, STABLE, File, list_files, list_folders, list_pypi_files
from hatch_torch.demo.wheels import get_requires_python, list_requirements


def _file(folder: str, start: str, package: str = "torch", channel: str = STABLE) -> File:
    files = list_pypi_files(package) if folder == "pypi" else list_files(channel, folder, package)
    return next(file for file in files if file.name.startswith(start))


def _lines(folder: str, start: str, package: str = "torch", channel: str = STABLE) -> list[str]:
    return list(list_requirements(_file(folder, start, package, channel).build))


class TestTorch:
    """What torch requires."""

    def test_cpu(self) -> None:
        """The CPU's wheel requires pure packages alone."""
        assert _lines("cpu", "torch-2.14.1+cpu") == [
            "filelock",
            "typing-extensions>=4.10.0",
            "setuptools>=77.0.3",
            "sympy>=1.13.3",
            "networkx>=2.5.1",
            "jinja2",
            "fsspec>=0.8.5",
        ]

    def test_cuda(self) -> None:
        """A CUDA wheel requires NVIDIA's packages, on Linux."""
        on_x86_64 = 'platform_system == "Linux" and platform_machine == "x86_64"'
        assert f"nvidia-cudnn-cu12==9.1.0.70; {on_x86_64}" in _lines("cu124", "torch-2.6.0+cu124")

    def test_cuda_for_aarch64_too(self) -> None:
        """From 2.7 on the wheels for aarch64 require them too."""
        assert 'nvidia-nccl-cu12==2.26.2; platform_system == "Linux"' in _lines(
            "cu128", "torch-2.7.1+cu128"
        )

    def test_rocm(self) -> None:
        """A ROCm wheel requires a triton that PyPI does not have."""
        on_x86_64 = 'platform_system == "Linux" and platform_machine == "x86_64"'
        assert (
            f"pytorch-triton-rocm==3.5.1; {on_x86_64}"
            == _lines("rocm6.4", "torch-2.9.1+rocm6.4")[-1]
        )

    def test_rocm_as_packages(self) -> None:
        """From 7.14 on ROCm itself is required."""
        assert any(
            line.startswith("rocm[device-all,libraries]==7.14.*")
            for line in _lines("rocm7.14", "torch-2.15.0")
        )

    def test_xpu(self) -> None:
        """An XPU wheel requires Intel's packages, some of them on Linux alone."""
        lines = _lines("xpu", "torch-2.12.1+xpu")
        assert {
            "intel-sycl-rt==2025.3.2",
            'impi-rt==2021.17.2; platform_system == "Linux"',
            "triton-xpu==3.7.1",
        } <= set(lines)

    def test_old_xpu_has_no_runtime(self) -> None:
        """The first XPU wheel required a triton alone: on Linux, for the Pythons that it had."""
        (line,) = (line for line in _lines("xpu", "torch-2.5.1+xpu") if "triton" in line)
        assert line.startswith("pytorch-triton-xpu==3.1.0; ")
        assert 'platform_system == "Linux"' in line
        assert 'python_version < "3.13"' in line

    def test_plain(self) -> None:
        """On PyPI all platforms have the metadata of the default backend."""
        lines = _lines("pypi", "torch-2.15.0-cp312-cp312-win_amd64")
        assert 'triton~=3.9.0; platform_system == "Linux" and python_version < "3.16"' in lines

    @pytest.mark.parametrize(("start", "expected"), [("2.5.1", ">=3.8.0"), ("2.15.0", ">=3.11")])
    def test_python(self, start: str, expected: str) -> None:
        """Its metadata names the Pythons."""
        assert expected == get_requires_python(_file("cpu", f"torch-{start}").build)


class TestCompanions:
    """What the companions require."""

    @pytest.mark.parametrize(
        ("folder", "start", "package", "expected"),
        [
            ("cu126", "torchvision-0.24.1", "torchvision", "torch==2.9.1"),
            ("cu126", "torchvision-0.29.2", "torchvision", "torch>=2.14.0"),
            ("cu126", "torchaudio-2.9.1", "torchaudio", "torch==2.9.1"),
        ],
    )
    def test_pin_torch(self, folder: str, start: str, package: str, expected: str) -> None:
        """A companion pins its torch, whatever the backend."""
        assert expected == _lines(folder, start, package)[-1]

    def test_last_torchaudio_pins_nothing(self) -> None:
        """The last torchaudio declares no torch."""
        assert _lines("cu126", "torchaudio-2.11.0", "torchaudio") == []

    def test_nightly_pins_by_date(self) -> None:
        """A nightly's companion pins the torch of its day."""
        lines = _lines("cu132", "torchvision-0.30.0.dev20261120", "torchvision", "nightly")
        assert lines[-1] == "torch==2.16.0.dev20261120"

    def test_no_python(self) -> None:
        """The metadata of torchaudio names no Python."""
        assert get_requires_python(_file("cu126", "torchaudio-2.9.1", "torchaudio").build) == ""


def test_every_line_is_a_requirement() -> None:
    """Packaging reads each line, and evaluates its marker."""
    environment = {key: str(value) for key, value in default_environment().items()}
    lines = {
        line
        for folder in list_folders(STABLE)
        for package in FAMILY
        for file in list_files(STABLE, folder, package)
        for line in list_requirements(file.build)
    }
    requirements = [Requirement(line) for line in lines]
    assert all(
        requirement.marker is None or requirement.marker.evaluate(environment) in {True, False}
        for requirement in requirements
    )
