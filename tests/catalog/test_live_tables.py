"""The tables as they are now: readable, sourced, in order, and consistent with one another.

Every other test reads the frozen copies in ``tests/data/tables``, so that a new release of torch
needs a look at this module only.
"""

from __future__ import annotations

import sys
import time
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from packaging.specifiers import SpecifierSet
from packaging.version import Version

from hatch_torch import catalog
from hatch_torch.catalog import load_table
from hatch_torch.catalog.backend import FAMILIES, Backend
from hatch_torch.catalog.releases import (
    companion_versions,
    find_torch_built_against,
    inferred_releases,
    is_abi_stable,
    is_built_alike,
    is_certain,
    known_backends,
    may_have_newer,
    published_releases,
    pypi_backend,
    required_torch,
    supported_pythons,
    torch_releases,
)
from hatch_torch.catalog.target import PLATFORMS, Target
from hatch_torch.compatibility.ranking import rank_backends
from hatch_torch.hardware.model import Accelerator, Hardware, Nvidia

if TYPE_CHECKING:
    from collections.abc import Iterator

LIVE_TABLES = catalog.FOLDER
FROZEN_TABLES = Path(__file__).parents[1] / "data" / "tables"
NAMES = sorted(path.stem for path in LIVE_TABLES.glob("*.toml"))
FROZEN_NAMES = sorted(path.stem for path in FROZEN_TABLES.glob("*.toml"))
# Tables about programs and environments, which no release of torch changes.
NEVER_FROZEN = {"build_backends", "environment_hints", "installers", "mirrors"}
SPANS = ["backends", "cuda", "pypi", "pythons", "rocm"]


@pytest.fixture(autouse=True, scope="module")
def _live_tables() -> Iterator[None]:
    """Read the package's own tables instead of the frozen ones, and forget them afterwards."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(catalog, "find_table", lambda name: LIVE_TABLES / f"{name}.toml")
        _clear_caches()
        yield
    _clear_caches()


def _clear_caches() -> None:
    """Empty every cache of the package: any of them may hold what the catalog answered."""
    for name, module in [*sys.modules.items()]:
        if name.partition(".")[0] == "hatch_torch":
            for value in vars(module).values():
                if hasattr(value, "cache_clear"):
                    value.cache_clear()


@pytest.mark.parametrize("name", NAMES)
class TestEveryTable:
    """What holds for each of them."""

    def test_has_a_source_beside_each_row(self, name: str) -> None:
        """A fact without a source is a rumour."""
        assert [row for row in load_table(name) if not row.get("source")] == []

    def test_opens_with_a_comment(self, name: str) -> None:
        """The head of a table says what its rows mean."""
        assert (LIVE_TABLES / f"{name}.toml").read_text(encoding="utf-8").startswith("# ")

    def test_has_no_row_twice(self, name: str) -> None:
        """Each fact stands once."""
        assert len(load_table(name)) == len({repr(row) for row in load_table(name)})

    def test_names_known_platforms(self, name: str) -> None:
        """Platforms are spelled in one way."""
        named = {platform for row in load_table(name) for platform in row.get("platforms", [])}
        assert named <= set(PLATFORMS)

    def test_is_quick_to_read(self, name: str) -> None:
        """Every build of every user reads tables: each takes milliseconds."""
        load_table.cache_clear()
        start = time.perf_counter()
        load_table(name)
        assert time.perf_counter() - start < 0.1


@pytest.mark.parametrize("name", SPANS)
class TestSpans:
    """The tables whose rows hold for all releases from `first` to `last`."""

    def test_ends_are_releases(self, name: str) -> None:
        """A span begins and ends with a release that exists, in that order."""
        for row in load_table(name):
            first, last = Version(row["first"]), Version(row["last"])
            assert {first, last} <= set(torch_releases()), row
            assert first <= last, row

    def test_do_not_overlap(self, name: str) -> None:
        """The spans of one backend and platform ascend; no release is in two of them."""
        for platform in PLATFORMS:
            for backend in {row.get("backend") for row in load_table(name)}:
                spans = [row for row in load_table(name) if _is_about(row, platform, backend, name)]
                for one, next_one in pairwise(spans):
                    assert Version(one["last"]) < Version(next_one["first"]), next_one


def _is_about(row: dict[str, Any], platform: str, backend: str | None, name: str) -> bool:
    platforms = row.get("platforms") or [row["platform"]]
    return platform in platforms and (name == "pypi" or row.get("backend") == backend)


@pytest.mark.parametrize("name", ["cuda", "rocm"])
class TestArchitectures:
    """The tables of machine code."""

    def test_each_backend_is_published(self, name: str) -> None:
        """Every row is about wheels that exist, or that may."""
        for row in load_table(name):
            for platform in row["platforms"]:
                assert Backend.parse(row["backend"]) in known_backends(platform), row

    def test_each_published_backend_has_rows(self, name: str) -> None:
        """No wheel that exists is without a row of its backend on its platform."""
        for platform in PLATFORMS:
            about = {row["backend"] for row in load_table(name) if platform in row["platforms"]}
            known = {one.name for one in known_backends(platform) if one.family == name}
            assert known <= about


class TestOrder:
    """What comes before what."""

    def test_drivers_ascend_with_cuda(self) -> None:
        """A newer CUDA release came with a newer driver."""
        for key in ("cuda", "linux", "windows", "least_linux", "least_windows"):
            listed = [Version(row[key]) for row in load_table("drivers") if key in row]
            assert listed == sorted(listed), key

    def test_companions_ascend(self) -> None:
        """The releases of a companion come in order."""
        for name in {row["package"] for row in load_table("companions")}:
            listed = [
                Version(row["version"])
                for row in load_table("companions")
                if row["package"] == name
            ]
            assert listed == sorted(listed), name

    def test_capabilities_ascend(self) -> None:
        """Compute capabilities are numbers, in order."""
        for row in load_table("cuda"):
            assert row["sm"] == sorted(set(row["sm"])), row


class TestReferences:
    """What one table says about the rows of another."""

    def test_each_cuda_backend_has_a_driver(self) -> None:
        """Which driver runs a CUDA backend is known before the backend is chosen for anybody."""
        releases = {row["cuda"] for row in load_table("drivers")}
        cuda = [backend for backend in known_backends() if backend.family == "cuda"]
        assert {".".join(map(str, backend.release)) for backend in cuda} <= releases

    def test_each_release_has_wheels(self) -> None:
        """The newest release too: `last` was moved on in every table that needs it."""
        for release in torch_releases():
            held_by = [
                (backend, platform)
                for platform in PLATFORMS
                for backend in known_backends(platform)
                if release in _tabled_releases(backend, platform)
            ]
            families = {backend.family for backend, _ in held_by}
            assert families >= {"cpu", "cuda", "mps"}, release
            assert all(supported_pythons(release, platform) for _, platform in held_by), release

    def test_the_wheel_on_pypi_is_a_published_one(self) -> None:
        """PyPI's wheel of each release is a build that PyTorch's index has too."""
        for release in torch_releases():
            for platform in PLATFORMS:
                backend = pypi_backend(release, platform)
                assert backend is None or release in _tabled_releases(backend, platform)

    def test_companions_belong_to_the_family(self) -> None:
        """Each row is about a package that moves together with torch, and a torch that exists."""
        family = {row["name"] for row in load_table("family")}
        for row in load_table("companions"):
            assert row["package"] in family
            assert [*SpecifierSet(row["torch"]).filter(torch_releases())], row

    def test_tritons_are_on_the_index_only(self) -> None:
        """A triton that a backend's wheels require is looked for on that backend's index."""
        index_only = {row["name"] for row in load_table("index_only")}
        for row in load_table("tritons"):
            assert row["name"] in index_only
            assert row["family"] in FAMILIES


def _tabled_releases(backend: Backend, platform: str) -> tuple[Version, ...]:
    return published_releases(backend, platform) + inferred_releases(backend, platform)


class TestInferredRows:
    """Rows with `certain = false`: nobody saw the wheel."""

    def test_each_has_a_day_to_be_checked(self) -> None:
        """And no certain row has one."""
        for name in NAMES:
            for row in load_table(name):
                assert ("check_after" in row) == (not is_certain(row)), row

    def test_facts_of_2_15(self) -> None:
        """What was announced and seen of torch 2.15.0, and what is only planned."""
        release = Version("2.15.0")
        published, inferred = (
            {
                (backend.name, platform)
                for platform in PLATFORMS
                for backend in known_backends(platform)
                if release in find(backend, platform)
            }
            for find in (published_releases, inferred_releases)
        )
        cuda_platforms = ("linux_x86_64", "linux_aarch64", "win_amd64")
        assert published == {
            *(("cu132", platform) for platform in cuda_platforms),
            ("mps", "macos_arm64"),
        }
        assert inferred == {
            *((name, platform) for name in ("cu130", "cpu") for platform in cuda_platforms),
            *(("cu134", platform) for platform in ("linux_x86_64", "linux_aarch64")),
            *(("xpu", platform) for platform in ("linux_x86_64", "win_amd64")),
            *((name, "linux_x86_64") for name in ("rocm7.14", "rocm10.0")),
        }

    def test_only_inferred(self) -> None:
        """A backend that is only inferred is no fact in `explain`: the index is asked."""
        hardware = Hardware(
            accelerators=(Accelerator("nvidia", "H200", "sm_90"),), nvidia=Nvidia("615.10", "13.4")
        )
        target = Target("3.12", "linux_x86_64", {}, {})
        reasons = {one.backend.name: one.reason for one in rank_backends(hardware, target)}
        assert reasons["cu134"] == "runs on H200 (sm_90) with torch 2.15.0, if the index has it"
        assert reasons["cu132"] == "runs on H200 (sm_90)"
        assert Backend.parse("cu134") not in known_backends(inferred=False)

    @pytest.mark.parametrize("name", ["cu126", "rocm7.2"])
    def test_backends_that_ended(self, name: str) -> None:
        """The last torch for Pascal, Volta, and drivers before 580 is 2.14.1."""
        backend = Backend.parse(name)
        assert published_releases(backend, "linux_x86_64")[-1] == Version("2.14.1")
        assert not inferred_releases(backend, "linux_x86_64")
        assert not may_have_newer(backend)


class TestCompanions:
    """Companions on LibTorch's stable ABI, which run with newer torches."""

    @pytest.mark.parametrize(
        ("name", "version", "torch"),
        [
            ("torchvision", "0.29.1", ">=2.14.0"),
            ("torchvision", "0.29.2", ">=2.14.0"),
            ("torchaudio", "2.11.1", ">=2.11"),
        ],
    )
    def test_stable(self, name: str, version: str, torch: str) -> None:
        """They have a lower bound, and are not tied to the newest torch that they name."""
        assert required_torch(name, Version(version)) == SpecifierSet(torch)
        assert is_abi_stable(name, Version(version))
        assert find_torch_built_against(name) is None
        for newer in ("2.14.1", "2.15.0"):
            assert Version(version) in companion_versions(Version(newer))[name]

    def test_only_lower_bounds_are_stable(self) -> None:
        """A release that is tied to one torch is not on the stable ABI."""
        for row in load_table("companions"):
            assert row.get("abi") in {None, "stable"}
            assert "abi" not in row or row["torch"].startswith(">="), row

    def test_cuda_majors(self) -> None:
        """A wheel on the stable ABI runs with every CUDA release of its major, others with one."""
        cu126, cu130, cu132, cpu = map(Backend.parse, ("cu126", "cu130", "cu132", "cpu"))
        stable, tied = Version("0.29.2"), Version("0.29.0")
        assert is_built_alike("torchvision", stable, cu132, cu130)
        assert not is_built_alike("torchvision", stable, cu126, cu130)
        assert not is_built_alike("torchvision", stable, cpu, cu130)
        assert not is_built_alike("torchvision", tied, cu132, cu130)
        assert is_built_alike("torchvision", tied, cu130, cu130)


def test_every_table_about_wheels_is_frozen() -> None:
    """A table that a choice depends on has a copy, so that its next row breaks no other test."""
    assert {*NAMES} - {*FROZEN_NAMES} == NEVER_FROZEN


@pytest.mark.parametrize("name", FROZEN_NAMES)
class TestFrozenTables:
    """The copies that all other tests read."""

    def test_has_the_keys_of_the_live_table(self, name: str) -> None:
        """A key that the code reads is in both; the copy is renewed with the code."""
        assert name in NAMES
        assert _keys(FROZEN_TABLES, name) == _keys(LIVE_TABLES, name)


def _keys(folder: Path, name: str) -> set[str]:
    return {key for row in load_table(name, folder) for key in row}


class TestCompatibility:
    """The releases of Hugging Face's libraries that go with a release of torch."""

    @pytest.mark.parametrize(
        ("torch", "transformers", "hub"),
        [
            ("2.10.0", ">=4.45.0", ">=0.25.0"),
            ("2.9.1", ">=4.43.0", ">=0.24.0"),
            ("2.4.0", ">=4.43.0", ">=0.24.0"),
            ("2.3.1", ">=4.41.0,<4.50.0", ">=0.23.0,<0.30.0"),
            ("2.2.2", ">=4.35.0,<4.45.0", ">=0.20.0,<0.25.0"),
        ],
    )
    def test_matrix(self, torch: str, transformers: str, hub: str) -> None:
        """Exactly one row holds for a release."""
        release = Version(torch)
        (row,) = (row for row in load_table("compatibility") if _holds(row, release))
        assert (row["transformers"], row["huggingface-hub"]) == (transformers, hub)

    def test_bounds_are_ranges(self) -> None:
        """Each bound is a version specifier."""
        for row in load_table("compatibility"):
            for name in ("transformers", "diffusers", "accelerate", "huggingface-hub"):
                assert SpecifierSet(row[name])


def _holds(row: dict[str, Any], release: Version) -> bool:
    below = Version(row.get("below", "99"))
    return Version(row["first"]) <= release < below
