"""Releases that are known to be broken upstream."""

from __future__ import annotations

import pytest
from packaging.version import Version

from hatch_torch.catalog import load_table
from hatch_torch.catalog.backend import FAMILIES, Backend
from hatch_torch.catalog.target import PLATFORMS, Target
from hatch_torch.compatibility.known_bad import (
    AVOID,
    DOCTOR,
    EXCLUDE,
    NOTE,
    Release,
    find_exclusion,
    find_known_bad,
)
from hatch_torch.compatibility.support import incompatibility
from hatch_torch.hardware.model import Accelerator, Hardware, Nvidia

EFFECTS = {EXCLUDE, AVOID, NOTE, DOCTOR}
LINUX = Target("3.12", "linux_x86_64", {}, {})
WINDOWS = Target("3.12", "win_amd64", {}, {})
PASCAL = Hardware(
    accelerators=(Accelerator("nvidia", "NVIDIA GeForce GTX 1080 Ti", "sm_61"),),
    nvidia=Nvidia("580.95.05", "13.0"),
)
WITHOUT_GPU = Hardware(system="Linux", machine="x86_64")


def _amd(gfx: str) -> Hardware:
    return Hardware(accelerators=(Accelerator("amd", "a Radeon", gfx),))


def _issues(
    version: str,
    backend: str,
    hardware: Hardware = WITHOUT_GPU,
    target: Target = LINUX,
    installed: dict[str, str] | None = None,
) -> set[str]:
    release = Release(Version(version), Backend.parse(backend))
    faults = find_known_bad(release, hardware, target, effects=EFFECTS, installed=installed)
    return {fault.issue for fault in faults}


class TestTable:
    """The rows themselves."""

    @pytest.mark.parametrize("row", load_table("known_bad"), ids=lambda row: row["issue"])
    def test_row_is_complete(self, row: dict[str, object]) -> None:
        """Each row has an effect, an issue, a remedy, and conditions that can be met."""
        assert row["effect"] in EFFECTS
        assert "#" in str(row["issue"])
        assert row["problem"]
        assert row["fixed_in"]
        assert Version(str(row["first"])) <= Version(str(row.get("last", "9999")))

    def test_backends_and_platforms_are_known_words(self) -> None:
        """A row about a misspelled backend would never apply."""
        for row in load_table("known_bad"):
            assert {*row.get("platforms", ())} <= {*PLATFORMS}
            for name in row.get("backends", ()):
                assert name in FAMILIES or Backend.parse(name).name == name

    def test_a_hard_effect_needs_a_gpu(self) -> None:
        """What excludes a release says for which GPU; anything wider is only avoided."""
        excluding = [row for row in load_table("known_bad") if row["effect"] == EXCLUDE]
        assert excluding
        assert all("gfx" in row or "below_sm" in row for row in excluding)


class TestConditions:
    """Where a row applies."""

    def test_a_machine_that_was_not_probed(self) -> None:
        """Nothing is said of the GPU of a machine that nobody looked at."""
        assert "pytorch#189194" in _issues("2.13.0", "rocm7.2")
        assert "pytorch#189194" not in _issues("2.13.0", "rocm7.2", Hardware())
        assert "pytorch#189194" not in _issues("2.13.0", "rocm7.2", _amd("gfx942"))

    def test_the_wrong_hint_of_2_15(self) -> None:
        """Torch 2.15.0 recommends to owners of a Pascal GPU a wheel that does not exist."""
        assert "pytorch#196249" in _issues("2.15.0", "cu130", PASCAL)
        assert "pytorch#196249" not in _issues("2.14.1", "cu130", PASCAL)
        assert "pytorch#196249" not in _issues("2.15.0", "cu130")

    def test_platform_and_python(self) -> None:
        """Platforms and Pythons limit a row."""
        assert "pytorch#125109" in _issues("2.3.0", "cpu", target=WINDOWS)
        assert "pytorch#125109" not in _issues("2.3.0", "cpu")
        newer = LINUX._replace(python="3.15t")
        assert "pytorch#184352" in _issues("2.14.1", "cpu", target=newer)
        assert "pytorch#184352" not in _issues("2.14.1", "cpu")

    def test_a_nightly(self) -> None:
        """One broken nightly is not its neighbours."""
        assert "pytorch#181375" in _issues("2.13.0.dev20260424", "cu132", target=WINDOWS)
        assert "pytorch#181375" not in _issues("2.13.0.dev20260425", "cu132", target=WINDOWS)

    def test_a_vendors_build(self) -> None:
        """What is about AMD's own wheels does not concern PyTorch's."""
        assert "TheRock#7081" in _issues("2.12.0+rocm7.14.0", "rocm7.14", _amd("gfx90a"))
        assert "TheRock#7081" not in _issues("2.12.0+rocm7.2", "rocm7.2", _amd("gfx90a"))

    @pytest.mark.parametrize(
        ("version", "applies"), [("0.49.2", True), ("0.50.2", False), ("unknown", False)]
    )
    def test_beside(self, version: str, applies: bool) -> None:  # noqa: FBT001
        """Some pairs of packages do not go together."""
        issues = _issues("2.13.0", "xpu", installed={"bitsandbytes": version})
        assert ("bitsandbytes#1991" in issues) == applies
        assert "bitsandbytes#1991" not in _issues("2.13.0", "xpu")


class TestVerdicts:
    """What excludes a release excludes a backend that has no other."""

    FAULTY = Version("2.12.0+rocm7.14.0")
    BACKEND = Backend.parse("rocm7.14")

    def test_reason(self) -> None:
        """The reason names the problem and the issue."""
        assert find_exclusion(self.BACKEND, self.FAULTY, _amd("gfx90a"), LINUX) == (
            "every kernel fails with hipErrorInvalidImage (TheRock#7081)"
        )
        assert find_exclusion(self.BACKEND, self.FAULTY, _amd("gfx942"), LINUX) is None

    def test_pinned(self) -> None:
        """A release that the project pins is the project's own risk."""
        hardware = _amd("gfx90a")
        assert incompatibility(self.BACKEND, self.FAULTY, hardware, LINUX)
        assert (
            incompatibility(self.BACKEND, self.FAULTY, hardware, LINUX, pinned=self.FAULTY) is None
        )

    def test_an_index_of_the_project(self) -> None:
        """Wheels that somebody else built may have what PyTorch's lack."""
        hardware = _amd("gfx90a")
        assert incompatibility(self.BACKEND, self.FAULTY, hardware, LINUX, foreign=True) is None
