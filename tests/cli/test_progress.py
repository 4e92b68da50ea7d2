"""How far a long task is."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from hatch_torch.cli.progress import progress

if TYPE_CHECKING:
    import pytest


def test_a_bar_on_a_terminal(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """On a terminal progress is drawn, of counts or of bytes; a pipe gets nothing."""
    for is_terminal in (True, False):
        monkeypatch.setattr(sys.stderr, "isatty", lambda is_terminal=is_terminal: is_terminal)
        with progress() as tell:
            tell("pages", 0, 2)
            tell("pages", 2, 2)
        with progress(of_bytes=True) as tell:
            tell("torch", 500_000, 1_000_000)
        assert bool(capsys.readouterr().err) == is_terminal


def test_without_rich(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """Without the extra `cli` nothing is drawn, and nothing fails."""
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    monkeypatch.setitem(sys.modules, "rich", None)
    with progress() as tell:
        tell("pages", 2, 2)
    assert capsys.readouterr().err == ""
