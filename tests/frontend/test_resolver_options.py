"""What a command tells the installer's resolver."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from hatch_torch.frontend.invocation import parse_requested
from hatch_torch.frontend.resolver_options import ALL_PACKAGES, ResolverOptions

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.frontend.conftest import ReadInvocation

    ReadOptions = Callable[..., ResolverOptions]


@pytest.fixture
def read(project: Path, invoke: ReadInvocation) -> ReadOptions:
    """Return what reads a command line and variables."""

    def options(line: str, **environ: str) -> ResolverOptions:
        return parse_requested(invoke(*line.split(), **environ), project).resolver

    return options


def test_other_requirements(read: ReadOptions, project: Path) -> None:
    """The other requirements are told from constraints, and the project is none of them."""
    (project / "limits.txt").write_text("torch<2.6")
    (project / "more.txt").write_text("numpy<2\n-c limits.txt\n")
    options = read("pip install -e . timm -r more.txt")
    assert options.requirements == ("numpy<2", "timm")
    assert options.constraints == ("torch<2.6",)


def test_local_projects(read: ReadOptions, project: Path) -> None:
    """The other local projects of the command are found, the project itself is none."""
    for name in ("one", "two"):
        (project / name).mkdir()
        (project / name / "pyproject.toml").touch()
    options = read("pip install -e . -e one[all] ./two ./three")
    assert options.local_projects == (project / "one", project / "two")


@pytest.mark.parametrize(
    ("line", "environ", "expected"),
    [
        ("pip install --pre .", {}, True),
        ("pip install .", {"PIP_PRE": "1"}, True),
        ("uv pip install --pre .", {}, True),
        ("uv pip install --prerelease allow .", {}, True),
        ("uv pip install .", {"UV_PRERELEASE": "allow"}, True),
        ("uv pip install --prerelease explicit .", {}, False),
        ("pip install .", {}, False),
    ],
)
def test_prereleases(
    read: ReadOptions, line: str, environ: dict[str, str], *, expected: bool
) -> None:
    """Pre-releases are taken where an option or a variable says so."""
    assert read(line, **environ).prereleases == expected


@pytest.mark.parametrize(
    ("line", "only_binary", "no_binary"),
    [
        ("pip install --only-binary :all: .", {ALL_PACKAGES}, set()),
        ("pip install --only-binary Foo_Bar,baz --no-binary x .", {"foo-bar", "baz"}, {"x"}),
        ("pip install --only-binary foo --only-binary :none: .", set(), set()),
        ("uv pip install --no-build .", {ALL_PACKAGES}, set()),
    ],
)
def test_wheel_or_sdist(
    read: ReadOptions, line: str, only_binary: set[str], no_binary: set[str]
) -> None:
    """The options that forbid sdists and wheels are read."""
    options = read(line)
    assert {*options.only_binary} == only_binary
    assert {*options.no_binary} == no_binary


@pytest.mark.parametrize(
    ("line", "upgraded"),
    [
        ("pip install .", set()),
        ("pip install -U . timm>=1", {"timm"}),
        ("pip install -U --upgrade-strategy eager .", {ALL_PACKAGES}),
        ("pip install --force-reinstall .", {ALL_PACKAGES}),
        ("pip install --target out .", {ALL_PACKAGES}),
        ("uv pip install -U .", {ALL_PACKAGES}),
        ("uv pip install -P timm .", {"timm"}),
    ],
)
def test_upgraded(read: ReadOptions, line: str, upgraded: set[str]) -> None:
    """Pip upgrades what the command names, uv everything."""
    options = read(line)
    assert {*options.upgraded} == upgraded
    assert options.keeps_installed("numpy") == (ALL_PACKAGES not in upgraded)
    assert options.keeps_installed("timm") == (not upgraded)


def test_no_dependencies(read: ReadOptions) -> None:
    """`--no-deps` is read, from a variable too."""
    assert read("pip install --no-deps .").no_deps
    assert read("pip install .", PIP_NO_DEPS="1").no_deps
    assert read("uv pip install --no-deps .").no_deps


def test_secrets_stay_out(read: ReadOptions) -> None:
    """Its representation holds no requirement."""
    assert "s3cret" not in repr(read("pip install . x@https://me:s3cret@x.org/x.whl"))
