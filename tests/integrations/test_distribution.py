"""Who opts in to the door for setuptools, and what it does to a project's own commands."""

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
    """Whoever has no table of ours, or another builder, or a broken file, opts in to nothing."""
    if text is not None:
        (folder / "pyproject.toml").write_text(text, encoding="utf-8")
    assert not opts_in(folder)


def test_only_who_opts_in_has_our_command(folder: Path) -> None:
    """A distribution, however it comes about, is changed in the folder of such a project alone."""
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
    """The commands that a project names in its files stay, and ours is there too."""
    (folder / "pyproject.toml").write_text(PROJECT, encoding="utf-8")
    (folder / "my_app.py").write_text(OWN_COMMAND, encoding="utf-8")
    with (folder / name).open("a", encoding="utf-8") as file:
        file.write(text)
    made = Distribution()
    made.cmdclass.clear()  # other plugins that are installed put theirs there
    made.parse_config_files()
    assert made.get_command_class("build_py").__name__ == "Own"
    assert made.get_command_class("egg_info").__name__ == "TorchVariantEggInfo"


@pytest.mark.parametrize(
    ("door", "call"),
    [("setuptools", "door.finalize(None)"), ("pdm", "callable(door.pdm_build_hook_enabled)")],
)
def test_others_pay_next_to_nothing(folder: Path, door: str, call: str) -> None:
    """Where nobody opts in nothing of ours is imported but the door."""
    code = f"import sys; from hatch_torch.integrations import {door} as door; {call};"
    code += "print(*sys.modules)"
    told = subprocess.run(
        [sys.executable, "-c", code], cwd=folder, capture_output=True, text=True, check=True
    )
    ours = {one for one in told.stdout.split() if one.startswith("hatch_torch")}
    assert ours == {"hatch_torch", "hatch_torch.integrations", f"hatch_torch.integrations.{door}"}
