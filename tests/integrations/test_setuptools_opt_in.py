"""Which projects opt in to the setuptools integration, and their own commands."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
from setuptools import Distribution

from hatch_torch.integrations.setuptools import opts_in

if TYPE_CHECKING:
    from pathlib import Path

PROJECT = """
[build-system]
requires = ["setuptools", "hatch-torch"]
build-backend = "setuptools.build_meta"
[project]
name = "my-app"
version = "1.0"
[tool.setuptools]
py-modules = ["my_app"]
[tool.torch-variant]
"""
OWN_COMMAND = """
from setuptools.command.build_py import build_py
class Own(build_py):
    ...
"""


@pytest.mark.parametrize(
    "text",
    [
        None,
        "# torch-variant\n",
        "tool = 'torch-variant'",
        "torch-variant = [",
        "[tool.hatch.build.hooks.torch-variant]\n",
        "[build-system]\nbuild-backend = 'hatchling.build'\n[tool.torch-variant]\n",
        "build-system = 'torch-variant'\n",
    ],
)
def test_others_are_left_alone(folder: Path, text: str | None) -> None:
    """A project without the table, of another build backend, or with a broken file, does not."""
    if text is not None:
        (folder / "pyproject.toml").write_text(text, encoding="utf-8")
    assert not opts_in(folder)


def test_opting_in_replaces_the_command(folder: Path) -> None:
    """Any Distribution gets the command in the folder of a project that opts in."""
    before = Distribution().get_command_class("egg_info")
    (folder / "pyproject.toml").write_text(PROJECT, encoding="utf-8")
    after = Distribution().get_command_class("egg_info")
    assert issubclass(after, before)
    assert after is not before


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("pyproject.toml", '[tool.setuptools.cmdclass]\nbuild_py = "my_app.Own"\n'),
        ("setup.cfg", "[options]\ncmdclass =\n    build_py = my_app.Own\n"),
    ],
)
def test_a_projects_own_commands(folder: Path, name: str, text: str) -> None:
    """The commands that a project names in its files stay."""
    (folder / "pyproject.toml").write_text(PROJECT, encoding="utf-8")
    (folder / "my_app.py").write_text(OWN_COMMAND, encoding="utf-8")
    with (folder / name).open("a", encoding="utf-8") as file:
        file.write(text)
    dist = Distribution()
    dist.cmdclass.clear()  # other plugins that are installed put theirs there
    dist.parse_config_files()
    assert dist.get_command_class("build_py").__name__ == "Own"
    assert dist.get_command_class("egg_info").__name__ == "TorchVariantEggInfo"


@pytest.mark.parametrize(
    ("integration", "call"),
    [
        ("setuptools", "integration.finalize(None)"),
        ("pdm", "callable(integration.pdm_build_hook_enabled)"),
    ],
)
def test_others_import_only_the_integration(folder: Path, integration: str, call: str) -> None:
    """In a build that does not opt in only the integration is imported."""
    code = f"import sys; from hatch_torch.integrations import {integration} as integration; {call};"
    code += "print(*sys.modules)"
    result = subprocess.run(
        [sys.executable, "-c", code], cwd=folder, capture_output=True, text=True, check=True
    )
    imported = {name for name in result.stdout.split() if name.startswith("hatch_torch")}
    assert imported == {
        "hatch_torch",
        "hatch_torch.integrations",
        f"hatch_torch.integrations.{integration}",
    }
