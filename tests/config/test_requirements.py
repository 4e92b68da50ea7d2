"""The project's requirements on the torch family that apply here."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet

from hatch_torch.catalog.backend import Backend
from hatch_torch.config.config import BackendExtra, Config
from hatch_torch.config.requirements import (
    FamilyRequirement,
    collect_family_requirements,
    fixed_backend,
    merge_specifiers,
    parse_constraints,
    specifier_of,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

HERE = {"sys_platform": "linux", "python_version": "3.12"}
_CU124 = Backend("cuda", (12, 4))
_URL = "https://download.pytorch.org/whl/cu124/torch-2.6.0%2Bcu124-cp312-cp312-linux_x86_64.whl"


def parsed(*lines: str) -> tuple[Requirement, ...]:
    """Return the lines as requirements."""
    return tuple(map(Requirement, lines))


def of(*lines: str, extra: str | None = None) -> list[FamilyRequirement]:
    """Return the lines as requirements of the dependencies, or of an extra."""
    return [FamilyRequirement(requirement, extra) for requirement in parsed(*lines)]


class TestCollectFamilyRequirements:
    """The requirements on members of the family."""

    def test_other_packages(self) -> None:
        """Other packages are left out."""
        config = Config(dependencies=parsed("numpy", "Torch>=2", "torchvision", "torch-geometric"))
        assert of("Torch>=2", "torchvision") == [*collect_family_requirements(config, HERE)]

    def test_further_members(self) -> None:
        """The table's `family` adds members."""
        config = Config(dependencies=parsed("xFormers", "torch"), family=("xformers",))
        assert [line.name for line in collect_family_requirements(config, HERE)] == [
            "xformers",
            "torch",
        ]

    def test_markers(self) -> None:
        """A requirement whose marker is false here, or can't be evaluated, is left out."""
        config = Config(
            dependencies=parsed(
                "torch>=2.6; sys_platform == 'linux'",
                "torch<2.3; sys_platform == 'darwin'",
                "torchaudio; sys_platform ~= 'linux'",
                "torchvision; 'a' == 'a'",
            )
        )
        assert of("torch>=2.6; sys_platform == 'linux'") == [
            *collect_family_requirements(config, HERE)
        ]

    def test_extras(self) -> None:
        """The requirements of every extra are included, the backends' as they are declared."""
        config = Config(
            dependencies=parsed("torch>=2.3"),
            optional_dependencies={"vision": parsed("torchvision; extra == 'vision'", "pillow")},
            extras=(BackendExtra("cu124", _CU124, parsed("torch<2.6", "triton")),),
        )
        assert [
            *of("torch>=2.3"),
            *of("torchvision; extra == 'vision'", extra="vision"),
            *of("torch>=2.3", "torch<2.6", extra="cu124"),
        ] == [*collect_family_requirements(config, HERE)]


class TestFixedBackend:
    """A requirement that is already a URL or an exact build."""

    @pytest.mark.parametrize(
        "line", ["torch==2.6.0+cu124", "torch===2.6.0+cu124", f"torch @ {_URL}"]
    )
    def test_fixed(self, line: str) -> None:
        """It fixes the backend."""
        assert (_CU124, Requirement(line)) == fixed_backend(of("numpy", line))

    @pytest.mark.parametrize(
        "line",
        [
            "torch>=2.3",
            "torch==2.6.0",
            "torch!=2.6.0+cu124",
            "torch==2.6.0+local.build",
            "torch @ https://wheels.example.org/torch-2.6.0-cp312-cp312-linux_x86_64.whl",
            "torch @ https://github.com/pytorch/pytorch/archive/v2.6.0.zip",
            "torch @ https://[wheels",
        ],
    )
    def test_free(self, line: str) -> None:
        """Everything else leaves it open."""
        assert fixed_backend(of(line)) is None


class TestMergeSpecifiers:
    """One specifier for each member."""

    def test_torch_is_always_there(self) -> None:
        """Every other member is built for one torch."""
        found = merge_specifiers(of("torchvision==0.21.*"), HERE)
        assert {"torch": SpecifierSet(), "torchvision": SpecifierSet("==0.21.*")} == found

    def test_intersection(self) -> None:
        """The requirements, those of the backend's extra and the constraints are intersected."""
        extra = BackendExtra("cu124", _CU124, parsed("torch!=2.5.0", "numpy<2", "xformers"))
        found = merge_specifiers(
            of("torch>=2.3", "torchvision"),
            HERE,
            extra,
            ("xformers", "flash-attn"),
            parsed("torch<2.7", "torchaudio<2.7", "numpy<2"),
        )
        assert {
            "torch": SpecifierSet(">=2.3,!=2.5.0,<2.7"),
            "torchvision": SpecifierSet(),
            "xformers": SpecifierSet(),
            "flash-attn": SpecifierSet(),
        } == found

    def test_markers(self) -> None:
        """A backend's requirement or a constraint counts only if its marker applies."""
        lines: Sequence[str] = (
            "torch==2.6.0 ; sys_platform == 'linux'",
            "torch==2.2.2 ; sys_platform == 'darwin'",
        )
        extra = BackendExtra("cu124", _CU124, parsed(*lines))
        expected = {"torch": SpecifierSet("==2.6.0")}
        assert expected == merge_specifiers((), HERE, extra)
        assert expected == merge_specifiers(of("torch"), HERE, constraints=parsed(*lines))

    def test_urls(self) -> None:
        """A URL admits only the version in its file name."""
        url = f"torch @ {_URL}"
        expected = SpecifierSet("==2.6.0+cu124")
        extra = BackendExtra("cu124", _CU124, parsed(url))
        assert expected == specifier_of(Requirement(url))
        for found in (
            merge_specifiers(of(url), HERE),
            merge_specifiers((), HERE, extra),
            merge_specifiers((), HERE, None, (), parsed(url)),
        ):
            assert {"torch": expected} == found


def test_invalid_constraints() -> None:
    """Invalid constraints are skipped: the installer reports them."""
    assert parsed("torch<2.7") == parse_constraints(["torch<2.7", "-e .", "??", ""])
