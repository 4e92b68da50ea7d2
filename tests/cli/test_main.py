"""The command that holds the others."""

from __future__ import annotations

import runpy
import sys

import pytest

from hatch_torch import __version__
from hatch_torch.cli.main import main


def test_tells_its_version(capsys: pytest.CaptureFixture[str]) -> None:
    """`--version` is one line."""
    with pytest.raises(SystemExit):
        main(["--version"])
    assert capsys.readouterr().out == f"hatch-torch {__version__}\n"


def test_needs_a_command() -> None:
    """Without a command it is bad usage."""
    with pytest.raises(SystemExit) as ended:
        main([])
    assert ended.value.code == 2


def test_runs_as_a_module(monkeypatch: pytest.MonkeyPatch) -> None:
    """`python -m hatch_torch` is the same command."""
    monkeypatch.setattr(sys, "argv", ["hatch-torch", "detect", "--json"])
    with pytest.raises(SystemExit) as ended:
        runpy.run_module("hatch_torch", run_name="__main__")
    assert ended.value.code == 0
