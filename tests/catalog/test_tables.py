"""The tables: they can be read, name their sources, and are in order."""

from __future__ import annotations

import time
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from packaging.specifiers import SpecifierSet
from packaging.version import Version

import hatch_torch.catalog
from hatch_torch.catalog import rows
from hatch_torch.catalog.backend import Backend
from hatch_torch.catalog.releases import known_backends, published, torch_releases
from hatch_torch.catalog.target import PLATFORMS

FOLDER = Path(hatch_torch.catalog.__file__).parent / "data"
NAMES = sorted(path.stem for path in FOLDER.glob("*.toml"))
SPANS = ["backends", "cuda", "pypi", "pythons", "rocm"]


@pytest.mark.parametrize("name", NAMES)
class TestEveryTable:
    """What holds for each of them."""

    def test_has_a_source_beside_each_row(self, name: str) -> None:
        """A fact without a source is a rumour."""
        assert [row for row in rows(name) if not row.get("source")] == []

    def test_opens_with_a_comment(self, name: str) -> None:
        """The head of a table says what its rows mean."""
        assert (FOLDER / f"{name}.toml").read_text(encoding="utf-8").startswith("# ")

    def test_has_no_row_twice(self, name: str) -> None:
        """Each fact stands once."""
        assert len(rows(name)) == len({repr(row) for row in rows(name)})

    def test_names_known_platforms(self, name: str) -> None:
        """Platforms are spelled in one way."""
        named = {one for row in rows(name) for one in row.get("platforms", [])}
        assert named <= set(PLATFORMS)

    def test_is_quick_to_read(self, name: str) -> None:
        """Every build of every user reads tables: each takes milliseconds."""
        rows.cache_clear()
        start = time.perf_counter()
        rows(name)
        assert time.perf_counter() - start < 0.1


@pytest.mark.parametrize("name", SPANS)
class TestSpans:
    """The tables whose rows hold for all releases from `first` to `last`."""

    def test_ends_are_releases(self, name: str) -> None:
        """A span begins and ends with a release that exists, in that order."""
        for row in rows(name):
            first, last = Version(row["first"]), Version(row["last"])
            assert {first, last} <= set(torch_releases()), row
            assert first <= last, row

    def test_do_not_overlap(self, name: str) -> None:
        """The spans of one backend and platform ascend; no release is in two of them."""
        for platform in PLATFORMS:
            for backend in {row.get("backend") for row in rows(name)}:
                spans = [row for row in rows(name) if _is_about(row, platform, backend, name)]
                for one, next_one in pairwise(spans):
                    assert Version(one["last"]) < Version(next_one["first"]), next_one


def _is_about(row: dict[str, Any], platform: str, backend: str | None, name: str) -> bool:
    platforms = row.get("platforms") or [row["platform"]]
    return platform in platforms and (name == "pypi" or row.get("backend") == backend)


@pytest.mark.parametrize("name", ["cuda", "rocm"])
class TestArchitectures:
    """The tables of machine code."""

    def test_each_backend_is_published(self, name: str) -> None:
        """Every row is about wheels that exist, but for cu134 on aarch64, which may come."""
        for row in rows(name):
            for platform in row["platforms"]:
                backend = Backend.parse(row["backend"])
                if (row["backend"], platform) != ("cu134", "linux_aarch64"):
                    assert published(backend, platform), row

    def test_each_published_backend_has_rows(self, name: str) -> None:
        """No wheel that exists is without a row of its backend on its platform."""
        for platform in PLATFORMS:
            about = {row["backend"] for row in rows(name) if platform in row["platforms"]}
            known = {one.name for one in known_backends(platform) if one.family == name}
            assert known <= about


class TestOrder:
    """What comes before what."""

    def test_drivers_ascend_with_cuda(self) -> None:
        """A newer CUDA release came with a newer driver."""
        for key in ("cuda", "linux", "windows", "least_linux", "least_windows"):
            listed = [Version(row[key]) for row in rows("drivers") if key in row]
            assert listed == sorted(listed), key

    def test_companions_ascend(self) -> None:
        """The releases of a companion come in order."""
        for name in {row["package"] for row in rows("companions")}:
            listed = [
                Version(row["version"]) for row in rows("companions") if row["package"] == name
            ]
            assert listed == sorted(listed), name

    def test_capabilities_ascend(self) -> None:
        """Compute capabilities are numbers, in order."""
        for row in rows("cuda"):
            assert row["sm"] == sorted(set(row["sm"])), row


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
        (row,) = (row for row in rows("compatibility") if _holds(row, release))
        assert (row["transformers"], row["huggingface-hub"]) == (transformers, hub)

    def test_bounds_are_ranges(self) -> None:
        """Each bound is a version specifier."""
        for row in rows("compatibility"):
            for name in ("transformers", "diffusers", "accelerate", "huggingface-hub"):
                assert SpecifierSet(row[name])


def _holds(row: dict[str, Any], release: Version) -> bool:
    below = Version(row.get("below", "99"))
    return Version(row["first"]) <= release < below
