"""The packages of an environment, of any kind."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from hatch_torch.catalog import target as targets
from hatch_torch.environment.packages import RECORD, find_requirements_on, read_installed_packages

if TYPE_CHECKING:
    from pathlib import Path

HERE = targets.foreign_interpreter("3.12", "linux_x86_64").environment


def write(folder: Path, name: str, *requires: str, **files: str) -> Path:
    """Install a package by writing its dist-info."""
    info = folder / f"{name}-1.0.dist-info"
    lines = [f"Name: {name}", "Version: 1.0", *(f"Requires-Dist: {line}" for line in requires)]
    for path, text in {"METADATA": "\n".join(lines) + "\n", **files}.items():
        (info / path).parent.mkdir(parents=True, exist_ok=True)
        (info / path).write_text(text, encoding="utf-8")
    return info


def test_packages(tmp_path: Path) -> None:
    """Packages have normalized names, and the first folder wins."""
    write(tmp_path / "a", "My_App", "torch>=2", "not a requirement")
    write(tmp_path / "b", "my_app")
    write(tmp_path / "b", "numpy", METADATA="Name: numpy\n")
    (package,) = read_installed_packages([tmp_path / "a", tmp_path / "b", tmp_path / "missing"])
    assert (package.name, package.version, package.record) == ("my-app", "1.0", None)
    assert [*map(str, package.requires)] == ["torch>=2"]


def test_record_and_origin(tmp_path: Path) -> None:
    """A project has its record, and whether it is an editable install."""
    origin = {"url": "file:///src", "dir_info": {"editable": True}}
    write(tmp_path, "app", **{RECORD: '{"schema": 1}', "direct_url.json": json.dumps(origin)})
    write(tmp_path, "copied", **{RECORD: "[1]", "direct_url.json": '{"dir_info": {}}'})
    write(tmp_path, "broken", **{RECORD: "{", "direct_url.json": "{"})
    broken, copied, own = sorted(
        read_installed_packages([tmp_path]), key=lambda package: package.editable
    )
    assert (own.record, own.editable) == ({"schema": 1}, True)
    assert [(package.record, package.editable) for package in (broken, copied)] == [
        (None, False)
    ] * 2


def test_requirements_on(tmp_path: Path) -> None:
    """A requirement counts if its marker applies without an extra."""
    lines = ("torch>=2", "Torch<3 ; sys_platform == 'win32'", "torch==1 ; extra == 'x'", "numpy")
    write(tmp_path, "app", *lines)
    (found,) = find_requirements_on(read_installed_packages([tmp_path]), {"torch"}, HERE)
    assert (found.package.name, found.name, str(found.requirement)) == ("app", "torch", "torch>=2")


def test_egg_info_file(tmp_path: Path) -> None:
    """The metadata of distutils, as in Debian's packages, is a single file."""
    text = "Metadata-Version: 1.1\nName: PyYAML\nVersion: 6.0\n"
    (tmp_path / "PyYAML-6.0.egg-info").write_text(text, encoding="utf-8")
    (package,) = read_installed_packages([tmp_path])
    assert (package.name, package.version) == ("pyyaml", "6.0")


def test_leftovers(tmp_path: Path) -> None:
    """A folder that pip renamed before it removed it is no package."""
    write(tmp_path, "~pp")
    assert read_installed_packages([tmp_path]) == ()
