"""The known releases, and the replacements of those that PyTorch never published."""

from __future__ import annotations

import pytest
from packaging.version import Version

from hatch_torch.catalog.backend import Backend
from hatch_torch.catalog.releases import (
    known_backends,
    may_have_newer,
    nearest_published,
    published_releases,
    pypi_backend,
    supported_pythons,
    torch_releases,
)
from hatch_torch.catalog.target import PLATFORMS


def _backend(name: str) -> Backend:
    return Backend.parse(name)


class TestTorchReleases:
    """The list of all releases."""

    def test_ascends(self) -> None:
        """Releases come as numbers do: 2.9.1, then 2.10.0."""
        assert torch_releases() == tuple(sorted(torch_releases()))

    def test_ends(self) -> None:
        """The table reaches from 1.13, the first for Python 3.10, to 2.15."""
        assert (str(torch_releases()[0]), str(torch_releases()[-1])) == ("1.13.0", "2.15.0")


class TestKnownBackends:
    """The list of all backends."""

    def test_orders_rocm_as_numbers(self) -> None:
        """rocm7.14 is newer than rocm7.2."""
        rocm = [one.name for one in known_backends() if one.family == "rocm"]
        assert rocm[-4:] == ["rocm7.0", "rocm7.1", "rocm7.2", "rocm7.14"]

    @pytest.mark.parametrize(
        ("platform", "expected"),
        [("macos_arm64", ["mps"]), ("macos_x86_64", ["cpu"]), ("linux_s390x", [])],
    )
    def test_of_a_platform(self, platform: str, expected: list[str]) -> None:
        """On macOS there is one wheel for each architecture."""
        assert [one.name for one in known_backends(platform)] == expected

    def test_windows_has_no_rocm(self) -> None:
        """PyTorch publishes no ROCm wheel for Windows."""
        assert "rocm" not in {one.family for one in known_backends("win_amd64")}

    def test_are_all_published_somewhere(self) -> None:
        """Every row of the table holds at least one release."""
        for backend in known_backends():
            assert any(published_releases(backend, platform) for platform in PLATFORMS), backend


class TestPublishedReleases:
    """The releases of one backend."""

    def test_leaves_holes(self) -> None:
        """cu129 was not built for 2.12.0, and came back for 2.12.1."""
        found = [str(one) for one in published_releases(_backend("cu129"), "linux_x86_64")]
        assert found[-3:] == ["2.11.0", "2.12.1", "2.13.0"]

    def test_mac_of_intel_ends(self) -> None:
        """The last wheel for an Intel Mac is 2.2.2."""
        assert str(published_releases(Backend("cpu"), "macos_x86_64")[-1]) == "2.2.2"

    def test_unknown_backend(self) -> None:
        """What no table knows has no release in the tables."""
        assert published_releases(_backend("cu199"), "linux_x86_64") == ()


class TestSupportedPythons:
    """The Pythons of a release."""

    @pytest.mark.parametrize(
        ("release", "platform", "expected"),
        [
            ("2.5.1", "linux_x86_64", "3.13"),
            ("2.5.1", "win_amd64", "3.12"),
            ("2.6.0", "linux_aarch64", "3.13t"),
            ("2.13.0", "linux_x86_64", "3.15t"),
            ("2.13.0", "macos_arm64", "3.14t"),
        ],
    )
    def test_newest(self, release: str, platform: str, expected: str) -> None:
        """The index has Pythons that PyPI does not have."""
        assert supported_pythons(Version(release), platform)[-1] == expected

    def test_every_published_release_has_some(self) -> None:
        """No hole between the table of releases and that of Pythons."""
        for platform in PLATFORMS:
            for backend in known_backends(platform):
                for release in published_releases(backend, platform):
                    assert supported_pythons(release, platform), (release, platform)

    def test_unknown_release(self) -> None:
        """A release newer than the table has no Pythons there."""
        assert supported_pythons(Version("9.9"), "linux_x86_64") == ()


class TestPypiBackend:
    """What the plain wheel is."""

    @pytest.mark.parametrize(
        ("release", "platform", "expected"),
        [
            ("2.11.0", "linux_x86_64", "cu130"),
            ("2.10.0", "linux_aarch64", "cpu"),
            ("2.15.0", "linux_aarch64", "cu132"),
            ("2.15.0", "win_amd64", "cpu"),
            ("2.15.0", "macos_arm64", "mps"),
        ],
    )
    def test_by_platform(self, release: str, platform: str, expected: str) -> None:
        """The default differs from platform to platform, and changes with the releases."""
        assert pypi_backend(Version(release), platform) == _backend(expected)

    def test_no_wheel(self) -> None:
        """An Intel Mac has no wheel after 2.2.2."""
        assert pypi_backend(Version("2.3.0"), "macos_x86_64") is None


class TestMayHaveNewer:
    """Whether the index may know more."""

    @pytest.mark.parametrize(
        ("name", "expected"),
        [("cu132", True), ("rocm7.14", True), ("cpu", True), ("cu128", False), ("cu199", True)],
    )
    def test_newest_release_decides(self, name: str, expected: bool) -> None:  # noqa: FBT001 - a column of the table
        """A backend without the newest torch gets no newer releases."""
        assert may_have_newer(_backend(name)) is expected


class TestNearestPublished:
    """The replacement of a ROCm that PyTorch never published."""

    @pytest.mark.parametrize(
        ("asked", "expected"),
        [
            ("rocm6.5", "rocm6.4"),
            ("rocm5.4", "rocm5.3"),
            ("rocm6.2.3", "rocm6.2"),
            ("rocm7.3", "rocm7.2"),
        ],
    )
    def test_between_published_ones(self, asked: str, expected: str) -> None:
        """The newest below it of the same major replaces it, with a notice."""
        notice = f"PyTorch never published {asked}; using {expected} instead"
        assert nearest_published(_backend(asked)) == (_backend(expected), notice)

    @pytest.mark.parametrize(
        "asked", ["rocm6.4", "rocm10.0", "rocm7.15", "rocm5.0", "cu119", "cpu"]
    )
    def test_nothing_to_replace(self, asked: str) -> None:
        """Published ones, ones newer than all, and other families are not replaced."""
        assert nearest_published(_backend(asked)) is None
