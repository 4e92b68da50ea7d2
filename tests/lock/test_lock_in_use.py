"""A lock in a decision and in a build: what stays installed, and what an sdist leaves out."""

from __future__ import annotations

import tarfile
from typing import TYPE_CHECKING

import pytest
from hatchling.builders.sdist import SdistBuilder

from hatch_torch.catalog.backend import Backend
from hatch_torch.config.config import BackendExtra, Config
from hatch_torch.frontend.request import BuildRequest
from hatch_torch.lock import LOCK
from hatch_torch.resolution.inputs import collect_inputs

if TYPE_CHECKING:
    from pathlib import Path

    from hatch_torch.lock.model import Lock

PROJECT = """
[project]
name = "my-app"
version = "1.0"
[tool.hatch.build.hooks.torch-variant]
[tool.hatch.build.targets.sdist]
"""
FILES = {"app.py", "notes.txt", "pyproject.toml", "PKG-INFO"}


def install_torch(folder: Path, version: str) -> BuildRequest:
    """Write the metadata of a torch; return the request of an install into its environment."""
    dist_info = folder / f"torch-{version}.dist-info"
    dist_info.mkdir()
    text = f"Metadata-Version: 2.1\nName: torch\nVersion: {version}\n"
    (dist_info / "METADATA").write_text(text, encoding="utf-8")
    return BuildRequest(site_packages=(folder,))


@pytest.mark.parametrize(
    ("version", "stays"),
    [
        ("2.9.1+cpu", True),
        ("2.9.1+rocm6.4", True),
        ("2.9.0+cpu", False),
        ("2.9.1+cu126", False),
        ("2.9.0a0+5228986c39.nv25.5", True),
    ],
)
def test_only_what_is_locked_stays(lock: Lock, tmp_path: Path, version: str, stays: bool) -> None:  # noqa: FBT001 (a parameter of the test)
    """Of PyTorch's builds only a locked version may stay; a vendor's build always may."""
    request = install_torch(tmp_path, version)
    locked = collect_inputs(Config(), {}, request=request, lock=lock)
    assert bool(locked.find_installed({"torch"})) == stays
    assert collect_inputs(Config(), {}, request=request).find_installed({"torch"})


def test_a_mirror_applies(lock: Lock) -> None:
    """Paths are relative to the root that is named, or to the backend's own index."""
    own_index = "https://rocm.example.org/6.4"
    config = Config(
        extras=(
            BackendExtra("rocm64", Backend("rocm", (6, 4)), index_url=own_index),
            BackendExtra("cpu", Backend("cpu"), channel="test"),
        )
    )
    environ = {"TORCH_VARIANT_INDEX_URL": "https://mirror.example.org/torch/"}
    index = collect_inputs(config, environ, lock=lock).finder.index
    urls = [index.get_wheels(extra.backend, "torch")[0].url for extra in config.extras]
    assert urls[0].startswith(f"{own_index}/rocm6.4/torch-2.9.1%2Brocm6.4-")
    assert urls[1].startswith("https://mirror.example.org/torch/cpu/torch-2.9.1%2Bcpu-")


@pytest.mark.parametrize(
    ("exclude", "expected"),
    [
        ("", FILES),
        ('exclude = ["notes.txt"]', FILES - {"notes.txt"}),
    ],
)
def test_an_sdist_leaves_it_out(tmp_path: Path, exclude: str, expected: set[str]) -> None:
    """An sdist does not contain the lock, nor what the project excludes."""
    (tmp_path / "pyproject.toml").write_text(PROJECT + exclude, encoding="utf-8")
    for name in ("app.py", "notes.txt", LOCK):
        (tmp_path / name).write_text("", encoding="utf-8")
    (path,) = SdistBuilder(str(tmp_path)).build(directory=str(tmp_path / "dist"))
    with tarfile.open(path) as sdist:
        assert {name.removeprefix("my_app-1.0/") for name in sdist.getnames()} == expected


def test_hatchling_reports_invalid_exclude(tmp_path: Path) -> None:
    """Anything but an array is rejected by hatchling itself."""
    (tmp_path / "pyproject.toml").write_text(f'{PROJECT}exclude = "x"', encoding="utf-8")
    (tmp_path / "app.py").write_text("", encoding="utf-8")
    with pytest.raises(TypeError, match="must be an array"):
        list(SdistBuilder(str(tmp_path)).build(directory=str(tmp_path / "dist")))
