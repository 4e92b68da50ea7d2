"""Who builds a project, and what a table of ours takes there."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from hatch_torch.config.build_system import Builder, names_us

if TYPE_CHECKING:
    from tests.config.conftest import Faults, Read

SETUPTOOLS = """
[build-system]
requires = ["setuptools", "hatch-torch"]
build-backend = "setuptools.build_meta"
[project]
name = "my-app"
"""
SKBUILD = """
[build-system]
requires = ["scikit-build-core>=1", "hatch-torch"]
build-backend = "scikit_build_core.build"
[[tool.dynamic-metadata]]
provider = "torch-variant"
[project]
name = "my-app"
"""


@pytest.mark.parametrize(
    ("backend", "name", "door"),
    [
        ("hatchling.build", "Hatch", "hooks"),
        ("", "setuptools", "table"),
        ("setuptools.build_meta", "setuptools", "table"),
        ("setuptools.build_meta:__legacy__", "setuptools", "table"),
        ("hatch_torch.setuptools_build_meta", "setuptools", "table"),
        ("scikit_build_core.setuptools.build_meta", "setuptools", "table"),
        ("scikit_build_core.build", "scikit-build-core", "provider"),
        ("pdm.backend", "PDM", "table"),
        ("poetry.core.masonry.api", "Poetry", "none"),
        ("flit_core.buildapi", "Flit", "none"),
        ("uv_build", "uv", "none"),
        ("mesonpy", "meson-python", "none"),
        ("maturin", "Maturin", "none"),
        ("setuptools_of_mine", "", "table"),
    ],
)
def test_builder(backend: str, name: str, door: str) -> None:
    """A backend is known by the beginning of its name; an unknown one may wrap any other."""
    found = Builder.of({"build-system": {"build-backend": backend} if backend else {}})
    assert (name, door, backend, False) == found


@pytest.mark.parametrize(
    ("line", "expected"),
    [("hatch-torch", True), ("Hatch_Torch>=0.1", True), ("torch", False), ("?", False), (1, False)],
)
def test_requires_us(line: object, expected: bool) -> None:  # noqa: FBT001 (a table's column)
    """The plugin is named by any spelling of its name."""
    assert names_us(line) is expected


def test_the_table_opts_in(read: Read) -> None:
    """With setuptools the table is enough, where the build has us."""
    config = read(
        SETUPTOOLS + "dynamic = ['optional-dependencies']\n[tool.torch-variant.extras.cpu]"
    )
    assert config.wiring.called
    assert config.wiring.adds
    assert config.wiring.declares("cpu")


def test_setup_cfg_alone(read: Read) -> None:
    """Without `[project]` nothing is static, so that uv asks, and both fields are ours to set."""
    wiring = read(SETUPTOOLS.partition("[project]")[0] + "[tool.torch-variant]").wiring
    assert wiring.asked_by_uv
    assert wiring.sets == {"dependencies", "optional-dependencies"}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            SETUPTOOLS.replace(', "hatch-torch"', "") + "[tool.torch-variant]",
            ['tool.torch-variant: nothing reads this table; add "hatch-torch" to build-'],
        ),
        (
            "[tool.torch-variant]\n",
            ["tool.torch-variant: nothing reads this table; add these lines, or others"],
        ),
        (
            SKBUILD.replace("torch-variant", "another") + "[tool.torch-variant]",
            ["tool.torch-variant: nothing reads this table; add these lines:\n    [[tool"],
        ),
        (
            SKBUILD + "dependencies = ['torch']\noptional-dependencies = {}\n",
            [
                'project.dynamic: "dependencies" is missing; scikit-build-core lets',
                'project.dynamic: "optional-dependencies" is missing; scikit-build-core lets',
            ],
        ),
        (
            SKBUILD.replace('variant"\n', "variant\"\nbackend = 'cpu'\n", 1)
            + "dynamic = ['dependencies']\n",
            ["tool.dynamic-metadata.backend: unknown key; this table has no keys"],
        ),
        (
            SETUPTOOLS + "[tool.torch-variant]\ndependencies = ['torch']\nextras = { cpu = {} }\n",
            [
                'tool.torch-variant.dependencies: nothing reads it; add "dependencies" to',
                "tool.torch-variant.extras.cpu: nothing declares this extra; add",
            ],
        ),
        (
            SETUPTOOLS
            + "dynamic = ['dependencies']\n[tool.torch-variant]\ndependencies = ['torch']\n"
            "[tool.setuptools.dynamic]\ndependencies = { file = 'requirements.txt' }\n",
            ["tool.torch-variant.dependencies: found in tool.setuptools.dynamic too; keep"],
        ),
        (
            SETUPTOOLS + "[tool.torch-variant]\nbuild-requires = ['torch']\n",
            [
                "tool.torch-variant.build-requires: nothing reads it; add to [build-system]:\n",
            ],
        ),
        (
            SETUPTOOLS.replace("setuptools.build_meta", "pdm.backend")
            + "[tool.torch-variant]\nbuild-requires = ['torch']\n",
            ["tool.torch-variant.build-requires: nothing reads it; PDM asks no plugin for"],
        ),
        (
            SETUPTOOLS.replace("setuptools.build_meta", "my.own")
            + "[tool.torch-variant]\nbuild-requires = ['torch']\n",
            ["tool.torch-variant.build-requires: nothing reads it; this build"],
        ),
    ],
)
def test_faults(faults: Faults, text: str, expected: list[str]) -> None:
    """What nothing reads is told with what to add, by the words of who builds."""
    found = faults(text)
    assert [one[: len(start)] for one, start in zip(found, expected, strict=True)] == expected


def test_build_requires_of_hatch(faults: Faults) -> None:
    """With Hatch it is an option of the build hook."""
    (fault,) = faults("[tool.torch-variant]\nbuild-requires = ['torch']", form="smallest")
    assert fault.endswith("with Hatch it belongs in [tool.hatch.build.hooks.torch-variant]")


def test_a_builder_without_a_door(read: Read) -> None:
    """Where no build can call us, the table is the command line's."""
    config = read(SETUPTOOLS.replace("setuptools.build_meta", "uv_build") + "[tool.torch-variant]")
    assert not config.wiring.called
    assert not config.wiring.sets


def test_a_provider_without_a_table(read: Read) -> None:
    """A provider that is named needs no table."""
    assert read(SKBUILD + "dynamic = ['dependencies']\n").wiring.called
