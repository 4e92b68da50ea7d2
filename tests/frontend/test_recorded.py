"""Real installers' processes, recorded by a build backend that wrote down its ancestors."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from hatch_torch.frontend.process_tree import Process
from hatch_torch.frontend.request import read_request

RECORDED = json.loads(Path(__file__).with_name("recorded.json").read_text(encoding="utf-8"))


def _processes(recorded: dict[str, Any], project: Path) -> tuple[Process, ...]:
    def here(text: str) -> str:
        return text.replace("{project}", str(project)).replace("/home/me", str(project.parent))

    return tuple(
        Process(
            pid=number,
            argv=tuple(map(here, one["argv"])),
            cwd=here(one["cwd"]),
            environ={name: here(value) for name, value in one["environ"].items()},
        )
        for number, one in enumerate(recorded["processes"])
    )


def _folder(recorded: dict[str, Any], project: Path) -> Path:
    """Make the folder that was built: the project, or what was unpacked from its sdist."""
    if recorded["folder"] == "{project}":
        return project
    folder = project.parent / Path(recorded["folder"]).relative_to("/")
    folder.mkdir(parents=True)
    (folder / "PKG-INFO").touch()
    return folder


@pytest.mark.parametrize("recorded", RECORDED, ids=lambda recorded: recorded["situation"])
def test_recorded(recorded: dict[str, Any], tmp_path: Path) -> None:
    """A recorded run is read as what it was."""
    project = tmp_path / "app"
    project.mkdir()
    processes = _processes(recorded, project)
    folder = _folder(recorded, project)

    actual = read_request(folder, processes, processes[0].environ, editable=True)

    expected = (recorded["command"], recorded["purpose"], frozenset(recorded["extras"]))
    assert expected == (actual.command, actual.purpose, actual.extras)
    assert actual.named or actual.purpose == "portable"
