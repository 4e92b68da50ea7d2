"""Planted tools are not run, and a GPU's name can't control the terminal."""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING

import pytest

from hatch_torch.cli.detect import print_detection
from hatch_torch.hardware.machine import Machine
from hatch_torch.hardware.nvidia import ask_nvidia_smi

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.skipif(os.name != "posix", reason="the tools are shell scripts")

NAME = r"\033]0;evil\007GPU\033[31m\233 \302\233\342\200\256"


def plant(folder: Path, script: str) -> None:
    """Write a fake nvidia-smi into a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    tool = folder / "nvidia-smi"
    tool.write_text(f"#!/bin/sh\n{script}\n")
    tool.chmod(0o755)


def test_not_from_the_project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A tool in the checkout is not run, however PATH names its folder."""
    project, trap = tmp_path / "project", tmp_path / "trapped"
    for folder in (project, project / "bin", tmp_path / "outside"):
        plant(folder, f"touch '{trap}'")
    (project / "pyproject.toml").touch()
    (tmp_path / "link").symlink_to(project)
    planted = ["", ".", "bin", "../project", project, project / "bin", tmp_path / "link" / "bin"]
    path = os.pathsep.join(map(str, planted))
    monkeypatch.chdir(project / "bin")

    ask_nvidia_smi(Machine({"PATH": f"{path}:{os.environ['PATH']}"}))
    assert not trap.exists()

    ask_nvidia_smi(Machine({"PATH": f"{path}:{tmp_path / 'outside'}:{os.environ['PATH']}"}))
    assert trap.exists()


def test_names(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The name of a GPU is shown without escape sequences."""
    plant(tmp_path, f"printf '580.65.06, 9.0, {NAME}, 81559\\n'")
    result = ask_nvidia_smi(Machine({"PATH": f"{tmp_path}:{os.environ['PATH']}"}))
    assert result.facts is not None
    assert result.facts.accelerators[0].name == "GPU\N{REPLACEMENT CHARACTER}"
    print_detection(result.facts)
    output = capsys.readouterr().out
    assert "GPU" in output
    assert re.findall("[\x00-\x09\x0b-\x1f\x7f-\x9f\u202a-\u202e]", output) == []
