"""The tables against the files on PyPI: a companion for each torch, or a row that says so."""

from __future__ import annotations

import sys
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from packaging.specifiers import SpecifierSet
from packaging.version import Version

from hatch_torch import catalog
from hatch_torch.catalog import load_table
from hatch_torch.catalog.releases import companion_versions, supported_pythons, torch_releases
from hatch_torch.catalog.target import PLATFORMS
from tools.tables.parse import parse_pypi

if TYPE_CHECKING:
    from collections.abc import Iterator

PYPI = Path(__file__).parents[2] / "fixtures" / "feeds" / "recorded" / "pypi"
OLDEST = Version("2.2")


@pytest.fixture(autouse=True, scope="module")
def _live_tables() -> Iterator[None]:
    """Read the package's own tables instead of the frozen ones, and forget them afterwards."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(catalog, "find_table", lambda name: catalog.FOLDER / f"{name}.toml")
        _clear_caches()
        yield
    _clear_caches()


def _clear_caches() -> None:
    for name, module in [*sys.modules.items()]:
        if name.partition(".")[0] == "hatch_torch":
            for value in vars(module).values():
                if hasattr(value, "cache_clear"):
                    value.cache_clear()


@cache
def list_builds(package: str) -> frozenset[tuple[Version, str, str]]:
    """Return the version, platform and Python of each file; a Python is empty for every one."""
    text = (PYPI / f"{package}.json").read_text(encoding="utf-8")
    return frozenset(
        (file.wheel.version, file.wheel.platform, file.wheel.python)
        for file in parse_pypi(text)
        if file.yanked is None
    )


def is_hole(row: dict[str, Any], package: str, build: tuple[Version, str, str, Version]) -> bool:
    """Return whether a row says that a companion does not exist on PyPI."""
    version, platform, python, torch = build
    return (
        row["package"] == package
        and Version(row.get("first", "0")) <= version <= Version(row.get("last", "9999"))
        and platform in row.get("platforms", [platform])
        and python in row.get("pythons", [python])
        and "backends" not in row
        and "pypi" in row.get("on", ["pypi"])
        and torch in SpecifierSet(row.get("torch", ""))
    )


def _iter_torches() -> Iterator[tuple[Version, str, str]]:
    """Yield the release, platform and Python of each torch on PyPI that the tables know."""
    builds = list_builds("torch")
    for release in torch_releases():
        for platform in PLATFORMS:
            for python in supported_pythons(release, platform):
                if release >= OLDEST and (release, platform, python) in builds:
                    yield release, platform, python


@pytest.mark.parametrize("package", ["torchvision", "torchaudio"])
def test_each_companion_exists_or_is_a_hole(package: str) -> None:
    """Each release that the tables pair with a torch has a wheel beside it, or a row says not."""
    holes = load_table("holes")
    unexplained, stale = [], []
    for release, platform, python in _iter_torches():
        for version in companion_versions(release).get(package, ()):
            exists = any((version, platform, one) in list_builds(package) for one in (python, ""))
            build = (version, platform, python, release)
            is_known_hole = any(is_hole(row, package, build) for row in holes)
            if not (exists or is_known_hole):
                unexplained.append(build)
            # A hole may also be a pair that nobody built for each other.
            if exists and any(is_hole(row, package, build) for row in holes if "torch" not in row):
                stale.append(build)
    assert unexplained == []
    assert stale == []


def test_each_torch_on_pypi_is_in_the_tables() -> None:
    """No Python or platform of a torch on PyPI is unknown to the tables."""
    known = {*_iter_torches()}
    newest = torch_releases()[-1]
    missing = {
        (version, platform, python)
        for version, platform, python in list_builds("torch")
        if platform and OLDEST <= version <= newest and int(python[2:].rstrip("t")) >= 10
    } - known
    assert missing == set()


def test_releases_are_those_of_pypi() -> None:
    """Each final release on PyPI is a row of the table, and the other way round."""
    published = {version for version, *_ in list_builds("torch") if not version.is_prerelease}
    assert {one for one in torch_releases() if one >= OLDEST} == published
