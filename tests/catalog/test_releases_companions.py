"""The packages that have to match torch, and those that only a backend's index has."""

from __future__ import annotations

import pytest
from packaging.specifiers import SpecifierSet
from packaging.version import Version

from hatch_torch.catalog.releases import (
    FAMILY,
    companion_versions,
    is_index_only,
    required_torch,
    torch_releases,
)


def test_torch_leads_the_family() -> None:
    """Every other member is built for one torch."""
    assert FAMILY == ("torch", "torchvision", "torchaudio", "torchtext")


class TestRequiredTorch:
    """The torch that a companion requires."""

    @pytest.mark.parametrize(
        ("name", "version", "expected"),
        [
            ("torchvision", "0.21.0", "==2.6.0"),
            ("torchvision", "0.21.0+cu124", "==2.6.0"),
            ("torchvision", "0.29.2", ">=2.14.0"),
            ("torchaudio", "2.0.2", "==2.0.1"),
            ("torchaudio", "2.11.0", ">=2.11.0"),
            ("torchtext", "0.18.0", ">=2.3.0,<2.4"),
        ],
    )
    def test_known(self, name: str, version: str, expected: str) -> None:
        """The table answers for every backend's build of a release."""
        assert required_torch(name, Version(version)) == SpecifierSet(expected)

    @pytest.mark.parametrize(
        ("name", "version"), [("torchvision", "0.99.0"), ("xformers", "0.0.35")]
    )
    def test_unknown(self, name: str, version: str) -> None:
        """What no table knows is asked of the wheel's own metadata."""
        assert required_torch(name, Version(version)) is None


class TestCompanionVersions:
    """The companions of a release of torch."""

    @pytest.mark.parametrize(
        ("release", "name", "expected"),
        [
            ("2.6.0", "torchvision", ["0.21.0"]),
            ("2.14.1", "torchvision", ["0.29.1", "0.29.2"]),
            ("2.15.0", "torchvision", ["0.29.1", "0.29.2"]),
            ("2.10.0", "torchaudio", ["2.10.0"]),
            ("2.13.0", "torchaudio", ["2.11.0"]),
            ("2.16.0", "torchaudio", ["2.11.0"]),
            ("2.3.1", "torchtext", ["0.18.0"]),
        ],
    )
    def test_versions(self, release: str, name: str, expected: list[str]) -> None:
        """Each release of torch has its own, the newest share the last ones."""
        assert [str(one) for one in companion_versions(Version(release))[name]] == expected

    def test_torchtext_ends(self) -> None:
        """The last torchtext was made for torch 2.3."""
        assert "torchtext" not in companion_versions(Version("2.4.0"))

    def test_every_release_has_vision_and_audio(self) -> None:
        """No release of torch that the tables know stands alone."""
        for release in torch_releases():
            assert {"torchvision", "torchaudio"} <= set(companion_versions(release)), release


class TestIsIndexOnly:
    """What PyPI does not have."""

    @pytest.mark.parametrize(
        "name",
        ["triton-rocm", "triton-xpu", "pytorch-triton-rocm", "rocm", "rocm-sdk-libraries"],
    )
    def test_runtimes(self, name: str) -> None:
        """The companions of ROCm and XPU wheels come from their own index."""
        assert is_index_only(name, "linux_x86_64")

    @pytest.mark.parametrize("name", ["nvidia-cublas-cu12", "sympy", "rocmlir", "triton"])
    def test_pypi_has_it(self, name: str) -> None:
        """Everything else comes from PyPI, generic names above all."""
        assert not is_index_only(name, "linux_x86_64")

    @pytest.mark.parametrize(
        ("platform", "specifier", "expected"),
        [
            ("linux_aarch64", "==3.4.0", True),
            ("linux_aarch64", "", True),
            ("linux_aarch64", "==3.5.0", False),
            ("linux_aarch64", "~=3.8.0", False),
            ("linux_x86_64", "==3.4.0", False),
            ("linux_x86_64", "==3.6.0+git1b0418a9", True),
        ],
    )
    def test_triton(self, platform: str, specifier: str, expected: bool) -> None:  # noqa: FBT001 - a column of the table
        """PyPI has triton for aarch64 from 3.5.0 on, and never a local version."""
        assert is_index_only("triton", platform, SpecifierSet(specifier)) is expected
