"""All the packages of an environment."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from hatch_torch.catalog import target as targets
from hatch_torch.environment.packages import RECORD, needs, packages

if TYPE_CHECKING:
    from pathlib import Path

HERE = targets.of("3.12", "linux_x86_64").environment


def write(folder: Path, name: str, *requires: str, **files: str) -> Path:
    """Install a package by writing its dist-info."""
    info = folder / f"{name}-1.0.dist-info"
    lines = [f"Name: {name}", "Version: 1.0", *(f"Requires-Dist: {one}" for one in requires)]
    for path, text in {"METADATA": "\n".join(lines) + "\n", **files}.items():
        (info / path).parent.mkdir(parents=True, exist_ok=True)
        (info / path).write_text(text, encoding="utf-8")
    return info


def test_packages(tmp_path: Path) -> None:
    """Every package is found by its normalized name; the first folder wins."""
    write(tmp_path / "a", "My_App", "torch>=2", "not a requirement")
    write(tmp_path / "b", "my_app")
    write(tmp_path / "b", "numpy", METADATA="Name: numpy\n")
    (found,) = packages([tmp_path / "a", tmp_path / "b", tmp_path / "missing"])
    assert (found.name, found.version, found.record) == ("my-app", "1.0", None)
    assert [*map(str, found.requires)] == ["torch>=2"]


def test_the_projects_own(tmp_path: Path) -> None:
    """A project is known with its record, and whether it is a link to its source."""
    origin = {"url": "file:///src", "dir_info": {"editable": True}}
    write(tmp_path, "app", **{RECORD: '{"schema": 1}', "direct_url.json": json.dumps(origin)})
    write(tmp_path, "copied", **{RECORD: "[1]", "direct_url.json": '{"dir_info": {}}'})
    write(tmp_path, "broken", **{RECORD: "{", "direct_url.json": "{"})
    broken, copied, own = sorted(packages([tmp_path]), key=lambda one: one.editable)
    assert (own.record, own.editable) == ({"schema": 1}, True)
    assert [(one.record, one.editable) for one in (broken, copied)] == [(None, False)] * 2


def test_needs(tmp_path: Path) -> None:
    """A need counts where its marker holds and no extra is asked for."""
    lines = ("torch>=2", "Torch<3 ; sys_platform == 'win32'", "torch==1 ; extra == 'x'", "numpy")
    write(tmp_path, "app", *lines)
    (need,) = needs(packages([tmp_path]), {"torch"}, HERE)
    assert (need.package.name, need.name, str(need.requirement)) == ("app", "torch", "torch>=2")
