"""Progress of long tasks."""

from __future__ import annotations

import sys

import pytest

from hatch_torch.cli.render import show_progress


@pytest.mark.parametrize("of_bytes", [True, False])
def test_terminal(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], *, of_bytes: bool
) -> None:
    """On a terminal bars are drawn, for counts and bytes, even without a total."""
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    with show_progress(of_bytes=of_bytes) as update:
        update("pages", 0, 2)
        update("pages", 2, 2)
        update("more", 2, 0)
    assert capsys.readouterr().err


def test_pipe(capsys: pytest.CaptureFixture[str]) -> None:
    """In a pipe, files get a line for each tenth, and other tasks none."""
    with show_progress() as update:
        update("pages", 2, 2)
    assert capsys.readouterr().err == ""
    with show_progress(of_bytes=True) as update:
        for completed in (100, 1000, 1010, 5000):
            update("torch", completed, 5000)
        update("other", 100, 0)
    assert capsys.readouterr().err == "torch: 0 %\ntorch: 20 %\ntorch: 100 %\nother: 0 %\n"


def test_without_rich(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """Without the extra `cli` nothing is drawn, and nothing fails."""
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    monkeypatch.setitem(sys.modules, "rich", None)
    with show_progress() as update:
        update("pages", 2, 2)
    assert capsys.readouterr().err == ""
