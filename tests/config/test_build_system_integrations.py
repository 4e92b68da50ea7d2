"""The build backends, and what `[tool.torch-variant]` needs with each of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from hatch_torch.config.build_system import BuildBackend, is_hatch_torch

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
    ("import_path", "name", "integration"),
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
def test_build_backend(import_path: str, name: str, integration: str) -> None:
    """A build backend is known by the prefix of its path; an unknown one may wrap any other."""
    system = {"build-backend": import_path} if import_path else {}
    backend = BuildBackend.from_pyproject({"build-system": system})
    assert (name, integration, import_path, False) == backend


@pytest.mark.parametrize(
    ("requirement", "expected"),
    [("hatch-torch", True), ("Hatch_Torch>=0.1", True), ("torch", False), ("?", False), (1, False)],
)
def test_requires_hatch_torch(requirement: object, expected: bool) -> None:  # noqa: FBT001 (a table's column)
    """The plugin is named by any spelling of its name."""
    assert is_hatch_torch(requirement) is expected


def test_the_table_opts_in(read: Read) -> None:
    """With setuptools the table is enough if the build requires hatch-torch."""
    config = read(
        SETUPTOOLS + "dynamic = ['optional-dependencies']\n[tool.torch-variant.extras.cpu]"
    )
    assert config.build_system.is_invoked
    assert config.build_system.injects
    assert config.build_system.declares_extra("cpu")


def test_setup_cfg_alone(read: Read) -> None:
    """Without `[project]` uv asks the backend, and the plugin fills both fields."""
    build_system = read(SETUPTOOLS.partition("[project]")[0] + "[tool.torch-variant]").build_system
    assert build_system.uv_asks_backend
    assert build_system.fills_fields == {"dependencies", "optional-dependencies"}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            SETUPTOOLS.replace(', "hatch-torch"', "") + "[tool.torch-variant]",
            ['tool.torch-variant: nothing reads this table\nhint: add "hatch-torch" to build-'],
        ),
        (
            "[tool.torch-variant]\n",
            ["tool.torch-variant: nothing reads this table\nhint: add these lines, or run"],
        ),
        (
            SKBUILD.replace("torch-variant", "another") + "[tool.torch-variant]",
            ["tool.torch-variant: nothing reads this table\nhint: add these lines:\n    [[tool"],
        ),
        (
            SKBUILD + "dependencies = ['torch']\noptional-dependencies = {}\n",
            [
                'project.dynamic: expected "dependencies" in it: scikit-build-core lets',
                'project.dynamic: expected "optional-dependencies" in it: scikit-build-core',
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
                'tool.torch-variant.dependencies: nothing reads it\nhint: add "dependencies" to',
                "tool.torch-variant.extras.cpu: nothing declares this extra\nhint: add",
            ],
        ),
        (
            SETUPTOOLS
            + "dynamic = ['dependencies']\n[tool.torch-variant]\ndependencies = ['torch']\n"
            "[tool.setuptools.dynamic]\ndependencies = { file = 'requirements.txt' }\n",
            ["tool.torch-variant.dependencies: tool.setuptools.dynamic.dependencies is set too"],
        ),
        (
            SETUPTOOLS + "[tool.torch-variant]\nbuild-requires = ['torch']\n",
            [
                "tool.torch-variant.build-requires: nothing reads it\nhint: set build-",
            ],
        ),
        (
            SETUPTOOLS.replace("setuptools.build_meta", "pdm.backend")
            + "[tool.torch-variant]\nbuild-requires = ['torch']\n",
            ["tool.torch-variant.build-requires: nothing reads it; PDM lets no plugin add"],
        ),
        (
            SETUPTOOLS.replace("setuptools.build_meta", "my.own")
            + "[tool.torch-variant]\nbuild-requires = ['torch']\n",
            ["tool.torch-variant.build-requires: nothing reads it; this build"],
        ),
    ],
)
def test_faults(faults: Faults, text: str, expected: list[str]) -> None:
    """What no build reads is reported with what to add, by the name of the build backend."""
    pairs = zip(faults(text), expected, strict=True)
    assert [fault[: len(start)] for fault, start in pairs] == expected


def test_build_requires_of_hatch(faults: Faults) -> None:
    """With Hatch it is an option of the build hook."""
    (fault,) = faults("[tool.torch-variant]\nbuild-requires = ['torch']", form="smallest")
    assert fault.endswith("with Hatch it belongs in [tool.hatch.build.hooks.torch-variant]")


def test_build_backend_without_an_integration(read: Read) -> None:
    """If no build can call the plugin, the table is for the command line."""
    config = read(SETUPTOOLS.replace("setuptools.build_meta", "uv_build") + "[tool.torch-variant]")
    assert not config.build_system.is_invoked
    assert not config.build_system.fills_fields


def test_provider_without_a_table(read: Read) -> None:
    """A provider that is named needs no table."""
    assert read(SKBUILD + "dynamic = ['dependencies']\n").build_system.is_invoked
