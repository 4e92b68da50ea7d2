"""Which row a release and a backend take if they have none."""

from __future__ import annotations

import pytest
from packaging.version import Version

from hatch_torch.catalog.backend import Backend
from hatch_torch.catalog.releases import known_backends
from hatch_torch.compatibility.wheel_builds import find_nearest_backend, get_wheel_build


class TestGetWheelBuild:
    """The row of a release."""

    @pytest.mark.parametrize(
        ("backend", "release", "platform", "expected"),
        [
            ("cu126", "2.16.0", "linux_x86_64", ("cu126", "2.6.0")),
            ("cu126", "2.7.0", "linux_aarch64", ("cu126", "2.6.0")),
            ("cu129", "2.12.0", "linux_x86_64", ("cu129", "2.11.0")),
            ("cu130", "2.8.0", "linux_x86_64", ("cu130", "2.9.0")),
            ("cu136", "2.16.0", "win_amd64", ("cu132", "2.12.0")),
        ],
    )
    def test_neighbours_row(
        self, backend: str, release: str, platform: str, expected: tuple[str, str]
    ) -> None:
        """The nearest backend's row of the previous release is used, else its first row."""
        row = get_wheel_build("cuda", Backend.parse(backend), Version(release), platform)
        assert (row["backend"], row["first"]) == expected

    def test_no_rows(self) -> None:
        """A platform without rows has an empty result."""
        assert (
            get_wheel_build("rocm", Backend.parse("rocm7.2"), Version("2.15.0"), "win_amd64") == {}
        )


class TestFindNearestBackend:
    """Which known backend an unknown one is treated like."""

    @pytest.mark.parametrize(
        ("asked", "expected"),
        [
            ("rocm7.2", "rocm7.2"),
            ("rocm6.5", "rocm6.4"),
            ("rocm7.15", "rocm7.14"),
            ("rocm10.0", "rocm7.14"),
            ("rocm4.5", "rocm5.1.1"),
        ],
    )
    def test_nearest(self, asked: str, expected: str) -> None:
        """It is the nearest older one, preferably of the same major; else the oldest."""
        rocm = [one for one in known_backends() if one.family == "rocm"]
        assert find_nearest_backend(Backend.parse(asked), rocm) == Backend.parse(expected)
