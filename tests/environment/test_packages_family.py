"""The packages of the torch family in an environment."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from packaging.version import Version

from hatch_torch.catalog.backend import Backend
from hatch_torch.environment.packages import FamilyPackage, read_family_packages

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

FAMILY = ("torch", "torchvision", "torchaudio")
VISION = "__version__ = '0.21.0+cu124'\ngit_version = '7af6987'\n"


def format_version_py(version: str, cuda: str | None = None, **more: str) -> str:
    """Return the text of torch's version.py."""
    values = {"git_version": "cf30153", "hip": None, "xpu": None, **more}
    return f"__version__ = '{version}'\ndebug = False\ncuda: Optional[str] = {cuda!r}\n" + "".join(
        f"{name} = {value!r}\n" for name, value in values.items()
    )


def put(
    site: Path,
    stem: str,
    version_py: str = "",
    *,
    files: Mapping[str, str] | None = None,
    suffix: str = ".dist-info",
) -> Path:
    """Install a package: its dist-info, and its version.py if given."""
    name, version = stem.split("-")
    info = site / f"{stem}{suffix}"
    info.mkdir(parents=True)
    metadata = f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n"
    for filename, text in {"METADATA": metadata, **(files or {})}.items():
        (info / filename).write_text(text, encoding="utf-8")
    if version_py:
        (site / name).mkdir(exist_ok=True)
        (site / name / "version.py").write_text(version_py, encoding="utf-8")
    return info


def only(site: Path) -> FamilyPackage:
    """Return the only installed package of the family."""
    (package,) = read_family_packages([site], FAMILY)
    return package


class TestInstalled:
    """Which packages are installed."""

    def test_tells_everything(self, tmp_path: Path) -> None:
        """A wheel that was installed from its URL has every field."""
        url = "https://download.pytorch.org/whl/cu124/torch-2.6.0%2Bcu124-cp312-cp312-linux.whl"
        metadata = (
            "Name: torch\nVersion: 2.6.0+cu124\nRequires-Dist: filelock\n"
            'Requires-Dist: triton (==3.2.0) ; platform_system == "Linux"\n\nRequires-Dist: words\n'
        )
        files = {"METADATA": metadata, "direct_url.json": json.dumps({"url": url})}
        put(tmp_path, "torch-2.6.0+cu124", format_version_py("2.6.0+cu124", "12.4"), files=files)
        expected = FamilyPackage(
            name="torch",
            version=Version("2.6.0+cu124"),
            backend=Backend("cuda", (12, 4)),
            built_by="pytorch",
            direct_url=url,
            location=tmp_path,
            requires=("filelock", 'triton (==3.2.0) ; platform_system == "Linux"'),
        )
        assert read_family_packages([tmp_path], ["Torch"]) == (expected,)

    def test_names_are_normalized(self, tmp_path: Path) -> None:
        """Names are compared normalized, and only the requested ones are returned."""
        put(tmp_path, "pytorch_triton_rocm-3.2.0")
        put(tmp_path, "numpy-2.3.0")
        (package,) = read_family_packages([tmp_path], ["pytorch-triton-rocm", "torch"])
        assert (package.name, package.backend, package.built_by) == (
            "pytorch-triton-rocm",
            None,
            "unknown",
        )

    def test_first_folder_wins(self, tmp_path: Path) -> None:
        """A package shadows one of the same name in a later folder."""
        put(tmp_path / "user", "torch-2.6.0")
        put(tmp_path / "system", "torch-2.5.1")
        put(tmp_path / "system", "torchaudio-2.5.1")
        found = read_family_packages([tmp_path / "user", tmp_path / "system"], FAMILY)
        assert [str(package.version) for package in found] == ["2.6.0", "2.5.1"]

    def test_leftovers_do_not_count(self, tmp_path: Path) -> None:
        """Of two dist-infos of one package, the one that matches version.py counts."""
        for version in ("2.5.1", "2.6.0+cpu", "2.7.0"):
            put(tmp_path, f"torch-{version}")
        put(tmp_path, "torch-2.6.0", format_version_py("2.6.0+cpu"))
        assert only(tmp_path).version == Version("2.6.0+cpu")

    @pytest.mark.parametrize(
        ("name", "files"),
        [
            ("torch-2.6.0.dist-info", {}),
            ("torch-2.6.0.dist-info", {"METADATA": "Name: torch\n"}),
            ("torch-2.6.0.dist-info", {"METADATA": "Name: torch\nVersion: newest\n"}),
            ("torch-2.6.0.dist-info", {"METADATA": "Version: 1\nVersion: 2\n"}),
            ("~orch-2.6.0.dist-info", {"METADATA": "Name: torch\nVersion: 2.6.0\n"}),
            ("torch-2.6.0.dist-info.old", {"METADATA": "Name: torch\nVersion: 2.6.0\n"}),
        ],
    )
    def test_broken_is_left_out(self, tmp_path: Path, name: str, files: dict[str, str]) -> None:
        """The remains of an interrupted installation are no package."""
        (tmp_path / name).mkdir()
        for filename, text in files.items():
            (tmp_path / name / filename).write_text(text, encoding="utf-8")
        assert read_family_packages([tmp_path, tmp_path / "missing"], FAMILY) == ()

    def test_undecodable_is_left_out(self, tmp_path: Path) -> None:
        """A package whose metadata is not UTF-8 is left out."""
        (put(tmp_path, "torch-2.6.0") / "METADATA").write_bytes(b"Version: 2.6.0\n\xff\xfe")
        assert read_family_packages([tmp_path], FAMILY) == ()

    @pytest.mark.parametrize("text", ["[]", "{", '{"url": 1}'])
    def test_invalid_direct_url(self, tmp_path: Path, text: str) -> None:
        """An invalid direct_url.json is ignored."""
        put(tmp_path, "torch-2.6.0", files={"direct_url.json": text})
        assert only(tmp_path).direct_url is None


class TestBackend:
    """Which backend a package was built for."""

    @pytest.mark.parametrize(
        ("version", "version_py", "expected"),
        [
            ("2.6.0+cu124", "", "cu124"),
            ("2.6.0+rocm6.2.4", "", "rocm6.2.4"),
            ("2.16.0.dev20261101+xpu", "", "xpu"),
            ("2.5.1+cpu.cxx11.abi", "", "cpu"),
            ("2.6.0", format_version_py("2.6.0+cu124", "12.4"), "cu124"),
            ("2.5.1", format_version_py("2.5.1", "12.4"), "cu124"),
            ("2.5.1", format_version_py("2.5.1"), "cpu"),
            ("2.8.0", format_version_py("2.8.0", xpu="20250101"), "xpu"),
            ("2.6.0", format_version_py("2.6.0", hip="6.4.43482-0f2d60242"), "rocm6.4"),
            (
                "2.8.0a0+5228986c39.nv25.05",
                format_version_py("2.8.0a0+5228986c39.nv25.05", "12.9"),
                "cu129",
            ),
            ("2.9.1+rocm7.2.0.lw.git7e1940d4", "", "rocm7.2"),
            ("0.21.0", VISION, "cu124"),
            ("0.21.0", "__version__ = '0.21.0'\n", "None"),
        ],
    )
    def test_linux(self, tmp_path: Path, version: str, version_py: str, expected: str) -> None:
        """The local version names the backend, else version.py does."""
        put(tmp_path, f"torch-{version}", version_py)
        assert str(only(tmp_path).backend) == expected

    @pytest.mark.parametrize(
        ("tag", "expected"),
        [
            ("cp312-none-macosx_11_0_arm64", Backend("mps")),
            ("cp310-none-macosx_10_9_x86_64", Backend("cpu")),
        ],
    )
    def test_macos(self, tmp_path: Path, tag: str, expected: Backend) -> None:
        """Wheels for macOS have no local version; their tag names the backend."""
        files = {"WHEEL": f"Wheel-Version: 1.0\nTag: {tag}\n"}
        put(tmp_path, "torchaudio-2.6.0", "__version__ = '2.6.0'\n", files=files)
        assert only(tmp_path).backend == expected


class TestBuiltBy:
    """Who built a package."""

    @pytest.mark.parametrize(
        ("version", "version_py", "expected"),
        [
            ("2.6.0+cu124", "", "pytorch"),
            ("2.0.0+cu117.with.pypi.cudnn", "", "pytorch"),
            ("2.6.0", format_version_py("2.6.0+cu124", "12.4"), "pytorch"),
            ("2.8.0a0+5228986c39.nv25.05", "", "vendor"),
            ("2.9.1+rocm7.0.0.git698b58a9", "", "vendor"),
            ("2.12.0+rocm7.14.0", "", "vendor"),
            ("2.9.0a0+git1234567", "", "source"),
            ("0.22.0a0+95f10a4", "", "source"),
            ("2.9.0a0", format_version_py("2.9.0a0"), "source"),
            ("2.6.0", format_version_py("2.6.0", git_version="Unknown"), "source"),
            ("2.6.0+computecanada", "", "unknown"),
            ("2.6.0", "", "unknown"),
        ],
    )
    def test_by_version(self, tmp_path: Path, version: str, version_py: str, expected: str) -> None:
        """The local version names the builder; without it PyTorch is, unless files contradict."""
        put(tmp_path, f"torch-{version}", version_py)
        assert only(tmp_path).built_by == expected

    def test_jetson_is_unknown(self, tmp_path: Path) -> None:
        """A plain CUDA build for aarch64 without a manylinux tag may be PyTorch's or Jetson's."""
        files = {"WHEEL": "Wheel-Version: 1.0\nTag: cp310-cp310-linux_aarch64\n"}
        put(tmp_path, "torch-2.9.1", format_version_py("2.9.1", "12.6"), files=files)
        assert only(tmp_path).built_by == "unknown"

    @pytest.mark.parametrize(
        ("version", "origin", "expected"),
        [
            ("2.6.0+cu124", {"dir_info": {"editable": True}}, "source"),
            ("2.6.0", {"vcs_info": {"vcs": "git"}}, "source"),
            ("2.6.0+cu124", {"archive_info": {}}, "pytorch"),
            ("2.6.0a0+95f10a4.nv25.1", {"dir_info": {}}, "vendor"),
        ],
    )
    def test_by_origin(
        self, tmp_path: Path, version: str, origin: dict[str, object], expected: str
    ) -> None:
        """A package from a checkout was built there, unless its version is a vendor's."""
        text = json.dumps({"url": "file:///src/pytorch", **origin})
        put(tmp_path, f"torch-{version}", files={"direct_url.json": text})
        assert only(tmp_path).built_by == expected

    @pytest.mark.parametrize(
        ("installer", "record", "expected"),
        [
            ("conda\n", "", "conda"),
            ("", "pytorch-2.6.0-py3.12_cuda12.4_cudnn9.1.0_0.json", "conda"),
            ("", "pytorch-2.5.1-py3.12_cpu_0.json", "pytorch"),
            ("pip\n", "pytorch-2.6.0-py3.12_cuda12.4_cudnn9.1.0_0.json", "pytorch"),
        ],
    )
    def test_conda(self, tmp_path: Path, installer: str, record: str, expected: str) -> None:
        """Conda's packages have its INSTALLER or a conda-meta record, unless pip replaced them."""
        (tmp_path / "conda-meta").mkdir()
        if record:
            (tmp_path / "conda-meta" / record).touch()
        site = tmp_path / "lib" / "python3.12" / "site-packages"
        put(site, "torch-2.6.0", format_version_py("2.6.0", "12.4"), files={"INSTALLER": installer})
        assert only(site).built_by == expected
        assert only(site).backend == Backend("cuda", (12, 4))

    def test_conda_with_egg_info(self, tmp_path: Path) -> None:
        """Packages of the former conda channel have an egg-info folder."""
        site = tmp_path / "Lib" / "site-packages"
        info = put(site, "torch-2.5.1", format_version_py("2.5.1"), suffix="-py3.12.egg-info")
        (info / "METADATA").rename(info / "PKG-INFO")
        (tmp_path / "conda-meta").mkdir()
        (tmp_path / "conda-meta" / "pytorch-2.5.1-py3.12_cpu_0.json").touch()
        assert (only(site).built_by, only(site).backend) == ("conda", Backend("cpu"))
