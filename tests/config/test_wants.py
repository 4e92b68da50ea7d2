"""What a project wants of the family, here."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet

from hatch_torch.catalog.backend import Backend
from hatch_torch.config.config import BackendExtra, Config
from hatch_torch.config.requirements import (
    Line,
    family_lines,
    fixed_backend,
    parsed_constraints,
    ranges,
    versions_of,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

HERE = {"sys_platform": "linux", "python_version": "3.12"}
_CU124 = Backend("cuda", (12, 4))
_URL = "https://download.pytorch.org/whl/cu124/torch-2.6.0%2Bcu124-cp312-cp312-linux_x86_64.whl"


def parsed(*lines: str) -> tuple[Requirement, ...]:
    """Return the lines as requirements."""
    return tuple(map(Requirement, lines))


def of(*lines: str, extra: str | None = None) -> list[Line]:
    """Return the lines as lines of the dependencies, or of an extra."""
    return [Line(one, extra) for one in parsed(*lines)]


class TestFamilyLines:
    """The lines on members of the family."""

    def test_members_alone(self) -> None:
        """Other packages are the installer's."""
        config = Config(dependencies=parsed("numpy", "Torch>=2", "torchvision", "torch-geometric"))
        assert of("Torch>=2", "torchvision") == [*family_lines(config, HERE)]

    def test_further_members(self) -> None:
        """What the project calls family is family."""
        config = Config(dependencies=parsed("xFormers", "torch"), family=("xformers",))
        assert [line.name for line in family_lines(config, HERE)] == ["xformers", "torch"]

    def test_markers(self) -> None:
        """A requirement whose marker is false here, or that makes no sense, gets nothing."""
        config = Config(
            dependencies=parsed(
                "torch>=2.6; sys_platform == 'linux'",
                "torch<2.3; sys_platform == 'darwin'",
                "torchaudio; sys_platform ~= 'linux'",
                "torchvision; 'a' == 'a'",
            )
        )
        assert of("torch>=2.6; sys_platform == 'linux'") == [*family_lines(config, HERE)]

    def test_extras(self) -> None:
        """The lines of every extra are there too, the backends' as they are declared."""
        config = Config(
            dependencies=parsed("torch>=2.3"),
            optional_dependencies={"vision": parsed("torchvision; extra == 'vision'", "pillow")},
            extras=(BackendExtra("cu124", _CU124, parsed("torch<2.6", "triton")),),
        )
        assert [
            *of("torch>=2.3"),
            *of("torchvision; extra == 'vision'", extra="vision"),
            *of("torch>=2.3", "torch<2.6", extra="cu124"),
        ] == [*family_lines(config, HERE)]


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


class TestRanges:
    """A range for each member."""

    def test_torch_is_always_there(self) -> None:
        """Every other member is built for one torch."""
        found = ranges(of("torchvision==0.21.*"), HERE)
        assert {"torch": SpecifierSet(), "torchvision": SpecifierSet("==0.21.*")} == found

    def test_intersection(self) -> None:
        """The lines, the backend's own and the constraints are intersected."""
        extra = BackendExtra("cu124", _CU124, parsed("torch!=2.5.0", "numpy<2", "xformers"))
        found = ranges(
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
        """A backend's requirement or a constraint counts where its marker holds."""
        lines: Sequence[str] = (
            "torch==2.6.0 ; sys_platform == 'linux'",
            "torch==2.2.2 ; sys_platform == 'darwin'",
        )
        extra = BackendExtra("cu124", _CU124, parsed(*lines))
        expected = {"torch": SpecifierSet("==2.6.0")}
        assert expected == ranges((), HERE, extra)
        assert expected == ranges(of("torch"), HERE, constraints=parsed(*lines))

    def test_urls(self) -> None:
        """A URL stands for the one version that its file name tells, wherever it is written."""
        url = f"torch @ {_URL}"
        expected = SpecifierSet("==2.6.0+cu124")
        extra = BackendExtra("cu124", _CU124, parsed(url))
        assert expected == versions_of(Requirement(url))
        for found in (
            ranges(of(url), HERE),
            ranges((), HERE, extra),
            ranges((), HERE, None, (), parsed(url)),
        ):
            assert {"torch": expected} == found


def test_constraints_of_others() -> None:
    """A line that is no requirement is its own tool's to find."""
    assert parsed("torch<2.7") == parsed_constraints(["torch<2.7", "-e .", "??", ""])
