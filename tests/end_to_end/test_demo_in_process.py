"""The demo's own code, run in this process; `test_readme_screens` compares what it prints."""

from __future__ import annotations

import re

import pytest

from hatch_torch.cli.main import main

pytestmark = pytest.mark.end_to_end


def test_installs_on_every_machine(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each machine gets a torch of its own backend from a real `pip install -e .`."""
    monkeypatch.setenv("COLUMNS", "160")
    assert main(["demo"]) == 0
    output = capsys.readouterr().out
    for machine, build in (("gtx-1080-ti", "cu126"), ("rx-7900-xtx", r"rocm\d")):
        assert re.search(rf"{machine}.*torch 2\.\d+\.\d+\+{build}", output), output
