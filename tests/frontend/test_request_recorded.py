"""Processes of real installers, recorded by a build backend that wrote down its ancestors."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from hatch_torch.frontend.process_tree import Process
from hatch_torch.frontend.request import read_build_request

RECORDED = json.loads(Path(__file__).with_name("recorded.json").read_text(encoding="utf-8"))


def _processes(recorded: dict[str, Any], project: Path) -> tuple[Process, ...]:
    def localize(text: str) -> str:
        return text.replace("{project}", str(project)).replace("/home/me", str(project.parent))

    return tuple(
        Process(
            pid=number,
            argv=tuple(map(localize, process["argv"])),
            cwd=localize(process["cwd"]),
            environ={name: localize(value) for name, value in process["environ"].items()},
        )
        for number, process in enumerate(recorded["processes"])
    )


def _folder(recorded: dict[str, Any], project: Path) -> Path:
    """Return the folder that was built: the project, or its unpacked sdist."""
    if recorded["folder"] == "{project}":
        return project
    folder = project.parent / Path(recorded["folder"]).relative_to("/")
    folder.mkdir(parents=True)
    (folder / "PKG-INFO").touch()
    return folder


@pytest.mark.parametrize("recorded", RECORDED, ids=lambda recorded: recorded["situation"])
def test_recorded(recorded: dict[str, Any], tmp_path: Path) -> None:
    """A recorded build is classified as what it was."""
    project = tmp_path / "app"
    project.mkdir()
    processes = _processes(recorded, project)
    folder = _folder(recorded, project)

    actual = read_build_request(folder, processes, processes[0].environ, editable=True)

    expected = (recorded["command"], recorded["purpose"], frozenset(recorded["extras"]))
    assert expected == (actual.command, actual.purpose, actual.extras)
    assert actual.names_project or actual.purpose == "portable"
