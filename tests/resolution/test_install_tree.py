"""What the installer is about to resolve: a command, its projects, and what is installed."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from packaging.requirements import Requirement

from hatch_torch.catalog.target import foreign_interpreter
from hatch_torch.config.config import Config
from hatch_torch.config.env import Settings
from hatch_torch.frontend.request import BuildRequest
from hatch_torch.frontend.resolver_options import ALL_PACKAGES, ResolverOptions
from hatch_torch.index.source import SourceOptions
from hatch_torch.resolution.install_tree import InstallTree

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    MakeTree = Callable[..., InstallTree]

FAMILY = frozenset({"torch", "torchvision", "torchaudio"})
TARGET = foreign_interpreter("3.12", "linux_x86_64")


@pytest.fixture
def make_tree(tmp_path: Path) -> MakeTree:
    """Return what makes the install of a project that requires some packages."""

    def make(*required: str, settings: Settings | None = None, **resolver: object) -> InstallTree:
        config = Config(name="my-app", dependencies=tuple(map(Requirement, required)))
        request = BuildRequest(
            installer="pip",
            site_packages=(tmp_path,),
            resolver=ResolverOptions(**resolver),  # type: ignore[arg-type] # as each test says
        )
        options = SourceOptions(config, settings or Settings(), {}, TARGET, request)
        return InstallTree(options, FAMILY)

    return make


def stated(tree: InstallTree) -> list[tuple[str, str]]:
    """Return what is required, after who states it."""
    return [(by, str(need)) for by, need in tree.roots]


def put(folder: Path, name: str, *required: str) -> None:
    """Put an installed distribution into a folder."""
    (info := folder / f"{name}-1.0.dist-info").mkdir()
    lines = [f"Requires-Dist: {line}" for line in required]
    head = ("Metadata-Version: 2.4", f"Name: {name}", "Version: 1.0")
    (info / "METADATA").write_text("\n".join([*head, *lines, "", ""]), encoding="utf-8")


def test_requirements_of_the_command(make_tree: MakeTree) -> None:
    """The command's requirements count where their marker holds; pip reports invalid ones."""
    requirements = ("timm<2", "not >> valid", "colorama ; sys_platform == 'win32'")
    assert stated(make_tree("torch>=2.4", requirements=requirements)) == [
        ("my-app", "torch>=2.4"),
        ("the command line", "timm<2"),
    ]


def test_local_projects(make_tree: MakeTree, tmp_path: Path) -> None:
    """Other local projects count; what is wrong with one is its own build's to report."""
    other, broken = tmp_path / "other", tmp_path / "broken"
    for folder, text in (
        (other, "[project]\nname = 'other'\nversion = '1'\ndependencies = ['torch<2.10']\n"),
        (broken, "[project]\nname = 'broken'\nversion = '1'\ndependencies = ['torch >> 2']\n"),
    ):
        folder.mkdir()
        (folder / "pyproject.toml").write_text(text, encoding="utf-8")
    tree = make_tree("torch", local_projects=(other, broken))
    assert stated(tree) == [("my-app", "torch"), ("other", "torch<2.10")]


def test_is_installed(make_tree: MakeTree, tmp_path: Path) -> None:
    """All is installed where it is there with all that it requires in turn, and may stay."""
    put(tmp_path, "timm", "torch", "torchvision")
    assert not make_tree("timm").is_installed
    put(tmp_path, "torch")
    put(tmp_path, "torchvision", "torch==1.0")
    assert make_tree("timm").is_installed
    assert not make_tree("timm>1.0").is_installed
    assert not make_tree("timm", upgraded=frozenset({ALL_PACKAGES})).is_installed
    assert not make_tree("timm", settings=Settings(upgrade=True)).is_installed


@pytest.mark.parametrize("required", ["timm @ https://example.org/timm-1.0.whl", "missing"])
def test_is_not_installed(make_tree: MakeTree, tmp_path: Path, required: str) -> None:
    """What comes from a URL is fetched again, and what is missing is not there."""
    put(tmp_path, "timm")
    assert not make_tree(required).is_installed
