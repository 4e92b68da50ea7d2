"""AMD: architectures, the installed ROCm, integrated GPUs."""

from __future__ import annotations

import pytest
from packaging.version import Version

from hatch_torch.catalog.backend import Backend
from hatch_torch.catalog.target import Target
from hatch_torch.compatibility.ranking import rank_backends
from hatch_torch.compatibility.support import incompatibility
from hatch_torch.hardware.model import Accelerator, Hardware, Rocm

LINUX = Target("3.12", "linux_x86_64", {}, {})


def _machine(*targets: str | None, rocm: str | None = None) -> Hardware:
    gpus = tuple(Accelerator("amd", architecture=target) for target in targets)
    return Hardware(accelerators=gpus, rocm=Rocm(rocm) if rocm else None)


def _incompatibility(backend: str, release: str, hardware: Hardware) -> str | None:
    return incompatibility(Backend.parse(backend), Version(release), hardware, LINUX)


def _compatible(hardware: Hardware, *allowed: str) -> list[str]:
    backends = [Backend.parse(name) for name in allowed] or None
    return [
        verdict.backend.name
        for verdict in rank_backends(hardware, LINUX, backends)
        if verdict.is_compatible
    ]


class TestArchitectures:
    """The exact architecture decides."""

    @pytest.mark.parametrize(
        ("target", "backend", "release"),
        [
            ("gfx900", "rocm7.1", "2.13.0"),
            ("gfx90a:sramecc+:xnack-", "rocm6.4", "2.9.1"),
            ("gfx1201", "rocm6.3", "2.7.0"),
            ("gfx1151", "rocm7.2", "2.15.0"),
        ],
    )
    def test_runs(self, target: str, backend: str, release: str) -> None:
        """A wheel built for the architecture runs, whichever ROCm is installed."""
        assert _incompatibility(backend, release, _machine(target, rocm="5.0")) is None

    @pytest.mark.parametrize(
        ("target", "backend", "release"),
        [("gfx1101", "rocm6.0", "2.4.1"), ("gfx950", "rocm6.4", "2.9.1")],
    )
    def test_no_code(self, target: str, backend: str, release: str) -> None:
        """Code for a similar architecture does not run."""
        expected = f"no machine code for an AMD GPU ({target})"
        assert _incompatibility(backend, release, _machine(target)) == expected

    def test_every_discrete_gpu_counts(self) -> None:
        """A wheel has to run on every discrete GPU."""
        assert _incompatibility("rocm6.4", "2.9.1", _machine("gfx1100", "gfx1031")) is not None

    def test_integrated_beside_discrete(self) -> None:
        """An integrated GPU does not matter beside a discrete one."""
        assert _incompatibility("rocm6.4", "2.9.1", _machine("gfx1100", "gfx1036")) is None

    def test_integrated_alone(self) -> None:
        """An integrated GPU counts if it is the only one."""
        assert _incompatibility("rocm7.2", "2.14.0", _machine("gfx1036")) is not None
        assert _incompatibility("rocm7.2", "2.14.0", _machine("gfx1151")) is None

    def test_none(self) -> None:
        """An installed ROCm without a GPU is no accelerator."""
        assert _incompatibility("rocm7.2", "2.14.0", Hardware(rocm=Rocm("7.2.0"))) == "no AMD GPU"


class TestLibraries:
    """Libraries in the wheels that have no kernels for a GPU for which torch itself has."""

    @pytest.mark.parametrize(
        ("target", "backend", "release", "runs"),
        [
            ("gfx906", "rocm6.3", "2.9.1", True),
            ("gfx906", "rocm6.4", "2.9.1", False),
            ("gfx906:sramecc+:xnack-", "rocm7.2", "2.14.1", False),
            ("gfx900", "rocm7.1", "2.13.0", True),
            ("gfx900", "rocm7.2", "2.14.1", False),
            ("gfx908", "rocm7.2", "2.14.1", True),
        ],
    )
    def test_rocblas(self, target: str, backend: str, release: str, *, runs: bool) -> None:
        """The library rocBLAS lost gfx906 with ROCm 6.4, and gfx900 with 7.2 at the latest."""
        reason = _incompatibility(backend, release, _machine(target))
        assert runs == (reason is None)
        assert runs or reason == f"its rocBLAS has no kernels for an AMD GPU ({target})"

    def test_pinned(self) -> None:
        """A pin does not make a wheel run: another ROCm of the same release is preferred."""
        hardware, pinned = _machine("gfx906"), Version("2.9.1")
        backends = [
            verdict.backend.name
            for verdict in rank_backends(hardware, LINUX, pinned=pinned)
            if verdict.is_compatible
        ]
        assert backends[0] == "rocm6.3"

    def test_an_index_of_the_project(self) -> None:
        """Wheels that somebody else built may have the kernels."""
        backend, release = Backend.parse("rocm7.2"), Version("2.14.1")
        assert incompatibility(backend, release, _machine("gfx906"), LINUX, foreign=True) is None


class TestInstalledRocm:
    """The installed ROCm."""

    @pytest.mark.parametrize(
        ("installed", "expected"),
        [
            ("7.0.2", "rocm7.0"),
            ("6.5.0", "rocm6.4"),
            ("5.7.1", "rocm5.7"),
            ("7.14.0", "rocm7.2"),
            ("6.2.3", "rocm6.2"),
        ],
    )
    def test_decides_for_an_unknown_target(self, installed: str, expected: str) -> None:
        """The newest backend that is not newer than ROCm comes first."""
        assert _compatible(_machine(None, rocm=installed))[0] == expected

    def test_newer_ones_are_refused(self) -> None:
        """The reason names both releases."""
        expected = (
            "the architecture of an AMD GPU is unknown, "
            "and rocm7.1 is newer than the installed ROCm 7.0.2"
        )
        assert _incompatibility("rocm7.1", "2.12.0", _machine(None, rocm="7.0.2")) == expected

    def test_nothing_known(self) -> None:
        """Without architecture and ROCm no backend is compatible."""
        expected = "the architecture of an AMD GPU is unknown, and so is the installed ROCm"
        assert _incompatibility("rocm7.1", "2.12.0", _machine(None)) == expected

    def test_breaks_ties(self) -> None:
        """The newest backend that is not newer than ROCm comes first, then the others."""
        backends = _compatible(_machine("gfx1100", rocm="6.4.1"))
        assert backends[:4] == ["rocm6.4", "rocm7.2", "rocm7.1", "rocm7.0"]

    def test_absent(self) -> None:
        """Without an installed ROCm the newest backend comes first."""
        backends = _compatible(_machine("gfx1100"))
        assert backends[:2] == ["rocm7.2", "rocm7.1"]
        assert backends.index("rocm6.2.4") < backends.index("rocm6.2")


class TestUnverified:
    """rocm7.14, whose own machine code is unverified."""

    def test_is_left_to_verified_ones(self) -> None:
        """It is not used if another backend runs, and the reason says so."""
        (verdict,) = (
            verdict
            for verdict in rank_backends(_machine("gfx1100"), LINUX)
            if verdict.backend.name == "rocm7.14"
        )
        assert not verdict.is_compatible
        assert verdict.reason == "its own machine code is unverified, and rocm7.2 runs here"

    def test_is_used_where_nothing_else_runs(self) -> None:
        """It is used if nothing else runs."""
        verdicts = [
            verdict
            for verdict in rank_backends(_machine("gfx1010"), LINUX)
            if verdict.is_compatible
        ]
        assert [verdict.backend.name for verdict in verdicts] == ["rocm7.14", "cpu"]
        assert verdicts[0].reason == (
            "runs on an AMD GPU (gfx1010); "
            "by its device packages, its own machine code is unverified"
        )

    def test_future_rocm_is_judged_like_it(self) -> None:
        """rocm10.0 is used if the project allows no other ROCm."""
        assert _compatible(_machine("gfx1100"), "rocm10.0") == ["rocm10.0"]
        assert _compatible(_machine("gfx1100"), "rocm10.0", "rocm7.2") == ["rocm7.2"]
