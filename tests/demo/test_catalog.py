"""The embedded index has what PyTorch's index has, by the same names."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from packaging.utils import parse_wheel_filename
from packaging.version import Version

from hatch_torch.catalog.releases import (
    known_backends,
    published_releases,
    supported_pythons,
    torch_releases,
)
from hatch_torch.catalog.target import PLATFORMS
from hatch_torch.demo.catalog import (
    CHANNELS,
    FAMILY,
    STABLE,
    find_triton,
    list_files,
    list_folders,
    list_pypi_files,
    list_releases,
)

if TYPE_CHECKING:
    from hatch_torch.catalog.backend import Backend

_NAMES = Path(__file__).parents[2] / "fixtures/catalog/filenames.tsv"
# The names that are left out, and why.
_LEFT_OUT = {
    "-cp38-": "hatch-torch needs Python 3.10",
    "-cp39-": "hatch-torch needs Python 3.10",
    "_s390x.": "no table of ours has that platform",
    "win_arm64.": "no table of ours has that platform",
}


def _real_names() -> list[tuple[str, str]]:
    lines = _NAMES.read_text(encoding="utf-8").splitlines()
    pairs = [line.split("\t") for line in lines if not line.startswith("#")]
    included = (pair for pair in pairs if not any(part in pair[1] for part in _LEFT_OUT))
    return [(folder, name) for folder, name in included]


def _names(channel: str, folder: str, package: str) -> set[str]:
    return {file.name for file in list_files(channel, folder, package)}


class TestRealNames:
    """The names that public lock files give."""

    def test_every_one_is_offered(self) -> None:
        """Each real wheel is on the page of its backend; one at the root on some page."""
        missing = [
            (folder, name)
            for folder, name in _real_names()
            if not any(
                name in _names(STABLE, each, parse_wheel_filename(name)[0])
                for each in (list_folders(STABLE) if folder == "root" else [folder])
            )
        ]
        assert missing == []

    def test_are_many(self) -> None:
        """The catalogue is the real one, not a remnant of it."""
        assert len(_real_names()) > 2500


class TestMatrix:
    """The whole matrix of torch, backend, Python and platform."""

    @pytest.mark.parametrize("backend", known_backends(), ids=str)
    def test_torch_is_complete(self, backend: Backend) -> None:
        """Every cell of the tables has a wheel of torch."""
        built = list_files(STABLE, backend.folder, "torch")
        built_cells = {
            (file.build.release.like, file.build.platform, file.build.python)
            for file in built
            if file.build.backend == backend
        }
        cells = {
            (release, platform, python)
            for platform in PLATFORMS
            for release in published_releases(backend, platform)
            if release >= Version("2.2")
            for python in supported_pythons(release, platform)
        }
        assert cells == built_cells

    @pytest.mark.parametrize("channel", CHANNELS)
    def test_every_name_is_a_wheels(self, channel: str) -> None:
        """Packaging reads each name, and finds the package and the version that were meant."""
        for folder in list_folders(channel):
            for package in FAMILY:
                for file in list_files(channel, folder, package):
                    name, version, *_ = parse_wheel_filename(file.name)
                    expected = (package, Version(file.build.file_version).public)
                    assert expected == (name, version.public)


class TestFiles:
    """What lies in a folder."""

    @pytest.mark.parametrize(
        ("folder", "name"),
        [
            ("cpu", "torch-2.5.1-cp312-cp312-manylinux_2_17_aarch64.manylinux2014_aarch64.whl"),
            ("cu124", "torch-2.5.1-cp312-cp312-linux_aarch64.whl"),
            ("cpu", "torch-2.6.0-cp312-none-macosx_11_0_arm64.whl"),
            ("cpu", "torch-2.2.2-cp310-none-macosx_10_9_x86_64.whl"),
            ("cu130", "torch-2.9.1+cu130-cp313-cp313t-manylinux_2_28_x86_64.whl"),
            ("cpu", "torch-2.10.0-2-cp312-none-macosx_11_0_arm64.whl"),
        ],
    )
    def test_has_the_names_with_a_twist(self, folder: str, name: str) -> None:
        """No local version, abi none, build tag, free-threaded: as in the real index."""
        assert name in _names(STABLE, folder, "torch")

    def test_companions_leave_holes(self) -> None:
        """ROCm 7.14 has no torchaudio, which ended with 2.11.0."""
        assert list_files(STABLE, "rocm7.14", "torchaudio") == ()

    def test_unknown_folder(self) -> None:
        """A backend that never was has nothing."""
        assert list_files(STABLE, "cu127", "torch") == ()


class TestChannels:
    """The channels test and nightly."""

    def test_nightly_is_dated(self) -> None:
        """A family of nightlies has one date."""
        assert {"2.10.0.dev20251120+rocm7.0"} == {
            name.split("-")[1] for name in _names("nightly", "rocm7.0", "torch")
        }

    def test_candidate_has_a_final_version(self) -> None:
        """A release candidate's name is that of the release, and torchaudio has none."""
        versions = {name.split("-")[1] for name in _names("test", "cu130", "torch")}
        assert ({"2.16.0+cu130"}, set()) == (versions, _names("test", "cu130", "torchaudio"))

    def test_nightly_triton_has_a_local_version(self) -> None:
        """Its requirement names the local version, which PyPI does not take."""
        (release,) = {
            release for release in list_releases("nightly") if release.backends == ("rocm7.0",)
        }
        assert str(find_triton(release, "rocm")) == "triton-rocm==3.6.0+git6f1d1b6a"

    def test_folders(self) -> None:
        """The stable channel has a folder for every backend since torch 2.2."""
        every = {backend.folder for backend in known_backends() if _since_2_2(backend)}
        assert every == set(list_folders(STABLE))


def _since_2_2(backend: Backend) -> bool:
    last = [published_releases(backend, platform)[-1:] for platform in PLATFORMS]
    return any(built_cells and built_cells[0] >= Version("2.2") for built_cells in last)


class TestReleases:
    """The releases of a channel."""

    def test_stable(self) -> None:
        """All releases from 2.2 on are there."""
        expected = [version for version in torch_releases() if version >= Version("2.2")]
        assert expected == [release.like for release in list_releases(STABLE)]


class TestPlain:
    """What PyPI has."""

    @pytest.mark.parametrize(
        ("package", "name"),
        [
            ("torch", "torch-2.5.1-cp312-cp312-manylinux1_x86_64.whl"),
            ("torch", "torch-2.10.0-3-cp310-cp310-manylinux_2_28_x86_64.whl"),
            ("torch", "torch-2.15.0-cp312-cp312-win_amd64.whl"),
            ("torchvision", "torchvision-0.29.2-py3-none-manylinux_2_28_x86_64.whl"),
            (
                "triton",
                "triton-3.5.1-cp312-cp312-manylinux_2_27_aarch64.manylinux_2_28_aarch64.whl",
            ),
        ],
    )
    def test_has_no_local_version(self, package: str, name: str) -> None:
        """The names are those of PyPI."""
        assert name in {file.name for file in list_pypi_files(package)}

    @pytest.mark.parametrize("package", ["triton-rocm", "pytorch-triton-xpu"])
    def test_lacks_what_only_the_index_serves(self, package: str) -> None:
        """The tritons of ROCm and XPU are not there."""
        assert list_pypi_files(package) == ()
