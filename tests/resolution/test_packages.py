"""The releases that an installer could take: what is installed, local projects, its indexes."""

from __future__ import annotations

import io
import tarfile
from typing import TYPE_CHECKING

import pytest
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.version import Version

from hatch_torch.catalog.target import running_interpreter
from hatch_torch.demo.wheels import Stub, build_wheel
from hatch_torch.index.client import Client
from hatch_torch.index.http_cache import Cache
from hatch_torch.index.project_index import ProjectIndex, ProjectIndexOptions
from hatch_torch.resolution.model import Need, Release
from hatch_torch.resolution.packages import (
    InstallerPackages,
    find_installed_releases,
    read_requires,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path

TARGET = running_interpreter()


def add_wheel(folder: Path, version: str, *requires: str, python: str = "") -> None:
    """Put a wheel of `pkg` into a folder."""
    stub = Stub(f"pkg-{version}-py3-none-any.whl", requires=requires, python=python)
    (folder / stub.filename).write_bytes(build_wheel(stub))


def add_installed(folder: Path, name: str, version: str, *requires: str) -> None:
    """Put a distribution into an environment."""
    info = folder / f"{name}-{version}.dist-info"
    info.mkdir(parents=True)
    lines = "".join(f"Requires-Dist: {line}\n" for line in requires)
    (info / "METADATA").write_text(f"Name: {name}\n{lines}", encoding="utf-8")


def open_packages(
    tmp_path: Path,
    *,
    keeps_installed: Callable[[str], bool] = lambda _: True,
    local: Iterable[str] = (),
) -> InstallerPackages:
    """Return the packages of a folder of wheels, and of an environment beside it."""

    def open_index() -> ProjectIndex:
        options = ProjectIndexOptions((), find_links=(str(tmp_path),))
        return ProjectIndex(Client(Cache(tmp_path / "cache"), timeout=5), options, TARGET)

    return InstallerPackages(
        open_index,
        installed=find_installed_releases([tmp_path / "site-packages"]),
        local={name: (Requirement("local-dependency"),) for name in local},
        keeps_installed=keeps_installed,
    )


def versions(packages: InstallerPackages, specifier: str = "") -> list[str]:
    """Return the versions of `pkg` in a range, in the installer's order."""
    found = packages.releases(Need("pkg", SpecifierSet(specifier)))
    return [str(release.version) for release in found or ()]


def test_installed_comes_first(tmp_path: Path) -> None:
    """What is installed and satisfies comes before newer releases, unless it is upgraded."""
    add_installed(tmp_path / "site-packages", "pkg", "1", "numpy")
    for version in ("1", "2"):
        add_wheel(tmp_path, version)
    packages = open_packages(tmp_path)
    packages.load_releases([Need("pkg")])
    assert versions(packages) == ["1", "2"]
    assert versions(packages, ">1") == ["2"]
    assert versions(open_packages(tmp_path, keeps_installed=lambda _: False)) == ["2", "1"]


def test_requirements(tmp_path: Path) -> None:
    """Requirements come from the index, the environment or the local project."""
    add_installed(tmp_path / "site-packages", "old", "1", "numpy", 'rich; extra == "x"')
    add_wheel(tmp_path, "2", "torch<2.9")
    packages = open_packages(tmp_path, local=["mine"])
    (release,) = packages.releases(Need("pkg")) or ()
    packages.load_metadata([release, Release("mine")])
    assert packages.requires(release) == (Requirement("torch<2.9"),)
    assert packages.requires(Release("old", Version("1"))) == (Requirement("numpy"),)
    assert packages.requires(Release("mine")) == (Requirement("local-dependency"),)
    assert packages.requires(Release("unknown")) is None


def test_installed_without_metadata(tmp_path: Path) -> None:
    """An installed package whose METADATA cannot be read requires nothing that is known."""
    (tmp_path / "site-packages" / "old-1.dist-info").mkdir(parents=True)
    assert open_packages(tmp_path).requires(Release("old", Version("1"))) is None


@pytest.mark.parametrize(
    ("pkg_info", "expected"),
    [
        ("Metadata-Version: 2.2\nRequires-Dist: torch<2.9\n", (Requirement("torch<2.9"),)),
        ("Metadata-Version: 2.2\nDynamic: Requires-Dist\nRequires-Dist: torch\n", None),
        ("Metadata-Version: 2.1\nRequires-Dist: torch\n", None),
        ("Metadata-Version: new\nRequires-Dist: torch\n", None),
        ("Name: pkg\n", None),
    ],
)
def test_sdist(tmp_path: Path, pkg_info: str, expected: tuple[Requirement, ...] | None) -> None:
    """An sdist tells what it requires only where its PKG-INFO says that this is static."""
    with tarfile.open(tmp_path / "pkg-1.tar.gz", "w:gz") as archive:
        member = tarfile.TarInfo("pkg-1/PKG-INFO")
        member.size = len(pkg_info)
        archive.addfile(member, io.BytesIO(pkg_info.encode()))
    packages = open_packages(tmp_path)
    (release,) = packages.releases(Need("pkg")) or ()
    assert packages.requires(release) == expected


def test_requires_python_of_metadata(tmp_path: Path) -> None:
    """Where the page does not say, METADATA excludes a Python."""
    add_wheel(tmp_path, "2", python=">=4")
    add_wheel(tmp_path, "1", python=">=3.8")
    packages = open_packages(tmp_path)
    admitted = {
        str(release.version): packages.admits_python(release)
        for release in packages.releases(Need("pkg")) or ()
    }
    assert admitted == {"2": False, "1": True}
    assert packages.admits_python(Release("unknown"))


def test_unknown(tmp_path: Path) -> None:
    """Nothing is known of what a URL names; a local project is the only release of its name."""
    packages = open_packages(tmp_path, local=["mine"])
    assert packages.releases(Need("pkg", url="git+https://example.org/pkg")) is None
    assert packages.releases(Need("mine")) == (Release("mine"),)


def test_has_installed(tmp_path: Path) -> None:
    """An install leaves the environment as it is where all of it is there, extras included."""
    site_packages = tmp_path / "site-packages"
    add_installed(site_packages, "a", "1", "b>=1", 'c; extra == "more"')
    add_installed(site_packages, "b", "1", "a")
    packages = open_packages(tmp_path, local=["mine"])
    assert packages.has_installed([Need("a"), Need("b")], TARGET.environment)
    assert not packages.has_installed([Need("a", extras=frozenset({"more"}))], TARGET.environment)
    assert not packages.has_installed([Need("b", SpecifierSet(">1"))], TARGET.environment)
    assert not packages.has_installed([Need("mine")], TARGET.environment)


def test_environment(tmp_path: Path) -> None:
    """The first folder wins, and a name without a version counts as not installed."""
    add_installed(tmp_path / "one", "a", "2")
    add_installed(tmp_path / "two", "a", "1")
    add_installed(tmp_path / "two", "broken", "x")
    found = find_installed_releases([tmp_path / "one", tmp_path / "two", tmp_path / "missing"])
    assert {name: str(release.version) for name, release in found.items()} == {"a": "2"}


def test_lines_of_metadata() -> None:
    """Folded lines count; damaged and endless ones, and the description, are passed over."""
    text = (
        "Requires-Dist: torch\n  >=2\nrequires-dist: ???\n"
        f"Requires-Dist: a{'a' * 2000}\n"
        'Requires-Dist: rich; extra == "x"\n\nRequires-Dist: description\n'
    )
    assert [*map(str, read_requires(text.encode()))] == ["torch>=2", 'rich; extra == "x"']
    assert [*map(str, read_requires(text.encode(), with_extras=False))] == ["torch>=2"]
